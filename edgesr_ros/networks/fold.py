"""Networks as exporters take them: pictures in and out, and layers as runtimes and quantizers like them."""

from collections.abc import Sequence

import torch
from torch import nn

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


class Folded(nn.Module):
    """A network whose samples are 0..1 at both ends, as a quantizer wants them: else the same function.

    Attributes:
        scale: enlargement of both sides.
        block: side of the square of samples that each pixel of the output holds; the samples are still to be
            moved to their places, by `unfold`. 1: the output is the picture.
    """

    def __init__(self, scale: int, block: int) -> None:
        super().__init__()
        self.scale, self.block = scale, block

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) float in 0..1 → (N, b·b·3, s/b·H, s/b·W) float in 0..1, with b the `block`."""
        raise NotImplementedError

    def equalize(self, pictures: Sequence[torch.Tensor]) -> None:
        """Make it easier to quantize without changing the function, by pictures (1, 3, H, W) in 0..1."""

    def for_pictures(self) -> nn.Module:
        """As `PictureModel`."""
        return FoldedPictureModel(self)


class Unfolded(Folded):
    """A network as it is, for families that have nothing to fold; shares its weights."""

    def __init__(self, network: nn.Module, scale: int) -> None:
        super().__init__(scale, block=1)
        self.network = network

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (self.network(255.0 * x) / 255.0).clamp(0.0, 1.0)

    def for_pictures(self) -> nn.Module:
        return PictureModel(self.network)


class FoldedPictureModel(nn.Module):
    """A folded network with pictures in and out; the samples take their places as bytes."""

    def __init__(self, folded: Folded) -> None:
        super().__init__()
        self.network = folded

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """(1, H, W, 3) uint8 RGB → (1, s·H, s·W, 3) uint8 RGB."""
        samples = self.network(picture.permute(0, 3, 1, 2) / 255.0)
        return unfold((samples * 255.0).round().to(torch.uint8), self.network.block)


def unfold(samples: torch.Tensor, block: int) -> torch.Tensor:
    """(1, b·b·3, H, W) → (1, b·H, b·W, 3).

    Channels are (row, column, colour), so that all that a pixel adds to a row moves together.
    """
    height, width = samples.shape[2:]
    pixels = samples.permute(0, 2, 3, 1).reshape(height, width, block, block * COLOURS)
    return pixels.permute(0, 2, 1, 3).reshape(1, block * height, block * width, COLOURS)
