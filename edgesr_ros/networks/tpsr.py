"""TPSR's generator, as found by architecture search (arXiv 2007.04356, section 4)."""

from typing import Annotated

import torch
from msgspec import UNSET, Meta, UnsetType
from torch import nn

from edgesr_ros.networks.cell import HEAD, PUBLISHED, Cell, Node
from edgesr_ros.networks.fold import Ends, Folded, FoldedEnds
from edgesr_ros.networks.spec import DIV2K_MEAN, Network, Spec, check_scale, reach_of

_DOUBLINGS = {2: 1, 4: 2}  # pixel shuffles, each of which doubles both sides, for each supported scale

Positive = Annotated[int, Meta(ge=1)]


class TPSRSpec(Spec, tag="tpsr"):
    """By default TPSR: 61,097 parameters at scale 4, which it was searched for, 60,761 at scale 2.

    Scales: 2 and 4.
    """

    features: Positive = 16  # channels of the cell
    # Another cell than the published one: text as `networks.cell` reads it. Where there is none, files and
    # records of finished steps say nothing of it, as those of older versions.
    cell: str | UnsetType = UNSET

    def build(self) -> Network:
        return TPSR(self) if self.cell is UNSET else CellTPSR(self)

    @property
    def reach(self) -> int:
        cell = Cell.of_text(PUBLISHED if self.cell is UNSET else self.cell)
        doublings = [(1, 2)] * _DOUBLINGS.get(self.scale, 0)
        return reach_of(self.scale, [(1, 1), (cell.reach, 1), *doublings])

    @property
    def landmarks(self) -> tuple[str, ...]:
        if self.cell is UNSET:
            return ("stem.0", "stem.1", "stem.2", "merged")
        return (*(f"nodes.{number}" for number in range(len(Cell.of_text(self.cell).nodes))), "merged")


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


class _TPSR(Network):
    """What all cells have around them.

    Super-resolution generator: RGB in 0..255 to RGB around 0..255, `scale` times larger.

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
        self.make_cell(features)
        self.merged = nn.PReLU()
        self.up = nn.Sequential(*[_doubling(features), _doubling(3)][: _DOUBLINGS[spec.scale]])

    def make_cell(self, features: int) -> None:
        """Make the layers of the cell."""
        raise NotImplementedError

    def cell(self, head: torch.Tensor) -> torch.Tensor:
        """What of (N, features, H, W) becomes the sum that is enlarged."""
        raise NotImplementedError

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) float in 0..255 → (N, 3, scale·H, scale·W) float around 0..255."""
        return self.unit(x - self.mean) + self.mean

    def unit(self, x: torch.Tensor) -> torch.Tensor:
        """What is learned: RGB in 0..255 less its mean colour → the same, `scale` times larger."""
        enlarged: torch.Tensor = self.up(self.merged(self.cell(self.head(x))))
        return enlarged

    def fold(self) -> Folded:
        return FoldedEnds(self, self.scale, Ends(DIV2K_MEAN, gain=255.0, result_gain=1 / 255))


class TPSR(_TPSR):
    """With the published cell."""

    def make_cell(self, features: int) -> None:
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

    def cell(self, head: torch.Tensor) -> torch.Tensor:
        stem = self.stem(head)
        merged: torch.Tensor = self.skip(head) + self.side(stem) + self.main(stem)
        return merged


class CellTPSR(_TPSR):
    """With any cell of the search space.

    Raises:
        InputError: the spec's cell is none, or as `_TPSR`.
    """

    def make_cell(self, features: int) -> None:
        self._cell = Cell.of_text(self.spec.cell)  # type: ignore[attr-defined]  # a TPSRSpec
        self.nodes = nn.ModuleList(_node(node, features) for node in self._cell.nodes)

    def cell(self, head: torch.Tensor) -> torch.Tensor:
        outputs: list[torch.Tensor] = []
        for node, layers in zip(self._cell.nodes, self.nodes, strict=True):
            outputs.append(layers(head if node.source == HEAD else outputs[node.source]))
        last, *others = [outputs[number] for number in reversed(self._cell.unread)]
        for output in others:  # the last first, as TPSR adds its own: sums are the same to the last bit
            last = last + output
        return last


def _node(node: Node, features: int) -> nn.Module:
    return (_separable if node.separable else _convolution)(features, node.kernel)
