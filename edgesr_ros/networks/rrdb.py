"""ESRGAN's generator, RRDBNet (arXiv 1809.00219, section 3.1)."""

from typing import Annotated

import torch
from msgspec import Meta
from torch import nn
from torch.nn import functional

from edgesr_ros.networks.spec import Network, Spec, check_scale, reach_of

_SCALES = (4,)
_SLOPE = 0.2  # of the leaky ReLUs
_RESIDUAL = 0.2  # what a block adds, in parts of itself: keeps a deep network stable
_DENSE_LAYERS = 5
_DENSE_BLOCKS = 3

Positive = Annotated[int, Meta(ge=1)]


class RRDBNetSpec(Spec, tag="rrdb"):
    """By default ESRGAN: 16,697,987 parameters. Scale 4."""

    blocks: Positive = 23  # residual-in-residual
    features: Positive = 64  # channels of the trunk
    growth: Positive = 32  # channels that each convolution of a dense block adds

    def build(self) -> "RRDBNet":
        return RRDBNet(self)

    @property
    def reach(self) -> int:
        trunk = 2 + self.blocks * _DENSE_BLOCKS * _DENSE_LAYERS  # with the first one and the last
        return reach_of(self.scale, [*[(1, 1)] * trunk, (1, 2), (1, 2), (1, 1), (1, 1)])

    @property
    def landmarks(self) -> tuple[str, ...]:
        return tuple(f"blocks.{index}" for index in range(self.blocks))


def _convolution(before: int, after: int) -> nn.Conv2d:
    return nn.Conv2d(before, after, 3, padding=1)


class DenseBlock(nn.Module):
    """Five convolutions, each of which sees the outputs of all before it, and a skip around them."""

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        widths = [growth] * (_DENSE_LAYERS - 1) + [features]
        self.layers = nn.ModuleList(
            _convolution(features + index * growth, width) for index, width in enumerate(widths)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen = x
        for layer in self.layers[:-1]:
            seen = torch.cat((seen, functional.leaky_relu(layer(seen), _SLOPE)), dim=1)
        return x + _RESIDUAL * self.layers[-1](seen)


class ResidualInResidual(nn.Module):
    """Three dense blocks, and a skip around them."""

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.body = nn.Sequential(*(DenseBlock(features, growth) for _ in range(_DENSE_BLOCKS)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + _RESIDUAL * self.body(x)


class RRDBNet(Network):
    """Super-resolution generator: RGB in 0..255 to RGB around 0..255, four times larger.

    Raises:
        InputError: the scale is not 4.
    """

    def __init__(self, spec: RRDBNetSpec) -> None:
        super().__init__(spec)
        check_scale(spec.scale, _SCALES)
        features, growth = spec.features, spec.growth
        self.head = _convolution(3, features)
        self.blocks = nn.Sequential(*(ResidualInResidual(features, growth) for _ in range(spec.blocks)))
        self.trunk = _convolution(features, features)
        self.up = nn.Sequential(
            nn.Upsample(scale_factor=2),  # nearest
            _convolution(features, features),
            nn.LeakyReLU(_SLOPE),
            nn.Upsample(scale_factor=2),
            _convolution(features, features),
            nn.LeakyReLU(_SLOPE),
            _convolution(features, features),
            nn.LeakyReLU(_SLOPE),
            _convolution(features, 3),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) float in 0..255 → (N, 3, 4·H, 4·W) float around 0..255."""
        return self.unit(x / 255.0) * 255.0

    def unit(self, x: torch.Tensor) -> torch.Tensor:
        """What is learned, without the scaling of both ends: RGB in 0..1 → RGB around 0..1."""
        head = self.head(x)
        enlarged: torch.Tensor = self.up(head + self.trunk(self.blocks(head)))
        return enlarged
