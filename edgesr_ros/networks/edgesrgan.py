"""EdgeSRGAN and EdgeSRGAN-tiny generators (arXiv 2209.03355, section 3.1).

SRGAN's generator made for small accelerators: no batch norm, ReLU instead of PReLU, and transposed
convolutions instead of pixel shuffle, because the Edge TPU has no depth-to-space.
"""

import torch
from torch import nn

# (kernel = stride) of the two transposed convolutions for each supported scale.
_UPSAMPLING = {2: (1, 2), 4: (2, 2), 8: (4, 2)}


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with a ReLU between them, and a skip around both."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(features, features, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(features, features, 3, padding=1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x)


class EdgeSRGAN(nn.Module):
    """Super-resolution generator: RGB in 0..255 to RGB in 0..255, `scale` times larger.

    Args:
        blocks: number of residual blocks (8 in EdgeSRGAN, 4 in EdgeSRGAN-tiny).
        features: channels of the trunk (64 and 32).
        scale: enlargement of both sides; 2, 4 or 8.

    Raises:
        ValueError: the scale is none of 2, 4, 8.
    """

    def __init__(self, blocks: int = 8, features: int = 64, scale: int = 4) -> None:
        super().__init__()
        if scale not in _UPSAMPLING:
            raise ValueError(f"scale: expected one of {sorted(_UPSAMPLING)}, got {scale}")
        self.scale = scale
        first, second = _UPSAMPLING[scale]
        self.head = nn.Sequential(nn.Conv2d(3, features, 9, padding=4), nn.ReLU())
        self.blocks = nn.Sequential(*(ResidualBlock(features) for _ in range(blocks)))
        self.trunk = nn.Conv2d(features, features, 3, padding=1)
        self.up = nn.Sequential(
            nn.ConvTranspose2d(features, features, first, stride=first),
            nn.ReLU(),
            nn.ConvTranspose2d(features, 3, second, stride=second),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) float in 0..255 → (N, 3, scale·H, scale·W) float in 0..255."""
        return (self.unit(x / 255.0) + 1.0) * 127.5

    def unit(self, x: torch.Tensor) -> torch.Tensor:
        """What is learned, without the scaling of both ends: RGB in 0..1 → RGB in -1..1."""
        head = self.head(x)
        return torch.tanh(self.up(head + self.trunk(self.blocks(head))))


def edgesrgan(scale: int = 4) -> EdgeSRGAN:
    """EdgeSRGAN: 8 blocks of 64 features; 660,611 parameters at scale 4."""
    return EdgeSRGAN(blocks=8, features=64, scale=scale)


def edgesrgan_tiny(scale: int = 4) -> EdgeSRGAN:
    """EdgeSRGAN-tiny: 4 blocks of 32 features; 95,555 parameters at scale 4."""
    return EdgeSRGAN(blocks=4, features=32, scale=scale)
