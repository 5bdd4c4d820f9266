"""SRGAN's generator, SRResNet (arXiv 1609.04802, section 2.1 and figure 4)."""

from collections.abc import Callable

import torch
from torch import nn

# Pixel shuffles, each of which doubles both sides, for each supported scale.
_DOUBLINGS = {2: 1, 4: 2}

Convolution = Callable[..., nn.Module]  # takes what nn.Conv2d takes


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with batch norm, a PReLU between them, and a skip around all."""

    def __init__(self, features: int, convolution: Convolution) -> None:
        super().__init__()
        # A bias would be taken off again by the batch norm.
        self.body = nn.Sequential(
            convolution(features, features, 3, padding=1, bias=False),
            nn.BatchNorm2d(features),
            nn.PReLU(features),
            convolution(features, features, 3, padding=1, bias=False),
            nn.BatchNorm2d(features),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x)


class SRGAN(nn.Module):
    """Super-resolution generator: RGB in 0..255 to RGB around 0..255, `scale` times larger.

    Args:
        blocks: number of residual blocks.
        features: channels of the trunk.
        scale: enlargement of both sides; 2 or 4.
        convolution: what makes each convolution.

    Raises:
        ValueError: the scale is neither 2 nor 4.
    """

    def __init__(
        self, blocks: int = 16, features: int = 64, scale: int = 4, convolution: Convolution = nn.Conv2d
    ) -> None:
        super().__init__()
        if scale not in _DOUBLINGS:
            raise ValueError(f"scale: expected one of {sorted(_DOUBLINGS)}, got {scale}")
        self.scale = scale
        self.head = nn.Sequential(convolution(3, features, 9, padding=4), nn.PReLU(features))
        self.blocks = nn.Sequential(*(ResidualBlock(features, convolution) for _ in range(blocks)))
        self.trunk = nn.Sequential(
            convolution(features, features, 3, padding=1, bias=False), nn.BatchNorm2d(features)
        )
        doublings: list[nn.Module] = []
        for _ in range(_DOUBLINGS[scale]):
            doublings += [
                convolution(features, 4 * features, 3, padding=1),
                nn.PixelShuffle(2),
                nn.PReLU(features),
            ]
        self.up = nn.Sequential(*doublings, convolution(features, 3, 9, padding=4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) float in 0..255 → (N, 3, scale·H, scale·W) float around 0..255."""
        return (self.unit(x / 255.0) + 1.0) * 127.5

    def unit(self, x: torch.Tensor) -> torch.Tensor:
        """What is learned, without the scaling of both ends: RGB in 0..1 → RGB around -1..1."""
        head = self.head(x)
        enlarged: torch.Tensor = self.up(head + self.trunk(self.blocks(head)))
        return enlarged


def srgan(scale: int = 4) -> SRGAN:
    """SRGAN: 16 blocks of 64 features; 1,548,547 parameters at scale 4."""
    return SRGAN(blocks=16, features=64, scale=scale)
