"""What a link carries, by the time that it takes for each frame."""

from collections import deque
from statistics import median

_SAMPLES = 7  # frames: the median follows a change after four, and is not impressed by three odd ones
_CREDIBLE = 1.5  # times the better of the last two samples: a median that lags behind a fall is not believed
_GROWTH = 3.0  # times: how much faster than the estimate one frame may say that the link is
_SHORTEST = 1e-4  # s


class CapacityEstimator:
    """Bytes per second that the link carries.

    Args:
        start: bytes per second, until frames have arrived.
    """

    def __init__(self, start: float) -> None:
        self.rate = start
        self._samples: deque[float] = deque(maxlen=_SAMPLES)

    def add(self, size: int, seconds: float, urgent: bool) -> None:
        """The link was busy for `seconds` with a frame of `size` bytes.

        `urgent`: the frame was overtaken by the time; then a link that is slower is believed at once.
        """
        # A short time is mostly noise: a link that is much faster shows so again with the next, larger frame.
        sample = min(size / max(seconds, _SHORTEST), _GROWTH * self.rate)
        self._samples.append(sample)
        last_two = list(self._samples)[-2:]
        usual = min(median(self._samples), _CREDIBLE * max(last_two)) if len(self._samples) > 2 else sample
        self.rate = min(usual, sample) if urgent else usual
