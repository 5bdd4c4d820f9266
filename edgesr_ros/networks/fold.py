"""Networks as exporters take them: pictures in and out, and layers as runtimes and quantizers like them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn

from edgesr_ros.networks.simplify import joined, replace_layer, simplified, split_prelus

COLOURS = 3


class PictureModel(nn.Module):
    """A network with pictures in and out: the conversions belong to the graph, not to every user of it."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """(1, H, W, 3) uint8 RGB → (1, s·H, s·W, 3) uint8 RGB."""
        enlarged = self.network(picture.permute(0, 3, 1, 2).float())
        return enlarged.permute(0, 2, 3, 1).round().clamp(0, 255).to(torch.uint8)


class Folded(nn.Module, ABC):
    """A network whose samples are 0..1 at both ends, as a quantizer wants them: else the same function.

    Attributes:
        scale: enlargement of both sides.
        block: side of the square of samples that each pixel of the output holds; the samples are still to be
            moved to their places, by `unfold`. 1: the output is the picture.
    """

    def __init__(self, scale: int, block: int) -> None:
        super().__init__()
        self.scale, self.block = scale, block

    @abstractmethod
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) float in 0..1 → (N, b·b·3, s/b·H, s/b·W) float in 0..1, with b the `block`."""

    @abstractmethod
    def weights(self, network: nn.Module) -> dict[str, torch.Tensor]:
        """Its weights and biases by name, made of those of the network that it is of.

        Gradients flow to the network's parameters.
        """

    def balance(self, pictures: Sequence[torch.Tensor]) -> tuple[float, ...]:  # noqa: ARG002 - all alike
        """What `equalize` divides channels by, so that pictures (1, 3, H, W) in 0..1 give like ranges."""
        return ()

    def equalize(self, divisors: Sequence[float]) -> None:
        """Make it easier to quantize without changing the function, by what `balance` said."""

    def for_pictures(self) -> nn.Module:
        """As `PictureModel`."""
        return FoldedPictureModel(self)


class Unfolded(Folded):
    """A network as it is, but for simpler layers: for families that have nothing to fold."""

    def __init__(self, network: nn.Module, scale: int) -> None:
        super().__init__(scale, block=1)
        self.network = simplified(network)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (self.network(255.0 * x) / 255.0).clamp(0.0, 1.0)

    def weights(self, network: nn.Module) -> dict[str, torch.Tensor]:
        return {f"network.{name}": value for name, value in joined(network).items()}

    def equalize(self, divisors: Sequence[float]) -> None:  # noqa: ARG002 - there are none
        split_prelus(self.network)

    def for_pictures(self) -> nn.Module:
        return PictureModel(self.network)


class Ends(NamedTuple):
    """What a network does to pictures in 0..1 before and after what it learned, its `unit`."""

    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)  # colour that is taken off first and put back last
    gain: float = 1.0  # what is left is multiplied by
    result_gain: float = 1.0  # what `unit` gives is multiplied by
    result_offset: float = 0.0  # and added to


class FoldedEnds(Folded):
    """A network whose ends are part of its first and last convolutions: the same, but for simpler layers.

    A pixel shuffle that comes last is left to `unfold`. A tanh that comes last becomes a sigmoid, which gives
    0..1 by itself and in 8 bits is a table: (tanh(y) + 1) / 2 = sigmoid(2 y).

    Args:
        network: whose `unit` is what it learned; its first convolution is its first layer.
        scale: enlargement of both sides.
        ends: what else it does.
    """

    mean: torch.Tensor

    def __init__(self, network: nn.Module, scale: int, ends: Ends) -> None:
        copy = simplified(network)
        names = [name for name, layer in copy.named_modules() if isinstance(layer, nn.Conv2d)]
        end = [layer for layer in copy.modules() if not any(layer.children())][-1]
        block = end.upscale_factor if isinstance(end, nn.PixelShuffle) else 1
        super().__init__(scale, block)
        mean = torch.tensor(ends.mean)
        self.register_buffer("mean", mean.view(1, COLOURS, 1, 1), persistent=False)
        self.network = copy
        gain, offset = ends.result_gain, ends.result_offset + mean
        if isinstance(end, nn.Tanh):
            gain, offset = 2.0, torch.zeros(COLOURS)
            replace_layer(copy, end, nn.Sigmoid())
        elif block > 1:
            replace_layer(copy, end, nn.Identity())
        self._shifted, self._bounded = any(ends.mean), isinstance(end, nn.Tanh)
        self._first, self._last = f"network.{names[0]}", f"network.{names[-1]}"
        self._gains, self._offset = (ends.gain, gain), offset.repeat(block**2)
        fill(self, self.weights(network))

    def weights(self, network: nn.Module) -> dict[str, torch.Tensor]:
        values = {f"network.{name}": value for name, value in joined(network).items()}
        first, last = self._gains
        values[f"{self._first}.weight"] = first * values[f"{self._first}.weight"]
        for name in (f"{self._last}.weight", f"{self._last}.bias"):
            # (colour, row, column) → (row, column, colour)
            by_colour = last * values[name].unflatten(0, (COLOURS, self.block**2)).transpose(0, 1)
            values[name] = by_colour.flatten(0, 1)
        offset = self._offset.to(values[f"{self._last}.bias"])
        values[f"{self._last}.bias"] = values[f"{self._last}.bias"] + offset
        return values

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shifted = x - self.mean if self._shifted else x
        samples: torch.Tensor = self.network.unit(shifted)
        return samples if self._bounded else samples.clamp(0.0, 1.0)

    def equalize(self, divisors: Sequence[float]) -> None:  # noqa: ARG002 - there are none
        split_prelus(self.network)


class FoldedPictureModel(nn.Module):
    """A folded network with pictures in and out; the samples take their places as bytes."""

    def __init__(self, folded: Folded) -> None:
        super().__init__()
        self.network = folded

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """(1, H, W, 3) uint8 RGB → (1, s·H, s·W, 3) uint8 RGB."""
        samples = self.network(picture.permute(0, 3, 1, 2) / 255.0)
        return unfold((samples * 255.0).round().to(torch.uint8), self.network.block)


@torch.no_grad()
def fill(module: nn.Module, values: dict[str, torch.Tensor]) -> None:
    """Give parameters the values that their names have."""
    for name, value in values.items():
        module.get_parameter(name).copy_(value)


def unfold(samples: torch.Tensor, block: int) -> torch.Tensor:
    """(1, b·b·3, H, W) → (1, b·H, b·W, 3).

    Channels are (row, column, colour), so that all that a pixel adds to a row moves together.
    """
    height, width = samples.shape[2:]
    pixels = samples.permute(0, 2, 3, 1).reshape(height, width, block, block * COLOURS)
    return pixels.permute(0, 2, 1, 3).reshape(1, block * height, block * width, COLOURS)
