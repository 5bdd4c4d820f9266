"""What a link carries, by the time that it takes for each frame."""

from collections import deque
from statistics import median

_SAMPLES = 7  # frames: the median follows a change after four, and is not impressed by three odd ones
_CREDIBLE = 1.5  # times the better of the last two samples: a median that lags behind a fall is not believed
_GROWTH = 3.0  # times: how much faster than the estimate one frame may say that the link is
_SHORTEST = 1e-4  # s
_TOGETHER = 1500  # bytes: smaller frames make one sample, or their jitter would be all that it tells
_MEAN_JITTER = 1.4  # times the usual: of delays distributed exponentially; of uniform ones it is 1.7
_SURELY = 0.3  # of the time that frames took is their own in any case


class CapacityEstimator:
    """Bytes per second that the link carries.

    Args:
        start: bytes per second, until frames have arrived.
    """

    def __init__(self, start: float) -> None:
        self.rate = start
        self._samples: deque[float] = deque(maxlen=_SAMPLES)
        self._together: list[tuple[int, float, float]] = []

    def add(self, size: int, seconds: float, jitter: float, urgent: bool) -> None:
        """The link was busy for `seconds` with a frame of `size` bytes, that of a usual `jitter` included.

        `urgent`: the frame was overtaken by the time; then a link that is slower is believed at once.
        """
        if urgent:
            self.rate = min(self._sampled(size, seconds, jitter), self.rate)
            return
        self._together.append((size, seconds, jitter))
        size, seconds, noise = map(sum, zip(*self._together, strict=True))
        if size >= _TOGETHER:
            self._sampled(size, seconds, noise)
            self._together.clear()

    def at_least(self, rate: float) -> None:
        """The link carries so many bytes per second, as is known otherwise."""
        self._samples = deque((max(sample, rate) for sample in self._samples), maxlen=_SAMPLES)
        self._together.clear()
        self.rate = max(self.rate, rate)

    def _sampled(self, size: float, seconds: float, jitter: float) -> float:
        """Takes note of what the link took for so many bytes, and returns what that tells alone."""
        seconds = max(seconds - _MEAN_JITTER * jitter, _SURELY * seconds, _SHORTEST)
        # A short time is mostly noise: a link that is much faster shows so again with the next, larger frame.
        sample = min(size / seconds, _GROWTH * self.rate)
        self._samples.append(sample)
        last_two = list(self._samples)[-2:]
        few = len(self._samples) <= 2
        self.rate = sample if few else min(median(self._samples), _CREDIBLE * max(last_two))
        return sample
