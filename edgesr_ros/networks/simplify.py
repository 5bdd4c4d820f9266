"""The same function by fewer layers, or by layers that runtimes know better: how every export begins."""

from collections.abc import Iterator
from copy import deepcopy
from itertools import pairwise
from typing import NamedTuple, TypeVar

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

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
    for chain in _chains(copy):
        for before, after in pairwise(chain):
            _join(before, after)
    for place in list(_places(copy)):
        if isinstance(place.layer, nn.PReLU):
            place.put(_otherwise(place.layer.weight))
    return copy


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


def _join(before: _Place, after: _Place) -> None:
    """Make one convolution of two layers, where they can be."""
    first = getattr(before.parent, before.name)  # which may be joined with the one before it already
    if not isinstance(first, nn.Conv2d):
        return
    if isinstance(after.layer, nn.BatchNorm2d):
        before.put(fuse_conv_bn_eval(first, after.layer))
        after.put(nn.Identity())
    elif _by_channel(first) and isinstance(after.layer, nn.Conv2d) and after.layer.groups == 1:
        before.put(nn.Identity())
        after.layer.weight *= first.weight.view(1, -1, 1, 1)


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
