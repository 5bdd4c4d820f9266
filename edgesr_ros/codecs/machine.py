"""What encoders may use of the machine that they run on."""

from collections.abc import Callable
from typing import NamedTuple

from edgesr_ros.codecs.h264_engine import SOFTWARE

Clock = Callable[[], float]

_USUAL_PERIOD = 1 / 30  # s


class Machine(NamedTuple):
    """The same for all encoders of a robot.

    Attributes:
        clock: tells seconds, by which effort and size of a stream's frames are chosen; None: both are fixed.
        h264: the encoder of H.264 that is asked for, as `h264_engine.usable_encoder` takes it.
        period: tells how many seconds there are from frame to frame.
        cameras: tells how many take turns at encoding, in one thread.
    """

    clock: Clock | None = None
    h264: str = SOFTWARE
    period: Clock = lambda: _USUAL_PERIOD
    cameras: Callable[[], int] = lambda: 1

    def turn(self) -> float:
        """Seconds that a frame has to itself, if all cameras' are encoded."""
        return self.period() / self.cameras()


ANY = Machine()  # the same frames make the same packets on every one
