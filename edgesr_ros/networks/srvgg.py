"""SRVGGNetCompact, the small network of Real-ESRGAN's releases (arXiv 2107.10833 and its repository)."""

from typing import Annotated

import torch
from msgspec import Meta
from torch import nn
from torch.nn import functional

from edgesr_ros.networks.spec import Network, Spec, check_scale, reach_of

_SCALES = (4,)

Positive = Annotated[int, Meta(ge=1)]


class SRVGGNetSpec(Spec, tag="srvgg"):
    """By default Real-ESRGAN's realesr-animevideov3: 621,424 parameters. Scale 4."""

    convolutions: Positive = 16  # between the first and the last
    features: Positive = 64  # their channels

    def build(self) -> "SRVGGNet":
        return SRVGGNet(self)

    @property
    def reach(self) -> int:
        return reach_of(self.scale, [*[(1, 1)] * (self.convolutions + 1), (1, self.scale)])

    @property
    def landmarks(self) -> tuple[str, ...]:
        return tuple(f"body.{2 * index + 1}" for index in range(self.convolutions + 1))


class SRVGGNet(Network):
    """Super-resolution generator: RGB in 0..255 to RGB around 0..255, four times larger.

    All convolutions run at the small size; what they make is added to the picture, enlarged by repetition.

    Raises:
        InputError: the scale is not 4.
    """

    def __init__(self, spec: SRVGGNetSpec) -> None:
        super().__init__(spec)
        check_scale(spec.scale, _SCALES)
        scale, features = spec.scale, spec.features
        layers: list[nn.Module] = []
        for before in (3, *[features] * spec.convolutions):
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
