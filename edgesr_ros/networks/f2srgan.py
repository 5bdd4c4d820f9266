"""F2SRGAN's generator (IEEE Access 11, 2023, p. 29062) and its student (Electronics 12, 2023, 2544).

SRGAN's without batch norm, of separable convolutions, every second block with a fast Fourier convolution,
which sees the whole picture. The student has half of the blocks and no Fourier convolutions.
"""

from typing import Annotated

import torch
from msgspec import UNSET, Meta, UnsetType
from torch import nn

from edgesr_ros.errors import InputError
from edgesr_ros.networks.fold import Ends, Folded, FoldedEnds
from edgesr_ros.networks.fourier import FastFourierConvolution, half, hilbert_matrix
from edgesr_ros.networks.separable import SeparableConvolution
from edgesr_ros.networks.spec import (
    DIV2K_MEAN,
    Network,
    Spec,
    channels_of,
    check_scale,
    reach_of,
    with_channels,
)

# Pixel shuffles, each of which doubles both sides, for each supported scale.
_DOUBLINGS = {2: 1, 4: 2}
_RESIDUAL = 0.1  # what a block adds, in parts of itself: keeps a deep network stable without batch norm

Positive = Annotated[int, Meta(ge=1)]


class F2SRGANSpec(Spec, tag="f2srgan"):
    """By default F2SRGAN: 202,209 parameters at scale 4, 184,865 at 2. Scales: 2 and 4.

    Its student has 8 blocks without Fourier convolutions: 113,121. The one that its authors published has 4,
    which run as `order` (0, 1, 2, 3, 2, 3, 2, 3) says.
    """

    blocks: Positive = 16  # that have weights
    features: Positive = 64  # channels of the trunk
    fourier: bool = True  # in every second block, from the first
    order: tuple[Annotated[int, Meta(ge=0)], ...] | None = None  # in which blocks run; null: once each
    widths: tuple[Positive, ...] | None = None  # inner channels of each block; null: as the trunk's
    # Behind each doubling; unset: as the trunk's. Then files and records of finished steps say nothing of it,
    # as those of older versions.
    up_features: Positive | UnsetType = UNSET

    def build(self) -> "F2SRGAN":
        return F2SRGAN(self)

    @property
    def run(self) -> tuple[int, ...]:
        """The numbers of the blocks in the order in which they run."""
        return self.order or tuple(range(self.blocks))

    @property
    def reach(self) -> int:
        """Of the convolutions. What Fourier units see is the whole picture, be it a tile."""
        blocks = [(1, 1)] * (2 * len(self.run))
        return reach_of(self.scale, [(1, 1), *blocks, *[(1, 2)] * _DOUBLINGS.get(self.scale, 0), (1, 1)])

    @property
    def landmarks(self) -> tuple[str, ...]:
        return tuple(f"blocks.{index}" for index in dict.fromkeys(self.run))


class ResidualBlock(nn.Module):
    """Two convolutions, the first of which may be a Fourier one, and a skip around both."""

    def __init__(self, features: int, width: int, fourier: bool) -> None:
        super().__init__()
        first = FastFourierConvolution(features) if fourier else SeparableConvolution(features, width, 3, 1)
        self.fourier = fourier
        self.body = nn.Sequential(first, nn.PReLU(width), SeparableConvolution(width, features, 3, 1))

    def forward(self, x: torch.Tensor, hilberts: tuple[torch.Tensor, ...] = ()) -> torch.Tensor:
        """(N, C, H, W), and for a Fourier convolution the matrices that it needs → (N, C, H, W)."""
        first, activation, second = self.body
        inner = first(x, *hilberts) if self.fourier else first(x)
        return x + _RESIDUAL * second(activation(inner))


class F2SRGAN(Network):
    """Super-resolution generator: RGB in 0..255 to RGB around 0..255, `scale` times larger.

    Raises:
        InputError: the scale is neither 2 nor 4, the widths are not one for each block or Fourier
            convolutions would have others than the trunk, or the order names a block that is none.
    """

    mean: torch.Tensor
    spec: F2SRGANSpec

    def __init__(self, spec: F2SRGANSpec) -> None:
        super().__init__(spec)
        check_scale(spec.scale, _DOUBLINGS)
        features, widths = spec.features, spec.widths or (spec.features,) * spec.blocks
        if len(widths) != spec.blocks:
            raise InputError(f"widths: expected one for each of {spec.blocks} blocks, got {len(widths)}")
        if spec.fourier and any(width != features for width in widths[::2]):
            raise InputError(f"widths: Fourier convolutions have {features} channels, got {widths}")
        if spec.fourier and features % 16:
            raise InputError(f"features: Fourier convolutions need a multiple of 16, got {features}")
        if wrong := [number for number in spec.run if number >= spec.blocks]:
            raise InputError(f"order: expected numbers below {spec.blocks}, got {wrong[0]}")
        self.register_buffer("mean", 255 * torch.tensor(DIV2K_MEAN).view(1, 3, 1, 1), persistent=False)
        self.head = SeparableConvolution(3, features, 3, 1)
        self.blocks = nn.ModuleList(
            ResidualBlock(features, width, spec.fourier and index % 2 == 0)
            for index, width in enumerate(widths)
        )
        doublings: list[nn.Module] = []
        up = spec.up_features or features
        for before in (features, up)[: _DOUBLINGS[spec.scale]]:
            doublings += [SeparableConvolution(before, 4 * up, 3, 1), nn.PixelShuffle(2), nn.PReLU(up)]
        self.up = nn.Sequential(*doublings, SeparableConvolution(up, 3, 3, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) float in 0..255 → (N, 3, scale·H, scale·W) float around 0..255."""
        return self.unit(x - self.mean) + self.mean

    def unit(self, x: torch.Tensor) -> torch.Tensor:
        """What is learned: RGB in 0..255 less its mean colour → the same, `scale` times larger."""
        head = self.head(x)
        hilberts: tuple[torch.Tensor, ...] = ()
        if self.spec.fourier:  # once for all blocks
            width = x.shape[3]
            hilberts = hilbert_matrix(width, head), hilbert_matrix(half(width), head)
        trunk = head
        for number in self.spec.run:
            trunk = self.blocks[number](trunk, hilberts)
        enlarged: torch.Tensor = self.up(head + trunk)
        return enlarged

    def described(self) -> F2SRGANSpec:
        features, up = channels_of(self.head), channels_of(self.up[0]) // 4
        widths = tuple(block.body[1].weight.numel() for block in self.blocks)
        return with_channels(self.spec, features, widths, up)

    def fold(self) -> Folded:
        return FoldedEnds(self, self.scale, Ends(DIV2K_MEAN, gain=255.0, result_gain=1 / 255))
