"""How far the output is from another network's, which no photograph says."""

import torch

from edgesr_ros.networks import Network
from edgesr_ros.training.terms.pixels import Distance, distance_of
from edgesr_ros.training.terms.teacher import TaughtRecipe
from edgesr_ros.training.terms.term import Batch, Frozen, Setting, Term


class ImitationRecipe(TaughtRecipe, tag="imitation", kw_only=True):
    """A network whose output is the aim: of a pruned one the whole, of a quantized one the float.

    What such a network makes is a fixed function of its input. So perceptual quality comes back by pixels
    alone, without a discriminator.
    """

    distance: Distance = "l1"  # mean absolute difference, or squared

    def make(self, setting: Setting) -> "ImitationTerm":
        return ImitationTerm(self.load(setting), self.distance)


class ImitationTerm(Term):
    """Mean absolute or squared difference of the outputs, in units of the full range (0..1).

    Args:
        teacher: a trained network, used for inference only.
        distance: which of the two.
    """

    def __init__(self, teacher: Network, distance: Distance = "l1") -> None:
        super().__init__()
        self._teacher, self._distance = Frozen(teacher), distance

    def forward(self, batch: Batch) -> torch.Tensor:
        with torch.no_grad():
            target = self._teacher(batch.low).float()
        return distance_of(batch.output, target, self._distance)
