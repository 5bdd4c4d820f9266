"""What frames take beside the link: those at full size, and those that are reduced."""

from edgesr_ros.control.delay import RunningMean

_SHOWING = {False: 0.005, True: 0.03}  # s from arrival to screen, of frames that are (not) reduced; at first
_SHOWING_GAIN = 1 / 16  # of the newest report
# Of the time at full size a reduced frame takes so much to encode, until one has been. From 640x480 to
# 1920x1080 it is .38 to .57, of 3840x2160 .25.
_REDUCED = 0.5


class FrameTimes:
    """Learns from each frame that is sent, and from what the receiver tells of it.

    Attributes:
        encoding: s from the camera to the link, of late frames.
        reduced: whether the last frame was.
    """

    def __init__(self) -> None:
        self.encoding = RunningMean()
        self.reduced = False
        self._encoding = {False: RunningMean(), True: RunningMean()}
        self._showing = dict(_SHOWING)

    @property
    def showing(self) -> float:
        """Seconds from a frame's arrival to the screen, of frames as the last one."""
        return self._showing[self.reduced]

    @property
    def longer(self) -> float:
        """Seconds that a reduced frame takes longer than one at full size: to encode less, to show more."""
        full, reduced = self._encoding[False].mean, self._encoding[True].mean
        if full is None:
            full = (reduced or 0.0) / _REDUCED
        if reduced is None:
            reduced = full * _REDUCED
        return reduced - full + self._showing[True] - self._showing[False]

    def encoded(self, seconds: float, reduced: bool) -> None:
        """A frame goes out, which took so long to encode."""
        self.reduced = reduced
        self.encoding.add(seconds)
        self._encoding[reduced].add(seconds)

    def shown(self, seconds: float) -> None:
        """The receiver tells how long frames take from arrival to screen."""
        known = self._showing[self.reduced]
        self._showing[self.reduced] = known + _SHOWING_GAIN * (seconds - known)
