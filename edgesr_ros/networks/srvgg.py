"""SRVGGNetCompact, the small network of Real-ESRGAN's releases (arXiv 2107.10833 and its repository)."""

import torch
from torch import nn
from torch.nn import functional

_SCALE = 4


class SRVGGNet(nn.Module):
    """Super-resolution generator: RGB in 0..255 to RGB around 0..255, four times larger.

    All convolutions run at the small size; what they make is added to the picture, enlarged by repetition.

    Args:
        convolutions: number of convolutions between the first and the last.
        features: their channels.
        scale: enlargement of both sides; 4.

    Raises:
        ValueError: the scale is not 4.
    """

    def __init__(self, convolutions: int = 16, features: int = 64, scale: int = _SCALE) -> None:
        super().__init__()
        if scale != _SCALE:
            raise ValueError(f"scale: expected {_SCALE}, got {scale}")
        self.scale = scale
        layers: list[nn.Module] = []
        for before in (3, *[features] * convolutions):
            layers += [nn.Conv2d(before, features, 3, padding=1), nn.PReLU(features)]
        self.body = nn.Sequential(
            *layers, nn.Conv2d(features, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) float in 0..255 → (N, 3, 4·H, 4·W) float around 0..255."""
        return self.unit(x / 255.0) * 255.0

    def unit(self, x: torch.Tensor) -> torch.Tensor:
        """What is learned, without the scaling of both ends: RGB in 0..1 → RGB around 0..1."""
        enlarged: torch.Tensor = self.body(x) + functional.interpolate(x, scale_factor=self.scale)
        return enlarged


def animevideov3(scale: int = 4) -> SRVGGNet:
    """Real-ESRGAN's realesr-animevideov3: 16 convolutions of 64 features; 621,424 parameters."""
    return SRVGGNet(convolutions=16, features=64, scale=scale)
