"""Whether frames take longer because the link is slower, or because the way is longer.

A handover, or another route, adds the same delay to every frame. A link that is slower, or a queue, adds more
to a large frame than to a small one. While all frames are alike the two cannot be told apart, so when the
link seems to carry less than it did, a trial sends small and large frames in turn, each only when all before
it are reported: then none waits for another of ours, and a queue of ours would have drained. It is what
BBR does when it sends next to nothing for a moment to see the propagation
(draft-ietf-ccwg-bbr, section 5.3.4, ProbeRTT), but a link of 100 kbit/s takes long for the least frame too,
hence two sizes.
"""

import math
from itertools import pairwise
from statistics import median

from edgesr_ros.control.policy import MIN_FRAME_BYTES

_DOUBT = 0.8  # of the rate that there was: less makes a trial …
_LASTING = 2.0  # … where it lasts so many seconds, as a link's own dips do not, …
_PAUSE = 5.0  # … and the trial before is so many seconds past, twice as many after each that finds nothing …
_LONGEST_PAUSE = 20.0  # … up to this: on a link that changes all the time trials would cost too much
_FRAMES = 8  # of a trial
_MOST_SENT = 3 * _FRAMES  # some are lost, and some do not travel alone
_LARGE = 1.5  # of what is planned …
_CONTRAST = 3  # … and a large frame by a small one: in the mean no rate is lost
_LEAST_CONTRAST = 1.2  # two frames more alike tell nothing
_CERTAIN = 0.25  # of the least delay seen: a rise of less passes for noise …
_NOISE = 0.003  # s; … and so does one of less than this


class DelayTrial:
    """Decides when to try, with which sizes, and what came of it.

    Attributes:
        running: frames are to be sent one at a time.
    """

    def __init__(self) -> None:
        self.running = False
        self._best = 0.0  # bytes per second since the last verdict
        self._doubt_since: float | None = None
        self._pause = _PAUSE
        self._not_before = -math.inf
        self._sent = self._turns = 0
        self._planned = 0.0  # bytes
        self._seen: list[tuple[int, float]] = []  # bytes; s beyond the propagation

    def watch(self, now: float, rate: float) -> None:
        """The link carries `rate` bytes per second, as far as there is use for it; begins a trial."""
        self._best = max(self._best, rate)
        if rate >= _DOUBT * self._best:
            self._doubt_since = None
        elif self._doubt_since is None:
            self._doubt_since = now
        elif not self.running and now >= max(self._doubt_since + _LASTING, self._not_before):
            self.running, self._planned, self._seen = True, 0.0, []
            self._sent = self._turns = 0

    def size(self, planned: float, largest: float) -> float:
        """Bytes of the next frame in a trial, at whose beginning frames were `planned` to be so large."""
        self._planned = self._planned or planned
        large = min(max(self._planned * _LARGE, 2 * MIN_FRAME_BYTES), largest)
        return max(large / _CONTRAST, MIN_FRAME_BYTES) if self._turns % 2 else large

    def sent(self, now: float, alone: bool) -> None:
        """A frame went out; `alone`: it can tell something."""
        self._sent += 1
        self._turns += alone
        if self.running and self._sent > _MOST_SENT:
            self._end(now)

    def arrived(self, now: float, size: int, delay: float) -> float:
        """A frame that travelled alone took `delay` seconds beyond the propagation.

        Returns:
            At the end of a trial by how many seconds the propagation has risen at least; 0 where it has not,
            as far as can be told, and at any other time.
        """
        if not self.running:
            return 0.0
        self._seen.append((size, delay))
        if len(self._seen) < _FRAMES:
            return 0.0
        if (rise := self._rise()) is not None:
            self._best = 0.0
            self._pause = _PAUSE if rise else min(2 * self._pause, _LONGEST_PAUSE)
        self._end(now)
        return rise or 0.0

    def _end(self, now: float) -> None:
        self.running, self._doubt_since = False, None
        self._not_before = now + self._pause

    def _rise(self) -> float | None:
        """What is left of the delays without the time for the bytes; None where sizes differ too little."""
        slopes = [
            (delay - before) / (size - other)
            for (other, before), (size, delay) in pairwise(self._seen)
            if max(size, other) > _LEAST_CONTRAST * min(size, other)
        ]
        if len(slopes) < _FRAMES // 2:
            return None
        slope = max(median(slopes), 0.0)
        rise = min(delay - size * slope for size, delay in self._seen)
        return rise if rise > max(_NOISE, _CERTAIN * min(delay for _, delay in self._seen)) else 0.0
