"""TPSR's generator, as found by architecture search (arXiv 2007.04356, section 4)."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Annotated

import torch
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import replace
from torch import nn

from edgesr_ros.errors import InputError
from edgesr_ros.networks.cell import HEAD, PUBLISHED, Cell
from edgesr_ros.networks.fold import Ends, Folded, FoldedEnds
from edgesr_ros.networks.spec import DIV2K_MEAN, Network, Spec, channels_of, check_scale, reach_of

_DOUBLINGS = {2: 1, 4: 2}  # pixel shuffles, each of which doubles both sides, for each supported scale

# The published cell's nodes by their numbers: three branches, and one from the head past all of them.
_STEM, _MAIN, _SIDE, _SKIP = (0, 1, 2), (4, 5, 6), (3, 7, 8), 9

Positive = Annotated[int, Meta(ge=1)]


class TPSRSpec(Spec, tag="tpsr"):
    """By default TPSR: 61,097 parameters at scale 4, which it was searched for, 60,761 at scale 2.

    Scales: 2 and 4.
    """

    features: Positive = 16  # channels of the cell
    # Another cell than the published one: text as `networks.cell` reads it. Where there is none, files and
    # records of finished steps say nothing of it, as those of older versions.
    cell: str | UnsetType = UNSET
    # Channels of the head, then of each node, of which those that no other reads have as many as the cell;
    # unset: all as the cell.
    widths: tuple[Positive, ...] | UnsetType = UNSET

    @property
    def nodes(self) -> Cell:
        """The cell, read.

        Raises:
            InputError: the text is no cell.
        """
        return Cell.of_text(PUBLISHED if self.cell is UNSET else self.cell)

    def build(self) -> Network:
        return TPSR(self) if self.cell is UNSET else CellTPSR(self)

    @property
    def reach(self) -> int:
        doublings = [(1, 2)] * _DOUBLINGS.get(self.scale, 0)
        return reach_of(self.scale, [(1, 1), (self.nodes.reach, 1), *doublings])

    @property
    def landmarks(self) -> tuple[str, ...]:
        if self.cell is UNSET:
            return ("stem.0", "stem.1", "stem.2", "merged")
        return (*(f"nodes.{number}" for number in range(len(self.nodes.nodes))), "merged")


def _convolution(before: int, after: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, kernel, padding=kernel // 2), nn.PReLU())


def _separable(before: int, after: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, before, kernel, padding=kernel // 2, groups=before, bias=False),
        nn.PReLU(),
        nn.Conv2d(before, after, 1),
        nn.PReLU(),
    )


def _doubling(features: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(features, 4 * 3, 3, padding=1), nn.PixelShuffle(2))


class _TPSR(Network, ABC):
    """What all cells have around them.

    Super-resolution generator: RGB in 0..255 to RGB around 0..255, `scale` times larger.

    Raises:
        InputError: the scale is neither 2 nor 4, the cell is none, or the widths are not such a cell's.
    """

    mean: torch.Tensor
    spec: TPSRSpec

    def __init__(self, spec: TPSRSpec) -> None:
        super().__init__(spec)
        check_scale(spec.scale, _DOUBLINGS)
        features = spec.features
        self.register_buffer("mean", 255 * torch.tensor(DIV2K_MEAN).view(1, 3, 1, 1), persistent=False)
        cell = spec.nodes
        widths = spec.widths or (features,) * (1 + len(cell.nodes))
        if len(widths) != 1 + len(cell.nodes) or {widths[1 + number] for number in cell.unread} != {features}:
            raise InputError(
                f"widths: expected {1 + len(cell.nodes)}, of the head and each node, and {features} of "
                f"those nodes that no other reads, got {widths}"
            )
        self.head = nn.Conv2d(3, widths[0], 3, padding=1)
        self.make_cell(cell, widths)
        self.merged = nn.PReLU()
        self.up = nn.Sequential(*[_doubling(features), _doubling(3)][: _DOUBLINGS[spec.scale]])

    @abstractmethod
    def make_cell(self, cell: Cell, widths: Sequence[int]) -> None:
        """Make the layers of the cell; `widths` are the channels of the head and of each node."""

    @property
    @abstractmethod
    def in_order(self) -> list[nn.Module]:
        """The layers of the cell's nodes, in the order of their numbers."""

    @abstractmethod
    def cell(self, head: torch.Tensor) -> torch.Tensor:
        """What of (N, features, H, W) becomes the sum that is enlarged."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) float in 0..255 → (N, 3, scale·H, scale·W) float around 0..255."""
        return self.unit(x - self.mean) + self.mean

    def unit(self, x: torch.Tensor) -> torch.Tensor:
        """What is learned: RGB in 0..255 less its mean colour → the same, `scale` times larger."""
        enlarged: torch.Tensor = self.up(self.merged(self.cell(self.head(x))))
        return enlarged

    def described(self) -> TPSRSpec:
        features = channels_of(self.head), *(channels_of(layers) for layers in self.in_order)
        cell = features[1 + self.spec.nodes.unread[0]]
        return replace(self.spec, features=cell, widths=features if set(features) != {cell} else UNSET)

    def fold(self) -> Folded:
        return FoldedEnds(self, self.scale, Ends(DIV2K_MEAN, gain=255.0, result_gain=1 / 255))


class TPSR(_TPSR):
    """With the published cell."""

    def make_cell(self, cell: Cell, widths: Sequence[int]) -> None:
        # In this order, in which random weights were always drawn.
        made = {number: _node(number, cell, widths) for number in (*_STEM, *_MAIN, *_SIDE, _SKIP)}
        self.stem, self.main, self.side = (
            nn.Sequential(*(made[number] for number in branch)) for branch in (_STEM, _MAIN, _SIDE)
        )
        self.skip = made[_SKIP]

    @property
    def in_order(self) -> list[nn.Module]:
        numbers = *_STEM, *_MAIN, *_SIDE, _SKIP
        layers = dict(zip(numbers, (*self.stem, *self.main, *self.side, self.skip), strict=True))
        return [layers[number] for number in sorted(layers)]

    def cell(self, head: torch.Tensor) -> torch.Tensor:
        stem = self.stem(head)
        merged: torch.Tensor = self.skip(head) + self.side(stem) + self.main(stem)
        return merged


class CellTPSR(_TPSR):
    """With any cell of the search space.

    Raises:
        InputError: as `_TPSR`.
    """

    def make_cell(self, cell: Cell, widths: Sequence[int]) -> None:
        self._cell = cell
        self.nodes = nn.ModuleList(_node(number, cell, widths) for number in range(len(cell.nodes)))

    @property
    def in_order(self) -> list[nn.Module]:
        return list(self.nodes)

    def cell(self, head: torch.Tensor) -> torch.Tensor:
        outputs: list[torch.Tensor] = []
        for node, layers in zip(self._cell.nodes, self.nodes, strict=True):
            outputs.append(layers(head if node.source == HEAD else outputs[node.source]))
        last, *others = [outputs[number] for number in reversed(self._cell.unread)]
        for output in others:  # the last first, as TPSR adds its own: sums are the same to the last bit
            last = last + output
        return last


def _node(number: int, cell: Cell, widths: Sequence[int]) -> nn.Sequential:
    node = cell.nodes[number]
    make = _separable if node.separable else _convolution
    return make(widths[1 + node.source], widths[1 + number], node.kernel)
