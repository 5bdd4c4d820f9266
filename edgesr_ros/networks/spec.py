"""What a network is, in a few numbers: enough to build it, and small enough to travel with its weights."""

from collections.abc import Iterable
from typing import Any, TypeVar

from msgspec.structs import replace
from torch import nn

from edgesr_ros.errors import InputError
from edgesr_ros.networks.fold import Folded, Unfolded
from edgesr_ros.schema import Struct

DIV2K_MEAN = (0.4488, 0.4371, 0.4040)  # RGB of its photographs, of 0..1


class Spec(Struct, tag_field="kind"):
    """Base of all descriptions: a family of networks has a tag, its members differ in their numbers."""

    scale: int = 4  # enlargement of both sides

    def build(self) -> "Network":
        """A freshly initialised network.

        Raises:
            InputError: a scale that the family does not have.
        """
        raise NotImplementedError

    @property
    def reach(self) -> int:
        """How many small pixels to each side a pixel of the result depends on: the margin of tiles."""
        raise NotImplementedError

    @property
    def landmarks(self) -> tuple[str, ...]:
        """Submodules by whose outputs a teacher and a student can be compared, from the first to the last."""
        raise NotImplementedError


class Calibration(Struct):
    """How a network is quantized to 8 bits, of which tensors the graph that is exported tells the names."""

    ranges: dict[str, tuple[float, float]]  # of each tensor: what its lowest and highest code stand for
    divisors: tuple[float, ...] = ()  # of `Folded.equalize`


class Network(nn.Module):
    """Base of all networks: RGB (N, 3, H, W) in 0..255 → about the same, `scale` times larger.

    Attributes:
        spec: what it is. Whoever changes its layers (pruning) changes this along: weights are saved with it.
        calibration: that it was trained for (quantization-aware training), which export then keeps and which
            is saved along; None: export finds one.
    """

    def __init__(self, spec: Spec) -> None:
        super().__init__()
        self.spec = spec
        self.calibration: Calibration | None = None

    @property
    def scale(self) -> int:
        """Enlargement of both sides."""
        return self.spec.scale

    def described(self) -> Spec:
        """What it is by its layers, some of which may have lost channels since it was built.

        Raises:
            InputError: the family's description cannot say that.
        """
        raise InputError(f"widths: those of {self.spec.__struct_config__.tag} cannot differ")

    def fold(self) -> Folded:
        """The same function, as exporters take it."""
        return Unfolded(self, self.scale)


def channels_of(layer: nn.Module) -> int:
    """How many channels a layer puts out: its last convolution does."""
    *_, last = (part for part in layer.modules() if isinstance(part, nn.Conv2d | nn.ConvTranspose2d))
    return last.out_channels


SpecT = TypeVar("SpecT", bound=Spec)


def with_channels(spec: SpecT, features: int, widths: tuple[int, ...], up_features: int) -> SpecT:
    """A description with other channels, of a family that names these three.

    What is as the trunk's is left as the family has it by default, so that it says nothing of it.
    """
    usual: Any = type(spec)()
    return replace(
        spec,
        features=features,
        widths=widths if set(widths) != {features} else usual.widths,
        up_features=up_features if up_features != features else usual.up_features,
    )


def check_scale(scale: int, known: Iterable[int]) -> None:
    """Raise InputError for a scale that a family does not have."""
    if scale not in known:
        raise InputError(f"scale: expected one of {sorted(known)}, got {scale}")


def reach_of(scale: int, layers: Iterable[tuple[int, int]]) -> int:
    """The `Spec.reach` of convolutions in a row.

    Args:
        scale: of the whole.
        layers: in the order in which they run: pixels to each side that the convolution sees, and how many
            times larger the picture is made behind it.
    """
    first, last = 0, scale - 1  # the pixels that a small one becomes
    for radius, enlargement in reversed(tuple(layers)):
        first, last = first // enlargement - radius, last // enlargement + radius
    return max(-first, last)
