"""Piecewise constant capacity, integrated and inverted exactly: what schedules and traces are made of."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate

# kbit: rounding of sums over hours. A frame that just fits in before an outage must not wait for its end.
_ROUNDING = 1e-6


class Curve:
    """Capacity in pieces of constant rate from time 0 on; the last holds for ever, or all begin again.

    Args:
        seconds: length of each piece; the last may be infinite unless they repeat.
        kbps: its capacity, 1000 bit per second; infinite is no limit.
        repeat: whether the pieces begin again after the last.
    """

    def __init__(self, seconds: Sequence[float], kbps: Sequence[float], repeat: bool) -> None:
        ends = list(accumulate(seconds))
        self._period = ends[-1] if repeat else math.inf
        self._ends = ends if repeat else [*ends[:-1], math.inf]
        self._starts = [0.0, *self._ends[:-1]]
        self._kbps = list(kbps)
        # kbit carried before each piece and up to its end; unlimited ones carry nothing here, see _unlimited.
        limited = [0.0 if math.isinf(rate) else rate for rate in kbps]
        carried = (
            rate * (end - start) if rate else 0.0
            for rate, start, end in zip(limited, self._starts, self._ends, strict=True)
        )
        self._kbit_after = list(accumulate(carried))
        self._kbit_before = [0.0, *self._kbit_after[:-1]]
        self._limited = limited
        self._unlimited = [piece for piece, rate in enumerate(kbps) if math.isinf(rate)]

    def piece_at(self, t: float) -> int:
        """Index of the piece in force at `t`."""
        return max(0, bisect_right(self._starts, t - self._round_start(t)) - 1)

    def kbps_at(self, t: float) -> float | None:
        """Capacity at `t` seconds; None where there is no limit."""
        kbps = self._kbps[self.piece_at(t)]
        return None if math.isinf(kbps) else kbps

    def kbit(self, start: float, end: float) -> float:
        """What goes through from `start` to `end`, kbit; infinite where there is no limit in between."""
        if end <= start:
            return 0.0
        if self._next_unlimited(start) < end:
            return math.inf
        return max(0.0, self._integral(end) - self._integral(start))

    def finish(self, start: float, size: float) -> float:
        """When the last of `size` bytes is through, of which the first begins at `start`.

        Exact: the time at which the integral of the capacity since `start` reaches `size`. Infinite where
        that never happens.
        """
        if math.isinf(start):
            return math.inf
        through = self._reached(self._integral(start) + size * 8 / 1000)
        return min(max(start, through), self._next_unlimited(start))

    def _round_start(self, t: float) -> float:
        return math.floor(t / self._period) * self._period if math.isfinite(self._period) else 0.0

    def _integral(self, t: float) -> float:
        """kbit from 0 to `t`, without the unlimited pieces."""
        begin = self._round_start(t)
        piece = self.piece_at(t)
        rounds = round(begin / self._period) * self._kbit_after[-1] if begin else 0.0
        rate = self._limited[piece]
        here = rate * (t - begin - self._starts[piece]) if rate else 0.0
        return rounds + self._kbit_before[piece] + here

    def _reached(self, kbit: float) -> float:
        """The first time at which the integral from 0 is `kbit`."""
        begin = 0.0
        if math.isfinite(self._period):
            a_round = self._kbit_after[-1]
            if a_round == 0:
                return math.inf
            rounds = max(0, math.ceil((kbit - _ROUNDING) / a_round) - 1)
            begin = rounds * self._period
            kbit -= rounds * a_round
        piece = bisect_left(self._kbit_after, kbit - _ROUNDING)
        if piece == len(self._starts):
            return math.inf
        rate = self._limited[piece]
        after = (kbit - self._kbit_before[piece]) / rate if rate else 0.0
        return begin + min(self._starts[piece] + after, self._ends[piece])

    def _next_unlimited(self, t: float) -> float:
        """The first time from `t` on at which there is no limit."""
        if not self._unlimited:
            return math.inf
        begin = self._round_start(t)
        for piece in self._unlimited:
            if begin + self._ends[piece] > t:
                return max(t, begin + self._starts[piece])
        return begin + self._period + self._starts[self._unlimited[0]]
