"""How many frames per second the camera gives."""

from collections import deque
from itertools import pairwise
from statistics import median

_FRAMES = 15  # remembered; the median of their distances counts, so that single hiccups do not
_FEWEST = 4
_NOMINAL_HZ = 30.0  # until that many have come
_SLOWEST_HZ = 0.5
_TOLERANCE = 0.1  # a rate that is off by less stands: who plans by it should not have to plan anew


class SourceRate:
    """Measured by the times at which frames come."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=_FRAMES)
        self.hz = _NOMINAL_HZ

    @property
    def known(self) -> bool:
        """Whether enough frames have come."""
        return len(self._times) >= _FEWEST

    def frame(self, now: float) -> None:
        """A frame came; `now` is in seconds."""
        self._times.append(now)
        if self.known:
            period = median(after - before for before, after in pairwise(self._times))
            hz = max(1 / max(period, 1e-3), _SLOWEST_HZ)
            if abs(hz - self.hz) > _TOLERANCE * self.hz:
                self.hz = hz
