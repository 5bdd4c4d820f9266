"""Where the delay of a frame comes from: propagation, waiting behind other frames, its own transmission.

Sender's and receiver's clocks differ by an unknown offset. Wherever a time on the receiver's clock meets
one on the sender's, "propagation" contains that offset; it cancels out of every difference.
"""

import math
from collections import deque

_WINDOW = 30.0  # s that a lowest delay is believed: routes change, and clocks drift (50 ppm: 1.5 ms in 30 s)
FIRST_SMALL = 3  # frames: the sender begins with so many of the least size, one a source period
_FIRST = 10  # frames
_INSTANT = 1e-4  # s
_LASTING = 5  # frames through which a link is faster


class Propagation:
    """The lowest one-way delay of late, without the time that the link took for the frame itself."""

    def __init__(self) -> None:
        self._lowest: deque[tuple[float, float]] = deque()  # (when, delay), delays increasing
        self._first = 0
        self._rates: deque[float] = deque(maxlen=_LASTING)
        self._guessed = True  # that rate, as nothing is known at the start
        self._contained = 0.0, 0.0  # bytes that were taken out of the lowest delay, at so many per second

    @property
    def seconds(self) -> float | None:
        """Offset of the clocks included; None before the first frame."""
        return self._lowest[0][1] if self._lowest else None

    @property
    def settled(self) -> bool:
        """Enough frames have arrived to tell propagation from transmission."""
        return self._first == _FIRST

    def arrived(self, sent: float, arrived: float, size: int, rate: float, anew: bool = False) -> float:
        """A frame arrived over a link that carries about `rate` bytes per second.

        `anew`: those before it had to wait, and their delays tell no more than that it is not longer.

        Returns:
            By how many seconds it was faster than can be told from any of late: then those had to queue
            behind what others sent, and its own time tells nothing of the link. 0 if it was not.
        """
        delay = arrived - sent
        self._clear(rate)
        less = math.inf if self.seconds is None else self._expected(size) - delay
        if 0 < less < math.inf and not anew and self._contained[0]:
            self._lower(less)
        elif less > 0 or anew:
            contained = min(size, math.inf if anew else less * rate)
            if self.seconds is None or delay - contained / rate < self.seconds:
                self._note(sent, delay - contained / rate)
                self._contained = contained, rate
        elif size < self._contained[0] and delay <= self._expected(math.inf) + _INSTANT:
            # As fast as a larger one: then it is nearer to the propagation, whatever the link carries. An
            # estimate that has fallen since, as of a link that stalled, is not what it went by.
            fastest = max(rate, self._contained[1])
            self._lower(self._lowest[0][1] - (delay - size / fastest))
            self._contained = size, fastest
        if not self.settled:
            self._first += 1
        return max(less, 0.0)

    def _lower(self, seconds: float) -> None:
        self._lowest = deque((when, delay - seconds) for when, delay in self._lowest)

    def _expected(self, size: float) -> float:
        """The least delay of a frame of `size` bytes, as far as they are as many as in the lowest delay."""
        contained, known = self._contained
        return self._lowest[0][1] + (min(size, contained) / known if contained else 0.0)

    def _clear(self, rate: float) -> None:
        """The link is found to be faster: the frame of the lowest delay was itself the less time on it.

        Were its delay taken for all propagation, no time would be left for the next one of its size, and the
        link would seem to be without limits.
        """
        self._rates.append(rate)
        contained, known = self._contained
        rate = min(self._rates)  # one estimate that is too high must not last
        if contained and rate > known:
            raised = self._lowest[0][1] + contained / known - contained / rate
            self._lowest = deque((when, max(delay, raised)) for when, delay in self._lowest)
            self._contained, self._guessed = (contained, rate), False

    def queued(self, rate: float) -> None:
        """Frames that waited for each other tell that the link carries `rate`, whatever the propagation is.

        What was taken out by a guess that was too high is too little.
        """
        contained, known = self._contained
        if self._guessed and contained and rate < known:
            self._lower(contained / rate - contained / known)
            self._contained, self._guessed = (contained, rate), False

    def refresh(self, sent: float, delay: float) -> None:
        """A frame took `delay`, its own transmission by estimate not counted.

        An estimate never lowers the propagation, as it may be of a link that was slower. But where all
        frames are large, it keeps their transmission from passing for propagation after a while.
        """
        self._note(sent, max(delay, self._lowest[0][1]))

    def change(self, sent: float, seconds: float) -> None:
        """From the frame sent at `sent` on the way takes `seconds` longer: what was lowest is past."""
        if seconds:
            delay = self._lowest[0][1] + seconds
            self._lowest.clear()
            self._note(sent, delay)
            self._contained = 0.0, 0.0

    def _note(self, sent: float, delay: float) -> None:
        while self._lowest and self._lowest[-1][1] >= delay:
            self._lowest.pop()
        self._lowest.append((sent, delay))
        while self._lowest[0][0] < sent - _WINDOW:
            self._lowest.popleft()
            self._contained = 0.0, 0.0


class RunningMean:
    """Smoothed mean and mean deviation (RFC 6298, section 2)."""

    _GAIN = 1 / 8
    _DEVIATION_GAIN = 1 / 4
    _FIRST_DEVIATION = 0.01  # s; half the first value, as in the RFC, where that contains no clock's offset

    def __init__(self) -> None:
        self.mean: float | None = None
        self.deviation = self._FIRST_DEVIATION

    def add(self, value: float) -> None:
        """Take one more value into account."""
        if self.mean is None:
            self.mean = value
            return
        self.deviation += self._DEVIATION_GAIN * (abs(value - self.mean) - self.deviation)
        self.mean += self._GAIN * (value - self.mean)
