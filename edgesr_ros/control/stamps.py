"""What header stamps are good for: they say when a picture was taken, if at all. They tell no frames apart.

Cameras leave them at 0, repeat them, count whole seconds or start before 1970; drivers play them backwards.
"""

from typing import Final

# A stamp further back than this is no straggler: the recording started over, or the clock was set.
RESTART_NS: Final = 2_000_000_000
_SECOND_NS = 1_000_000_000
_WATCHED = 2.0  # s after the first odd stamp until all is said: a stamp in whole seconds stays for one
_FEWEST = 4  # frames


class StampOrder:
    """Tells the stamps that say when their picture was taken."""

    def __init__(self) -> None:
        self._last_ns: int | None = None

    def dated(self, stamp_ns: int) -> bool:
        """Whether this stamp, of the frame after the one before, may be the time at which it was taken.

        One that is repeated, or runs backwards, is not; one far before the last one is of a clock set back.
        """
        last, self._last_ns = self._last_ns, stamp_ns
        return last is None or stamp_ns > last or stamp_ns < last - RESTART_NS


class StampWatch:
    """Says once what is wrong with the stamps of a camera."""

    def __init__(self) -> None:
        self._last_ns: int | None = None
        self._since: float | None = None  # when the first odd one came
        self._frames = self._repeated = self._backwards = 0  # since then
        self._whole = True  # only whole seconds
        self._told = False

    def frame(self, now: float, stamp_ns: int) -> str | None:
        """A frame came at `now`, s; returns what is wrong when it is certain, and then never again."""
        last, self._last_ns = self._last_ns, stamp_ns
        repeated = stamp_ns == last
        backwards = last is not None and last - RESTART_NS <= stamp_ns < last
        if self._since is None and (repeated or backwards or stamp_ns < 0):
            self._since = now
        if self._told or self._since is None:
            return None
        self._frames += 1
        self._repeated += repeated
        self._backwards += backwards
        self._whole = self._whole and stamp_ns % _SECOND_NS == 0
        if now < self._since + _WATCHED or self._frames < _FEWEST:
            return None
        self._told = True
        return self._wrong(stamp_ns)

    def _wrong(self, stamp_ns: int) -> str:
        if self._repeated == self._frames:
            still = f"stand still at {stamp_ns / _SECOND_NS:g} s"
            return "header stamps are never set, all are 0" if stamp_ns == 0 else f"header stamps {still}"
        if self._backwards:
            return f"header stamps run backwards, {self._backwards} of {self._frames}"
        if self._repeated and self._whole:
            return "header stamps are whole seconds"
        if self._repeated:
            return f"header stamps repeat the one before, {self._repeated} of {self._frames}"
        return "header stamps are negative, before 1970"
