"""How much later than the earliest frames arrive, for no reason that lies in them or in those before them."""

from collections import deque
from statistics import median

_ALIKE = 1.3  # times the size of the other
_ENOUGH = 5  # differences
_DIFFERENCES = 31  # of frames: their median is not impressed by outages and bursts


class Jitter:
    """Interarrival jitter (RFC 3550, section 6.4.1), but the median in place of the mean.

    Of delays that are exponentially distributed above the least one, that is just their median; of uniform
    ones .6 of it. So what is usual of a frame's delay can be told without knowing how fast the link is.

    Attributes:
        usual: s.
    """

    def __init__(self) -> None:
        self.usual = 0.0
        self._before: tuple[float, int] | None = None
        self._differences: deque[float] = deque(maxlen=_DIFFERENCES)

    def add(self, delay: float, size: int, rate: float) -> None:
        """A frame of `size` bytes that waited for no other took `delay`; the link carries `rate` B/s."""
        if self._before is not None:
            before, other = self._before
            if max(size, other) < _ALIKE * min(size, other):  # else the estimate's error passes for jitter
                self._differences.append(abs(delay - before - (size - other) / rate))
                self.usual = median(self._differences) if len(self._differences) >= _ENOUGH else 0.0
        self._before = delay, size
