"""How much later than the earliest frames arrive, for no reason that lies in them or in those before them."""

from collections import deque
from statistics import median

_DIFFERENCES = 31  # of frames: their median is not impressed by outages and bursts


class Jitter:
    """Interarrival jitter (RFC 3550, section 6.4.1), but the median in place of the mean.

    Of delays that are exponentially distributed above the least one, that is just their median; of uniform ones
    .6 of it. So what is usual of a frame's delay can be told without knowing how fast the link is.

    Attributes:
        usual: s.
    """

    def __init__(self) -> None:
        self.usual = 0.0
        self._transit: float | None = None
        self._differences: deque[float] = deque(maxlen=_DIFFERENCES)

    def add(self, transit: float) -> None:
        """A frame that waited for no other took `transit` seconds beside its transmission."""
        if self._transit is not None:
            self._differences.append(abs(transit - self._transit))
            self.usual = median(self._differences)
        self._transit = transit
