"""SwiftSRGAN's generator (arXiv 2111.14320, section 3): SRGAN's with depthwise-separable convolutions."""

from torch import nn

from edgesr_ros.networks.separable import SeparableConvolution
from edgesr_ros.networks.srgan import SRGAN, SRGANSpec


class SwiftSRGANSpec(SRGANSpec, tag="swiftsrgan"):
    """By default SwiftSRGAN: 200,121 parameters at scale 4, 182,777 at 2."""

    def build(self) -> "SwiftSRGAN":
        return SwiftSRGAN(self)


class SwiftSRGAN(SRGAN):
    """Super-resolution generator: RGB in 0..255 to RGB in 0..255, `scale` times larger.

    Raises:
        InputError: the scale is neither 2 nor 4.
    """

    def __init__(self, spec: SwiftSRGANSpec) -> None:
        super().__init__(spec, SeparableConvolution, nn.Tanh)
