"""The numbers by which a receiver sees which frames of a stream it missed."""

from typing import NamedTuple

from edgesr_ros.errors import InputError

_LATE = 64  # frames that a link may turn up late; what is further back comes from a sender that began anew


class RecoveringError(InputError):
    """Nothing is wrong with the packet, but an earlier one is missing and the picture not yet whole again."""


class FrameNumbers(NamedTuple):
    """Numbers that go round: 0 to `size` - 1, then again from 0."""

    size: int

    def after(self, number: int, frames: int = 1) -> int:
        """The number of a frame so many frames later; negative: earlier."""
        return (number + frames) % self.size

    def is_late(self, number: int, expected: int) -> bool:
        """Whether this is one of the last numbers before the `expected` one."""
        return 1 <= (expected - number) % self.size <= _LATE
