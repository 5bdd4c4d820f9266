"""The distance to the original by pixels."""

from typing import Literal

import torch
from torch.nn import functional

from edgesr_ros.training.terms.term import Batch, Setting, Term, TermRecipe

Distance = Literal["l1", "l2"]


class PixelRecipe(TermRecipe, tag="pixels"):
    """Mean difference to the original."""

    # The absolute error learns faster; PSNR, a squared one, gains by it at the end.
    distance: Distance = "l1"

    def make(self, setting: Setting) -> "PixelTerm":  # noqa: ARG002 - needs nothing
        return PixelTerm(self.distance)


class PixelTerm(Term):
    """Mean absolute or squared difference of pictures in 0..255, in units of the full range (0..1)."""

    def __init__(self, distance: Distance = "l1") -> None:
        super().__init__()
        self.distance = distance

    def forward(self, batch: Batch) -> torch.Tensor:
        return distance_of(batch.output, batch.high, self.distance)


def distance_of(output: torch.Tensor, target: torch.Tensor, distance: Distance) -> torch.Tensor:
    """Mean absolute or squared difference of pictures (N, 3, H, W) in 0..255, in units of the full range."""
    if distance == "l2":
        return functional.mse_loss(output / 255.0, target / 255.0)
    return functional.l1_loss(output, target) / 255.0
