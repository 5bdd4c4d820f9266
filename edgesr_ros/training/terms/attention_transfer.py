"""Attention transfer: a student is active where its teacher is.

Zagoruyko and Komodakis, "Paying More Attention to Attention", ICLR 2017, section 3.1, in the form of Light
F2SRGAN (Electronics 12, 2023, 2544, its term L_AT).
"""

from typing import Annotated

import torch
from msgspec import Meta

from edgesr_ros.networks import Network
from edgesr_ros.training.terms.teacher import Lesson, TaughtRecipe, attention, places
from edgesr_ros.training.terms.term import Batch, Setting, Term


class AttentionTransferRecipe(TaughtRecipe, tag="attention_transfer", kw_only=True):
    """A network at whose blocks the attention is compared."""

    places: Annotated[int, Meta(ge=1)] = 4  # after a quarter, a half, … of the blocks of both

    def make(self, setting: Setting) -> "AttentionTransferTerm":
        return AttentionTransferTerm(setting.network, self.load(setting), self.places)


class AttentionTransferTerm(Term):
    """½ Σ_j ‖a_j(student) - a_j(teacher)‖₂ over the places j, a the `attention`; mean over the batch.

    Args:
        student: the network in training.
        teacher: a trained network, used for inference only.
        count: of places.
    """

    def __init__(self, student: Network, teacher: Network, count: int) -> None:
        super().__init__()
        self.features = places(student.spec, count)
        self._lesson = Lesson(teacher, places(teacher.spec, count))

    def forward(self, batch: Batch) -> torch.Tensor:
        pairs = zip(self.features, self._lesson(batch.low), strict=True)
        apart = [
            torch.linalg.vector_norm(attention(batch.features[name]) - attention(shown), dim=1)
            for name, shown in pairs
        ]
        return 0.5 * torch.stack(apart).sum(0).mean()
