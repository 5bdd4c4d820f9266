"""At which size a stream's frames can be encoded before the next one comes."""

from collections.abc import Callable
from statistics import median

_FRAMES = 15  # that are timed before a change, and the first of which do not count
_SKIPPED = 3  # a new encoder's, whose memory is new
_MOST = 0.8  # of the time from frame to frame: then the sides are halved …
_AGAIN = 0.5  # … and doubled again where that is expected to stay below
_DOUBLED = 3.0  # times as long takes a frame of twice the sides; by measurement 2.5 to 3
_LASTING = 6  # times in a row, for a new size costs a key frame
_SMALLEST = 4  # by which sides are divided


class SizeByTime:
    """Takes the time of each frame; says by what the sides are to be divided at least.

    Args:
        period: tells seconds from frame to frame, of whatever camera.

    Attributes:
        scale: 1, 2 or 4.
    """

    def __init__(self, period: Callable[[], float]) -> None:
        self._period = period
        self.scale = 1
        self._times: list[float] = []
        self._fine = 0  # times in a row

    def spent(self, seconds: float, saving: float = 1.0) -> None:
        """A frame took so long to encode, and would `saving` times less with the least effort."""
        self._times.append(seconds / saving)
        if len(self._times) < _FRAMES:
            return
        usual, period = median(self._times[_SKIPPED:]), self._period()
        self._times.clear()
        fine = self.scale > 1 and usual * _DOUBLED < _AGAIN * period
        self._fine = self._fine + 1 if fine else 0
        if usual > _MOST * period and self.scale < _SMALLEST:
            self.scale *= 2
        elif self._fine >= _LASTING:
            self.scale //= 2
            self._fine = 0
