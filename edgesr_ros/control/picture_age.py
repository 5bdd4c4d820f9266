"""How old a picture is that carries the stamp of another machine's clock: both ends of the exchange.

Each report is a question too: what does your clock show? About once a second the robot answers one, naming
the report's `arrival_ns`. From that, and from the pictures themselves, the ground station knows the offset.

Where the camera's stamps are not of the robot's clock (a recording played with its own stamps, a camera with
a clock of its own) the robot answers in the time of the stamps, so that the age is in that time. It then
counts from when the pictures reached the robot's node: when they were taken cannot be known.
"""

from collections import deque

from edgesr_ros.control.clock import ClockOffset, Estimate
from edgesr_ros.control.stamps import RESTART_NS

_LONGEST_AGE = 10.0  # s from the camera to us; what seems older is stamped by another clock
_LEAK = 0.01  # s per s by which the foreign clock may be slower than it was, …
_JITTER = 0.1  # … and how much at once: beyond it the recording paused or started over
_ASKED = 256  # reports that an answer may be to: at 30 Hz 8 s


class StampClock:
    """The robot's end: what the clock shows that the camera's stamps are read from.

    All times are seconds; `now` on a monotonic clock, `ros` on the robot's ROS clock.
    """

    def __init__(self) -> None:
        self._ours = True
        self._ahead: float | None = None  # of the stamps before `now`, at least
        self._at = 0.0

    @property
    def source(self) -> str:
        """Which clock it is."""
        return "ros_time" if self._ours else "camera_stamps"

    def frame(self, now: float, ros: float, stamp: float) -> None:
        """A frame came from the camera."""
        self._ours = 0 <= ros - stamp < _LONGEST_AGE
        # The frames least delayed tell the clock; the others came late from the same camera.
        ahead, kept = stamp - now, stamp - now
        if self._ahead is not None:
            kept = self._ahead - _LEAK * (now - self._at)
        self._ahead = kept if ahead <= kept < ahead + _JITTER else ahead
        self._at = now

    def read(self, now: float, ros: float) -> float | None:
        """What it shows; None before the first frame."""
        if self._ahead is None:
            return None
        return ros if self._ours else now + self._ahead


class PictureAge:
    """The ground station's end. `…_ns` are integers; `now_ns` is on the clock that reports are timed by."""

    def __init__(self) -> None:
        self._clock = ClockOffset()
        self._asked: deque[int] = deque(maxlen=_ASKED)
        self._newest_ns = -1

    def arrived(self, now_ns: int, stamp_ns: int | None) -> None:
        """A picture arrived at `now_ns`, and a report says so. No stamp: it is good for nothing."""
        if stamp_ns is None:
            self._asked.append(now_ns)
            return
        if stamp_ns < self._newest_ns - RESTART_NS:
            # The clock was set back: a recording starts over, or the robot did.
            self._clock = ClockOffset()
            self._asked.clear()
            self._newest_ns = stamp_ns
        self._newest_ns = max(self._newest_ns, stamp_ns)
        self._clock.heard(now_ns * 1e-9, stamp_ns * 1e-9)
        self._asked.append(now_ns)

    def answered(self, now_ns: int, arrival_ns: int, shown_ns: int) -> None:
        """The robot's clock showed `shown_ns` when it had the report with this `arrival_ns`.

        Answers to another ground station, and those from before the robot's clock was set back, are ignored.
        """
        if arrival_ns not in self._asked:
            return
        now, shown = now_ns * 1e-9, shown_ns * 1e-9
        self._clock.answered(now, arrival_ns * 1e-9, shown)
        self._clock.heard(now, shown)

    def of(self, now_ns: int, stamp_ns: int) -> Estimate | None:
        """Age of the picture with this stamp, in s; None while it cannot be known."""
        return self._clock.age(now_ns * 1e-9, stamp_ns * 1e-9)
