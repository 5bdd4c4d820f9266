"""How far another machine's clock is ahead, from messages in both directions.

A message never arrives before it is sent. So each one that comes tells how much the other clock is ahead at
least, and each one that is answered how much at most; the fastest message of each direction tells most.
The sum of both is the round trip: the least uncertainty that messages alone can give (NTP, RFC 5905,
section 8; there the bounds of one exchange, here the best bounds of many).
"""

import math
from typing import NamedTuple

_DRIFT = 1e-4  # s per s: twice what a bad quartz does; old bounds loosen by it


class Estimate(NamedTuple):
    """A time in s, known to plus or minus `uncertainty` s."""

    seconds: float
    uncertainty: float


class ClockOffset:
    """Estimates `their clock - our clock`.

    All times are seconds; `now` and `sent` on our clock, `theirs` on theirs.
    """

    def __init__(self) -> None:
        self._forget()

    def heard(self, now: float, theirs: float) -> None:
        """A message that they sent, or a picture that they took, at `theirs` is here."""
        least, _ = self._bounds(now)
        if theirs - now > least:
            self._least = (now, theirs - now)
            self._check(now)

    def answered(self, now: float, sent: float, theirs: float) -> None:
        """What we sent at `sent` was there at `theirs`, as an answer says."""
        _, most = self._bounds(now)
        if theirs - sent < most:
            self._most = (now, theirs - sent)
            self._check(now)

    def offset(self, now: float) -> Estimate | None:
        """Their clock minus ours; None until messages went both ways."""
        least, most = self._bounds(now)
        if math.isinf(least) or math.isinf(most):
            return None
        return Estimate((least + most) / 2, (most - least) / 2)

    def age(self, now: float, theirs: float) -> Estimate | None:
        """How long ago their clock showed `theirs`.

        Never negative, as the bounds that would make it so are left out; None while it is not known, and
        where their clock cannot have shown it yet.
        """
        least, most = self._bounds(now)
        if math.isinf(least) or math.isinf(most):
            return None
        youngest, oldest = max(now + least - theirs, 0.0), now + most - theirs
        if oldest < 0:
            return None
        return Estimate((youngest + oldest) / 2, (oldest - youngest) / 2)

    def _bounds(self, now: float) -> tuple[float, float]:
        return self._least[1] - _DRIFT * (now - self._least[0]), self._most[1] + _DRIFT * (
            now - self._most[0]
        )

    def _check(self, now: float) -> None:
        """Where the bounds contradict each other a clock was set: only the newer one still holds."""
        least, most = self._bounds(now)
        if least <= most:
            return
        newest = self._least if self._least[0] >= self._most[0] else self._most
        was_least = newest is self._least
        self._forget()
        if was_least:
            self._least = newest
        else:
            self._most = newest

    def _forget(self) -> None:
        self._least = (0.0, -math.inf)  # (when, bound)
        self._most = (0.0, math.inf)
