"""SwiftSRGAN's generator (arXiv 2111.14320, section 3): SRGAN's with depthwise-separable convolutions."""

import torch
from torch import nn

from edgesr_ros.networks.srgan import SRGAN


class SeparableConvolution(nn.Sequential):
    """A convolution of each channel for itself, then a 1x1 convolution across them."""

    def __init__(self, before: int, after: int, kernel: int, padding: int, bias: bool = True) -> None:
        super().__init__(
            nn.Conv2d(before, before, kernel, padding=padding, groups=before, bias=bias),
            nn.Conv2d(before, after, 1, bias=bias),
        )


class SwiftSRGAN(SRGAN):
    """Super-resolution generator: RGB in 0..255 to RGB in 0..255, `scale` times larger.

    Args:
        blocks: number of residual blocks.
        features: channels of the trunk.
        scale: enlargement of both sides; 2 or 4.

    Raises:
        ValueError: the scale is neither 2 nor 4.
    """

    def __init__(self, blocks: int = 16, features: int = 64, scale: int = 4) -> None:
        super().__init__(blocks, features, scale, SeparableConvolution)

    def unit(self, x: torch.Tensor) -> torch.Tensor:
        """What is learned, without the scaling of both ends: RGB in 0..1 → RGB in -1..1."""
        return torch.tanh(super().unit(x))


def swiftsrgan(scale: int = 4) -> SwiftSRGAN:
    """SwiftSRGAN: 16 blocks of 64 features; 200,121 parameters at scale 4."""
    return SwiftSRGAN(blocks=16, features=64, scale=scale)
