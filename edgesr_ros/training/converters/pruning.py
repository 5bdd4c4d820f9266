"""The conversion that takes channels out of a network until it meets a goal."""

from functools import cache
from typing import Literal, NamedTuple

from edgesr_ros.errors import InputError
from edgesr_ros.networks import Network
from edgesr_ros.training.goals import Goal

Importance = Literal["random", "l1", "lamp", "group"]
Widths = Literal["inner", "trunk"]
Scope = Literal["global", "layer"]


class Pruning(NamedTuple):
    """How channels are taken out; `training.surgery.Surgery` says what each word means.

    What is left trains like any network, so this has nothing to do in training.
    """

    importance: Importance
    widths: Widths
    goal: Goal
    scope: Scope
    multiple: int
    seed: int

    def convert(self, network: Network) -> Network:
        """A smaller network for inference, whose `spec` says its widths; the network given stays whole.

        Raises:
            InputError: the goal cannot be met, the network has no such widths, or Torch-Pruning is missing.
        """
        try:
            from edgesr_ros.training.surgery import Surgery
        except ImportError:
            raise InputError("prune: needs Torch-Pruning (pip install -r requirements/train.txt)") from None
        surgery = Surgery(network, self.importance, self.widths, self.seed)
        cut = cache(surgery.cut)  # many shares are rounded to the same widths

        def at(ratio: float) -> Network:
            return cut(surgery.kept(ratio, self.scope, self.multiple))

        return at(self.goal.least_ratio(network, surgery.channels, at))
