"""The same function by fewer layers, or by layers that runtimes know better: how every export begins."""

from collections.abc import Iterator
from copy import deepcopy
from itertools import pairwise
from typing import NamedTuple, TypeVar

import torch
from torch import nn

Module = TypeVar("Module", bound=nn.Module)


class _Place(NamedTuple):
    """A layer, and where it stands."""

    parent: nn.Module
    name: str
    layer: nn.Module

    def put(self, layer: nn.Module) -> None:
        setattr(self.parent, self.name, layer)


@torch.no_grad()
def simplified(network: Module) -> Module:
    """A copy for inference that does the same, but for the order of additions; weights are not shared.

    - Batch norm becomes part of the convolution before it.
    - A 1x1 convolution of each channel and the 1x1 convolution behind it become one.
    - A PReLU becomes something else, because onnxruntime's branches at every value: 64 channels of 640x480
      with signs as they come take it 94 ms on one core, as the larger of x and a·x 15 ms. With one slope it
      becomes a LeakyReLU.
    """
    copy = deepcopy(network).eval().requires_grad_(False)
    for before, after in _joints(copy):
        if isinstance(after.layer, nn.BatchNorm2d):
            before.layer.bias = nn.Parameter(torch.zeros(before.layer.out_channels), requires_grad=False)
            after.put(nn.Identity())
        else:
            before.put(nn.Identity())
    for name, value in joined(network).items():
        copy.get_parameter(name).copy_(value)
    for place in list(_places(copy)):
        if isinstance(place.layer, nn.PReLU):
            place.put(_otherwise(place.layer.weight))
    return copy


def joined(network: nn.Module) -> dict[str, torch.Tensor]:
    """Weights and biases of the convolutions of `simplified(network)` by their names, made of the network's.

    Gradients flow to the network's parameters; batch norm counts by its averages, as in inference.
    """
    names = {layer: name for name, layer in network.named_modules()}
    weights: dict[nn.Module, torch.Tensor] = {}
    biases: dict[nn.Module, torch.Tensor] = {}
    for layer in names:
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            weights[layer] = layer.weight
            if layer.bias is not None:
                biases[layer] = layer.bias
    for (*_, first), (*_, second) in _joints(network):
        if isinstance(second, nn.BatchNorm2d):
            spread = torch.rsqrt(second.running_var + second.eps)
            bias = biases.get(first, torch.zeros_like(second.running_mean))
            weights[first] = weights[first] * (second.weight * spread).view(-1, 1, 1, 1)
            biases[first] = (bias - second.running_mean) * spread * second.weight + second.bias
        else:
            weights[second] = weights[second] * weights.pop(first).view(1, -1, 1, 1)
    return {f"{names[layer]}.weight": value for layer, value in weights.items()} | {
        f"{names[layer]}.bias": value for layer, value in biases.items()
    }


class _Slopes(nn.Module):
    """A PReLU written otherwise; its slopes are (1, C, 1, 1)."""

    def __init__(self, slopes: torch.Tensor) -> None:
        super().__init__()
        self.slopes = nn.Parameter(slopes.detach().view(1, -1, 1, 1), requires_grad=False)


class LargerPReLU(_Slopes):
    """PReLU with slopes of at most 1, as the larger of x and a·x."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.maximum(x, self.slopes * x)


class SplitPReLU(_Slopes):
    """PReLU as a·x + (1 - a)·ReLU(x): onnxruntime multiplies and adds integers, but has no PReLU of them."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.slopes * x + (1 - self.slopes) * torch.relu(x)


def split_prelus(network: nn.Module) -> None:
    """Put a `SplitPReLU` in place of every PReLU of a simplified network."""
    for place in list(_places(network)):
        if isinstance(place.layer, LargerPReLU):
            place.put(SplitPReLU(place.layer.slopes))


def replace_layer(network: nn.Module, old: nn.Module, new: nn.Module) -> None:
    """Put a layer in place of another."""
    for place in list(_places(network)):
        if place.layer is old:
            place.put(new)


def _otherwise(slopes: torch.Tensor) -> nn.Module:
    """What does the same as a PReLU with these slopes."""
    if slopes.numel() == 1:
        return nn.LeakyReLU(float(slopes))
    return LargerPReLU(slopes) if slopes.max() <= 1 else SplitPReLU(slopes)


def _joints(network: nn.Module) -> list[tuple[_Place, _Place]]:
    """Pairs of layers of which one convolution can be made."""
    return [
        (before, after)
        for chain in _chains(network)
        for before, after in pairwise(chain)
        if isinstance(before.layer, nn.Conv2d)
        and (
            isinstance(after.layer, nn.BatchNorm2d)
            or (_by_channel(before.layer) and isinstance(after.layer, nn.Conv2d) and after.layer.groups == 1)
        )
    ]


def _by_channel(convolution: nn.Conv2d) -> bool:
    """Whether it only multiplies each channel by a number."""
    return (
        convolution.groups == convolution.in_channels == convolution.out_channels > 1
        and convolution.kernel_size == (1, 1)
        and convolution.bias is None
    )


def _places(network: nn.Module) -> Iterator[_Place]:
    for parent in network.modules():
        for name, layer in parent.named_children():
            yield _Place(parent, name, layer)


def _chains(network: nn.Module) -> list[list[_Place]]:
    """Layers that surely run one after the other: those of a Sequential and of the ones in it."""
    inner = {place.layer for place in _places(network) if isinstance(place.parent, nn.Sequential)}
    outermost = [m for m in network.modules() if isinstance(m, nn.Sequential) and m not in inner]
    return [list(_in_order(sequential)) for sequential in outermost]


def _in_order(sequential: nn.Sequential) -> Iterator[_Place]:
    for name, layer in sequential.named_children():
        if isinstance(layer, nn.Sequential):
            yield from _in_order(layer)
        else:
            yield _Place(sequential, name, layer)
