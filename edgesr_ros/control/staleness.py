"""When the newest picture is too old to be taken for a live one."""

from collections import deque
from statistics import median_low

_PERIODS = 2.5  # of the stream's own: one picture that is lost, and the next one late, is no news
_REMEMBERED = 5  # periods


class Staleness:
    """Whether a stream of pictures has stopped: by its own rate, which may be that of a slow camera.

    Args:
        now: s, when the stream is looked at first, as all times on one clock that does not go backwards.

    Attributes:
        stale: what `check` said last.
    """

    def __init__(self, now: float) -> None:
        self.stale = False
        self._last = now
        self._shown = False
        self._periods: deque[float] = deque(maxlen=_REMEMBERED)

    def shown(self, now: float) -> None:
        """A fresh picture is on the screen."""
        if self._shown:
            self._periods.append(now - self._last)
        self._last, self._shown = now, True

    def check(self, now: float, stale_after: float) -> bool:
        """Whether no picture came for `stale_after` s and for what is usual in this stream; if that is news.

        One gap among other periods is not usual: of those remembered the median counts.
        """
        usual = _PERIODS * median_low(self._periods) if self._periods else 0.0
        before, self.stale = self.stale, now - self._last > max(stale_after, usual)
        return self.stale != before
