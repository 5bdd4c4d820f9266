"""TPSR's generator, as found by architecture search (arXiv 2007.04356, section 4)."""

from typing import Annotated

import torch
from msgspec import Meta
from torch import nn

from edgesr_ros.networks.fold import Ends, Folded, FoldedEnds
from edgesr_ros.networks.spec import DIV2K_MEAN, Network, Spec, check_scale, reach_of

_DOUBLINGS = {2: 1, 4: 2}  # pixel shuffles, each of which doubles both sides, for each supported scale

Positive = Annotated[int, Meta(ge=1)]


class TPSRSpec(Spec, tag="tpsr"):
    """By default TPSR: 61,097 parameters at scale 4, which it was searched for, 60,761 at scale 2.

    Scales: 2 and 4.
    """

    features: Positive = 16  # channels of the cell

    def build(self) -> "TPSR":
        return TPSR(self)

    @property
    def reach(self) -> int:
        longest = [1, 2, 3, 3, 1, 2, 1]  # head, stem and main: radius of each convolution
        doublings = [(1, 2)] * _DOUBLINGS.get(self.scale, 0)
        return reach_of(self.scale, [*[(radius, 1) for radius in longest], *doublings])

    @property
    def landmarks(self) -> tuple[str, ...]:
        return ("stem.0", "stem.1", "stem.2", "merged")


def _convolution(features: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(features, features, kernel, padding=kernel // 2), nn.PReLU())


def _separable(features: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(features, features, kernel, padding=kernel // 2, groups=features, bias=False),
        nn.PReLU(),
        nn.Conv2d(features, features, 1),
        nn.PReLU(),
    )


def _doubling(features: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(features, 4 * 3, 3, padding=1), nn.PixelShuffle(2))


class TPSR(Network):
    """Super-resolution generator: RGB in 0..255 to RGB around 0..255, `scale` times larger.

    Raises:
        InputError: the scale is neither 2 nor 4.
    """

    mean: torch.Tensor

    def __init__(self, spec: TPSRSpec) -> None:
        super().__init__(spec)
        check_scale(spec.scale, _DOUBLINGS)
        features = spec.features
        self.register_buffer("mean", 255 * torch.tensor(DIV2K_MEAN).view(1, 3, 1, 1), persistent=False)
        self.head = nn.Conv2d(3, features, 3, padding=1)
        self.stem = nn.Sequential(
            _separable(features, 5), _convolution(features, 7), _convolution(features, 7)
        )
        self.main = nn.Sequential(
            _convolution(features, 3), _convolution(features, 5), _separable(features, 3)
        )
        self.side = nn.Sequential(
            _convolution(features, 3), _convolution(features, 5), _convolution(features, 3)
        )
        self.skip = _convolution(features, 7)
        self.merged = nn.PReLU()
        self.up = nn.Sequential(*[_doubling(features), _doubling(3)][: _DOUBLINGS[spec.scale]])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) float in 0..255 → (N, 3, scale·H, scale·W) float around 0..255."""
        return self.unit(x - self.mean) + self.mean

    def unit(self, x: torch.Tensor) -> torch.Tensor:
        """What is learned: RGB in 0..255 less its mean colour → the same, `scale` times larger."""
        head = self.head(x)
        stem = self.stem(head)
        enlarged: torch.Tensor = self.up(self.merged(self.skip(head) + self.side(stem) + self.main(stem)))
        return enlarged

    def fold(self) -> Folded:
        return FoldedEnds(self, self.scale, Ends(DIV2K_MEAN, gain=255.0, result_gain=1 / 255))
