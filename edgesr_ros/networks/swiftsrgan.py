"""SwiftSRGAN's generator (arXiv 2111.14320, section 3): SRGAN's with depthwise-separable convolutions."""

import torch
from torch import nn

from edgesr_ros.networks.srgan import SRGAN, SRGANSpec


class SwiftSRGANSpec(SRGANSpec, tag="swiftsrgan"):
    """By default SwiftSRGAN: 200,121 parameters at scale 4, 182,777 at 2."""

    def build(self) -> "SwiftSRGAN":
        return SwiftSRGAN(self)


class SeparableConvolution(nn.Sequential):
    """A convolution of each channel for itself, then a 1x1 convolution across them."""

    def __init__(self, before: int, after: int, kernel: int, padding: int, bias: bool = True) -> None:
        super().__init__(
            nn.Conv2d(before, before, kernel, padding=padding, groups=before, bias=bias),
            nn.Conv2d(before, after, 1, bias=bias),
        )


class SwiftSRGAN(SRGAN):
    """Super-resolution generator: RGB in 0..255 to RGB in 0..255, `scale` times larger.

    Raises:
        InputError: the scale is neither 2 nor 4.
    """

    def __init__(self, spec: SwiftSRGANSpec) -> None:
        super().__init__(spec, SeparableConvolution)

    def unit(self, x: torch.Tensor) -> torch.Tensor:
        """What is learned, without the scaling of both ends: RGB in 0..1 → RGB in -1..1."""
        return torch.tanh(super().unit(x))
