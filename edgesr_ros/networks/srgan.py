"""SRGAN's generator, SRResNet (arXiv 1609.04802, section 2.1 and figure 4)."""

from collections.abc import Callable
from typing import Annotated

import torch
from msgspec import UNSET, Meta, UnsetType
from torch import nn

from edgesr_ros.errors import InputError
from edgesr_ros.networks.fold import Ends, Folded, FoldedEnds
from edgesr_ros.networks.spec import Network, Spec, channels_of, check_scale, reach_of, with_channels

# Pixel shuffles, each of which doubles both sides, for each supported scale.
_DOUBLINGS = {2: 1, 4: 2}

Positive = Annotated[int, Meta(ge=1)]
Convolution = Callable[..., nn.Module]  # takes what nn.Conv2d takes


class SRGANSpec(Spec, tag="srgan"):
    """By default SRGAN's generator: 1,548,547 parameters at scale 4. Scales: 2 and 4."""

    blocks: Positive = 16
    features: Positive = 64  # channels of the trunk
    # Inner channels of each block, and those behind each doubling; unset: as the trunk's. Then files and
    # records of finished steps say nothing of it, as those of older versions.
    widths: tuple[Positive, ...] | UnsetType = UNSET
    up_features: Positive | UnsetType = UNSET

    def build(self) -> "SRGAN":
        return SRGAN(self)

    @property
    def reach(self) -> int:
        doublings = [(1, 2)] * (self.scale.bit_length() - 1)
        return reach_of(self.scale, [(4, 1), *[(1, 1)] * (2 * self.blocks + 1), *doublings, (4, 1)])

    @property
    def landmarks(self) -> tuple[str, ...]:
        return tuple(f"blocks.{index}" for index in range(self.blocks))


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with batch norm, a PReLU between them, and a skip around all."""

    def __init__(self, features: int, width: int, convolution: Convolution) -> None:
        super().__init__()
        # A bias would be taken off again by the batch norm.
        self.body = nn.Sequential(
            convolution(features, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.PReLU(width),
            convolution(width, features, 3, padding=1, bias=False),
            nn.BatchNorm2d(features),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x)


class SRGAN(Network):
    """Super-resolution generator: RGB in 0..255 to RGB around 0..255, `scale` times larger.

    Args:
        spec: what it is.
        convolution: what makes each convolution.
        end: what comes after the last one.

    Raises:
        InputError: the scale is neither 2 nor 4, or the widths are not one for each block.
    """

    spec: SRGANSpec

    def __init__(
        self, spec: SRGANSpec, convolution: Convolution = nn.Conv2d, end: type[nn.Module] = nn.Identity
    ) -> None:
        super().__init__(spec)
        check_scale(spec.scale, _DOUBLINGS)
        features, up = spec.features, spec.up_features or spec.features
        widths = spec.widths or (features,) * spec.blocks
        if len(widths) != spec.blocks:
            raise InputError(f"widths: expected one for each of {spec.blocks} blocks, got {len(widths)}")
        self.head = nn.Sequential(convolution(3, features, 9, padding=4), nn.PReLU(features))
        self.blocks = nn.Sequential(*(ResidualBlock(features, width, convolution) for width in widths))
        self.trunk = nn.Sequential(
            convolution(features, features, 3, padding=1, bias=False), nn.BatchNorm2d(features)
        )
        doublings: list[nn.Module] = []
        for before in (features, up)[: _DOUBLINGS[spec.scale]]:
            doublings += [convolution(before, 4 * up, 3, padding=1), nn.PixelShuffle(2), nn.PReLU(up)]
        self.up = nn.Sequential(*doublings, convolution(up, 3, 9, padding=4))
        self.end = end()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) float in 0..255 → (N, 3, scale·H, scale·W) float around 0..255."""
        return (self.unit(x / 255.0) + 1.0) * 127.5

    def unit(self, x: torch.Tensor) -> torch.Tensor:
        """What is learned, without the scaling of both ends: RGB in 0..1 → RGB around -1..1."""
        head = self.head(x)
        enlarged: torch.Tensor = self.end(self.up(head + self.trunk(self.blocks(head))))
        return enlarged

    def described(self) -> SRGANSpec:
        features, up = channels_of(self.trunk), channels_of(self.up[0]) // 4
        widths = tuple(channels_of(block.body[0]) for block in self.blocks)
        return with_channels(self.spec, features, widths, up)

    def fold(self) -> Folded:
        return FoldedEnds(self, self.scale, Ends(result_gain=0.5, result_offset=0.5))
