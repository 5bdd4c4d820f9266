"""How restless the output is, without looking at the original."""

import torch

from edgesr_ros.training.terms.pixels import Distance
from edgesr_ros.training.terms.term import Batch, Setting, Term, TermRecipe


class TotalVariationRecipe(TermRecipe, tag="total_variation"):
    """Differences between neighbours (Rudin et al., Physica D 60, 1992)."""

    distance: Distance = "l1"  # absolute differences, or squared ones

    def make(self, setting: Setting) -> "TotalVariationTerm":  # noqa: ARG002 - needs nothing
        return TotalVariationTerm(self.distance)


class TotalVariationTerm(Term):
    """Mean difference to the pixel below plus that to the one on the right, of pictures in 0..1."""

    def __init__(self, distance: Distance = "l1") -> None:
        super().__init__()
        self.distance = distance

    def forward(self, batch: Batch) -> torch.Tensor:
        picture = batch.output / 255.0
        steps = (picture.diff(dim=axis) for axis in (-2, -1))
        means = [(step.square() if self.distance == "l2" else step.abs()).mean() for step in steps]
        return means[0] + means[1]
