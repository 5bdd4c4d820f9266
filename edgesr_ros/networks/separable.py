"""The convolution of the small networks: in space and across channels one after the other."""

from torch import nn


class SeparableConvolution(nn.Sequential):
    """A convolution of each channel for itself, then a 1x1 convolution across them."""

    def __init__(self, before: int, after: int, kernel: int, padding: int, bias: bool = True) -> None:
        super().__init__(
            nn.Conv2d(before, before, kernel, padding=padding, groups=before, bias=bias),
            nn.Conv2d(before, after, 1, bias=bias),
        )
