"""Feature-affinity distillation: a student learns how a teacher's features relate.

arXiv 2209.03355, section 3.3; FAKD, He et al., ICIP 2020.
"""

import torch
from torch.nn import functional

from edgesr_ros.networks import Network
from edgesr_ros.training.taps import Taps
from edgesr_ros.training.terms.teacher import TaughtRecipe
from edgesr_ros.training.terms.term import Batch, Frozen, Setting, Term, Weight


class DistillationRecipe(TaughtRecipe, tag="distillation", kw_only=True):
    """A larger network that is imitated."""

    output_weight: Weight = 0.1  # λ: of the outputs against the features' affinity

    def make(self, setting: Setting) -> "DistillationTerm":
        return DistillationTerm(setting.network, self.load(setting), self.output_weight)


def affinity(features: torch.Tensor) -> torch.Tensor:
    """(N, C, H, W) → (N, H·W, H·W): cosine of each pair of positions, whatever the number of channels."""
    unit = functional.normalize(features.float().flatten(2), dim=1)
    return unit.transpose(1, 2) @ unit


class DistillationTerm(Term):
    """Compares student and teacher by the last of their landmarks, and by their outputs.

    Args:
        student: the network in training.
        teacher: a trained network, used for inference only.
        output_weight: λ, of the L1 between the outputs against the affinity's L1.
    """

    def __init__(self, student: Network, teacher: Network, output_weight: float) -> None:
        super().__init__()
        self.features = (student.spec.landmarks[-1],)
        self._taught_by = teacher.spec.landmarks[-1]
        self._teacher, self._output_weight = Frozen(teacher), output_weight
        self._taps = Taps(teacher, (self._taught_by,))

    def forward(self, batch: Batch) -> torch.Tensor:
        with torch.no_grad():
            target = self._teacher(batch.low)
        (student,) = (batch.features[name] for name in self.features)
        alike = functional.l1_loss(affinity(student), affinity(self._taps.take()[self._taught_by]))
        return alike + self._output_weight * functional.l1_loss(batch.output, target.float()) / 255.0
