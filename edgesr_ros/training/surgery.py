"""Taking channels out of a network, so that a smaller one of the same family is left.

Which layers lose a channel together is found by Torch-Pruning's dependency graph (Fang et al., "DepGraph:
Towards Any Structural Pruning", CVPR 2023). Fourier convolutions hang it, so they are not shown to it, and
nothing is taken that they would have to lose too.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, NamedTuple

import torch
import torch_pruning
from torch import nn

from edgesr_ros.errors import InputError
from edgesr_ros.networks import Network, name_of
from edgesr_ros.networks.fold import COLOURS
from edgesr_ros.networks.fourier import FastFourierConvolution
from edgesr_ros.networks.simplify import replace_layer
from edgesr_ros.training.converters.pruning import Importance, Scope, Widths

_SAMPLE = (1, 3, 8, 8)  # only traced
_CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


class Part(NamedTuple):
    """Channels that can be taken out one by one, each of them from all layers that have it."""

    layer: str  # that makes them, or one of those
    scores: torch.Tensor  # how important each one is, (C,)


class Surgery:
    """What can be taken out of a network.

    Args:
        network: stays as it is.
        importance: of a channel: `random`; `l1`, of the weights that make it (Li et al., ICLR 2017); `lamp`,
            the squares of all of its weights over those of all more important ones of the layer (Lee et al.,
            ICLR 2021); `group`, the same squares over their mean (DepGraph, section 3.3).
        widths: `inner` ones, which a single convolution makes and nothing is added to, or those of the
            `trunk`, which several make together.
        seed: of `random`.

    Attributes:
        parts: of which channels can be taken.

    Raises:
        InputError: there are none, or the family's description could not say what is left.
    """

    def __init__(self, network: Network, importance: Importance, widths: Widths, seed: int = 0) -> None:
        self._network = network
        name = name_of(network.described())
        if widths == "trunk" and _fourier(network):
            raise InputError(f"prune: the trunk of {name} has Fourier convolutions; expected widths: inner")
        copy = deepcopy(network).eval().requires_grad_(True)  # which is traced by its gradients
        names = {layer: path for path, layer in copy.named_modules()}
        score = _IMPORTANCES[importance]()
        with _without_fourier(copy), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            graph = _graph(copy)
            self.parts = [
                Part(names[group[0].dep.target.module], score(group))
                for group in graph.get_all_groups(ignored_layers=_left_alone(copy))
                if (len(_makers(graph, group)) > 1) == (widths == "trunk")
            ]
        if not self.parts:
            raise InputError(f"prune: {name} has no {widths} widths to prune")

    @property
    def channels(self) -> int:
        """Of all parts together."""
        return sum(len(part.scores) for part in self.parts)

    def kept(self, ratio: float, scope: Scope, multiple: int) -> tuple[int, ...]:
        """How many channels of each part stay where a share of all is taken.

        Args:
            ratio: the share, 0 to 1.
            scope: the least important ones of all parts, or the same share of each.
            multiple: what is left of each part is rounded to a multiple of this, and to one at the least; a
                part of fewer channels stays whole.
        """
        sizes = [len(part.scores) for part in self.parts]
        if scope == "layer":
            counts = [int(size * (1 - ratio)) for size in sizes]
        else:
            owners = torch.repeat_interleave(torch.tensor(sizes))
            least = torch.cat([part.scores for part in self.parts]).argsort(stable=True)
            staying = owners[least[self.channels - int(self.channels * (1 - ratio)) :]]
            counts = torch.bincount(staying, minlength=len(self.parts)).tolist()
        rounded = (max(1, math.floor(count / multiple + 0.5)) * multiple for count in counts)
        return tuple(map(min, rounded, sizes))

    def cut(self, kept: Sequence[int]) -> Network:
        """A network of its own with that many channels of each part, the most important ones.

        Returns:
            One for inference, whose spec says its widths. Its outputs are those of the whole network with
            all other channels set to 0 wherever they are made.
        """
        copy = deepcopy(self._network).eval().requires_grad_(True)
        with _without_fourier(copy):
            graph = _graph(copy)
            for part, count in zip(self.parts, kept, strict=True):
                least = part.scores.argsort(stable=True)[: len(part.scores) - count]
                if len(least):
                    layer = copy.get_submodule(part.layer)
                    out = graph.get_pruner_of_module(layer).prune_out_channels
                    graph.get_pruning_group(layer, out, sorted(least.tolist())).prune()
        smaller = copy.described().build()
        smaller.load_state_dict(copy.state_dict())
        return smaller.eval().requires_grad_(False)


_IMPORTANCES: dict[Importance, Any] = {
    "random": torch_pruning.importance.RandomImportance,
    "l1": lambda: torch_pruning.importance.MagnitudeImportance(1, group_reduction="first", normalizer=None),
    "lamp": torch_pruning.importance.LAMPImportance,
    "group": torch_pruning.importance.GroupMagnitudeImportance,
}


def _graph(network: Network) -> Any:
    return torch_pruning.DependencyGraph().build_dependency(network, torch.zeros(_SAMPLE))


def _makers(graph: Any, group: Any) -> set[nn.Module]:
    """The convolutions across channels that make those of a group; several, where they are added up."""
    return {
        dependency.target.module
        for dependency, _ in group
        if isinstance(dependency.target.module, _CONVOLUTIONS)
        and dependency.target.module.groups == 1
        and graph.is_out_channel_pruning_fn(dependency.handler)
    }


def _left_alone(network: Network) -> list[nn.Module]:
    """Layers that must keep their channels: they make colours, or what a pixel shuffle puts side by side."""
    layers = [layer for layer in network.modules() if not any(layer.children())]
    convolutions = [layer for layer in layers if isinstance(layer, _CONVOLUTIONS)]
    colours = [layer for layer in convolutions if layer.groups == layer.in_channels == COLOURS]
    shuffled = [
        next(before for before in reversed(layers[:number]) if isinstance(before, nn.Conv2d))
        for number, layer in enumerate(layers)
        if isinstance(layer, nn.PixelShuffle)
    ]
    return [convolutions[-1], *colours, *shuffled]


class _Unseen(nn.Module):
    """In place of a Fourier convolution while the graph is made."""

    def forward(self, x: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
        return x


def _fourier(network: Network) -> list[nn.Module]:
    return [layer for layer in network.modules() if isinstance(layer, FastFourierConvolution)]


@contextmanager
def _without_fourier(network: Network) -> Iterator[None]:
    pairs = [(layer, _Unseen()) for layer in _fourier(network)]
    for layer, unseen in pairs:
        replace_layer(network, layer, unseen)
    yield
    for layer, unseen in pairs:
        replace_layer(network, unseen, layer)
