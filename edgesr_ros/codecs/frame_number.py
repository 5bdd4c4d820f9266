"""The numbers by which a receiver sees which frames of a stream it missed."""

from typing import NamedTuple

from edgesr_ros.errors import InputError

MOST_PATIENCE = 64  # packets that wait at a receiver for one before them

_LATE = 64  # frames that a link may turn up late; what is further back comes from a sender that began anew


class RecoveringError(InputError):
    """Nothing is wrong with the packet, but an earlier one is missing and the picture not yet whole again."""


class LateError(InputError):
    """The packet came twice, or after one that was decoded without it: it is of no use any more."""


class Dependence(NamedTuple):
    """What a packet builds on.

    Attributes:
        number: of its frame.
        base: number of the frame that it builds on; None: it stands alone.
        stored: whether frames may build on it although newer ones were lost.
        patience: packets that wait at a receiver for one before them; where more do it is given up.
    """

    number: int
    base: int | None
    stored: bool = False
    patience: int = MOST_PATIENCE


class FrameNumbers(NamedTuple):
    """Numbers that go round: 0 to `size` - 1, then again from 0."""

    size: int

    def after(self, number: int, frames: int = 1) -> int:
        """The number of a frame so many frames later; negative: earlier."""
        return (number + frames) % self.size

    def since(self, number: int, other: int) -> int:
        """How many frames `number` is after `other`; negative: before."""
        return (number - other + self.size // 2) % self.size - self.size // 2

    def is_late(self, number: int, expected: int) -> bool:
        """Whether this is one of the last numbers before the `expected` one."""
        return 1 <= (expected - number) % self.size <= _LATE
