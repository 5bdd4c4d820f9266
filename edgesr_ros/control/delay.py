"""Where the delay of a frame comes from: propagation, waiting behind other frames, its own transmission.

Sender's and receiver's clocks differ by an unknown offset. Wherever a time on the receiver's clock meets
one on the sender's, "propagation" contains that offset; it cancels out of every difference.
"""

from collections import deque
from itertools import pairwise
from typing import NamedTuple

_WINDOW = 30.0  # s that a lowest delay is believed: routes change, and clocks drift (50 ppm: 1.5 ms in 30 s)
FIRST_SMALL = 3  # frames: the sender begins with so many of the least size, one a source period
_FIRST = 10  # frames
_STRETCH = 0.003  # s: frames that arrive so much further apart than they were sent had to queue
_INSTANT = 1e-4  # s


class _Trip(NamedTuple):
    sent: float
    arrived: float
    size: int

    @property
    def delay(self) -> float:
        return self.arrived - self.sent


class Propagation:
    """The lowest one-way delay of late, without the time that the link took for the frame itself."""

    def __init__(self) -> None:
        self._lowest: deque[tuple[float, float]] = deque()  # (when, delay), delays increasing
        self._first: list[_Trip] = []

    @property
    def seconds(self) -> float | None:
        """Offset of the clocks included; None before the first frame."""
        return self._lowest[0][1] if self._lowest else None

    @property
    def settled(self) -> bool:
        """Enough frames have arrived to tell propagation from transmission."""
        return len(self._first) == _FIRST

    def arrived(self, sent: float, arrived: float, size: int) -> float:
        """A frame arrived; returns the propagation as it is known then."""
        trip = _Trip(sent, arrived, size)
        if self.seconds is None or trip.delay < self.seconds:
            self._note(sent, trip.delay)
        if not self.settled:
            self._first.append(trip)
            if len(self._first) in (FIRST_SMALL, _FIRST):
                self._correct(sent)
        assert self._lowest
        return self._lowest[0][1]

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

    def _note(self, sent: float, delay: float) -> None:
        while self._lowest and self._lowest[-1][1] >= delay:
            self._lowest.pop()
        self._lowest.append((sent, delay))
        while self._lowest[0][0] < sent - _WINDOW:
            self._lowest.popleft()

    def _correct(self, sent: float) -> None:
        """Take the transmission out of the lowest delay among the first frames, which are small."""
        small, later = self._first[:FIRST_SMALL], self._first[FIRST_SMALL:]
        lowest = min(small, key=lambda trip: trip.delay)
        pairs = list(pairwise(small))
        if all(
            b.arrived - a.arrived > b.sent - a.sent + _STRETCH and b.size < 2 * a.size for a, b in pairs
        ):  # they queued: the link is known by how far apart it let them out
            rates = [b.size / (b.arrived - a.arrived) for a, b in pairs]
        else:  # known by how much longer larger frames take; the fastest was disturbed least
            rates = [
                (trip.size - lowest.size) / max(trip.delay - lowest.delay, _INSTANT)
                for trip in later
                if trip.size >= 2 * lowest.size
            ]
        if rates:
            transmission = lowest.size / max(rates)
            self._note(sent, min(self._lowest[0][1], lowest.delay - transmission))


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
