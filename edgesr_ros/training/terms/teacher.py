"""What terms that learn from another network share: whom they learn from, and where the two are compared."""

import math
from copy import deepcopy

import torch
from torch.nn import functional

from edgesr_ros.errors import InputError
from edgesr_ros.networks import Network, Spec, find_spec
from edgesr_ros.training.taps import Taps
from edgesr_ros.training.terms.term import Frozen, Setting, TermRecipe
from edgesr_ros.training.weights import load_network, read_facts, trained

_SAMPLE = (1, 3, 8, 8)  # of which only the shapes are looked at


class TaughtRecipe(TermRecipe, kw_only=True):
    """Base of what a recipe says of a term with a teacher."""

    teacher: str  # the recipe that it was trained by
    network: str = "edgesrgan"  # what it is, where its weights are too old to say so

    @property
    def parents(self) -> tuple[str, ...]:
        return (self.teacher,)

    def load(self, setting: Setting) -> Network:
        """The teacher.

        Raises:
            InputError: there are no weights yet, or they are of another scale.
        """
        path = trained(setting.work, self.teacher)
        scale = setting.network.scale
        teacher = load_network(path, None if read_facts(path) else find_spec(self.network, scale))
        if teacher.scale != scale:
            raise InputError(f"teacher: expected a network of scale {scale}, {path} is of {teacher.scale}")
        return teacher


def places(spec: Spec, count: int) -> tuple[str, ...]:
    """The landmarks of a network after 1/count, 2/count, … of its blocks.

    Returns:
        `count` names of submodules; some of them twice where the network has fewer landmarks.
    """
    landmarks = spec.landmarks
    return tuple(landmarks[math.ceil(len(landmarks) * number / count) - 1] for number in range(1, count + 1))


def channels(network: Network, names: tuple[str, ...]) -> list[int]:
    """How many channels the outputs of submodules have, in the order of their names."""
    copy = deepcopy(network).eval()
    taps = Taps(copy, names)
    with torch.no_grad():
        copy.to("meta")(torch.zeros(_SAMPLE, device="meta"))
    seen = taps.take()
    return [seen[name].shape[1] for name in names]


class Lesson(Frozen):
    """What a teacher shows of itself at some of its submodules, for the same pictures that the student sees.

    Args:
        teacher: a trained network, used for inference only.
        names: of its submodules.
    """

    def __init__(self, teacher: Network, names: tuple[str, ...]) -> None:
        super().__init__(teacher)
        self._names, self._taps = names, Taps(teacher, names)

    @torch.no_grad()
    def forward(self, low: torch.Tensor) -> list[torch.Tensor]:
        """(N, 3, H, W) in 0..255 → (N, C, H, W) of each submodule."""
        super().forward(low)
        seen = self._taps.take()
        return [seen[name] for name in self._names]


def attention(features: torch.Tensor) -> torch.Tensor:
    """(N, C, H, W) → (N, H·W), of length 1: where a layer is active, whatever its number of channels.

    Sum over the channels of the squared features (Zagoruyko and Komodakis, "Paying More Attention to
    Attention", ICLR 2017, section 3.1: F²sum).
    """
    active = features.float().square().sum(1).flatten(1)
    return functional.normalize(active, dim=1)
