"""Whether frames take longer because the link is slower, or because the way is longer.

A handover, or another route, adds the same delay to every frame. A link that is slower, or a queue, adds more
to a large frame than to a small one. While all frames are alike the two cannot be told apart. So when the
link seems to carry less than it did, and now and then, a trial sends large and small frames in turn, each
when the link had ample time for those before it: then none waits for another of ours, and a queue of ours
has drained. BBR sends next to nothing for a moment to see the propagation (draft-ietf-ccwg-bbr, section
5.3.4, ProbeRTT); a link of 100 kbit/s takes long for the least frame too, hence two sizes.
"""

import math
from itertools import pairwise
from statistics import median

_DOUBT = 0.8  # of the rate that there was: less makes a trial …
_LASTING = 2.0  # … where it lasts so many seconds, as a link's own dips do not, …
_PAUSE = 5.0  # … and the trial before is so many seconds past, twice as many after each that finds nothing …
_LONGEST_PAUSE = 20.0  # … up to this: on a link that changes all the time trials would cost too much
_ROUTINE = 30.0  # s after which the delay of a link that is in full use is tried in any case
_FRAMES = 8  # of a trial
_MOST_SENT = 3 * _FRAMES  # some are lost, and some had to wait
_LARGE = 1.5  # of what is planned …
_CONTRAST = 3  # … and a large frame by a small one: in the mean no rate is lost
_LEAST_CONTRAST = 1.2  # two frames more alike tell nothing
_CERTAIN = 0.15  # of the least delay seen, or the longest transmission: a change of less passes for noise …
_NOISE = 0.003  # s; … and so does one of less than this

_JITTERS = 2.0  # times the usual one are noise as well


class DelayTrial:
    """Decides when to try, with which sizes, and what came of it. Times are seconds.

    Attributes:
        running: frames are to be of `size`, and each to find the link empty.
    """

    def __init__(self) -> None:
        self.running = False
        self._best = 0.0  # bytes per second since the last verdict
        self._doubt_since = math.inf
        self._verdict: float | None = None  # when; or when the link was seen first
        self._pause = _PAUSE
        self._not_before = -math.inf
        self._sent = self._turns = 0
        self._planned: dict[object, float] = {}  # bytes, of each sender
        self._seen: list[tuple[int, float]] = []  # bytes, delay

    def watch(self, now: float, rate: float, most: float) -> None:
        """The link carries `rate` bytes per second, and there is use for `most`; may begin a trial."""
        if self._verdict is None:
            self._verdict = now
        useful = min(rate, most)
        self._best = max(self._best, useful)
        self._doubt_since = math.inf if useful >= _DOUBT * self._best else min(self._doubt_since, now)
        due = min(self._doubt_since + _LASTING, self._verdict + _ROUTINE if rate < most else math.inf)
        if not self.running and now >= max(due, self._not_before):
            self.running, self._planned, self._seen = True, {}, []
            self._sent = self._turns = 0

    def size(self, planned: float, largest: float, least: float, sender: object = None) -> float:
        """Bytes of a sender's next frame in a trial, at whose beginning they were `planned` to be so many."""
        large = min(max(self._planned.setdefault(sender, planned) * _LARGE, 2 * least), largest)
        return max(large / _CONTRAST, least) if self._turns % 2 else large

    def sent(self, now: float, alone: bool) -> None:
        """A frame went out; `alone`: none before it is in its way, so that it can tell something."""
        self._sent += 1
        self._turns += alone
        if self.running and self._sent > _MOST_SENT:
            self._end(now)

    def arrived(self, now: float, size: int, delay: float, propagation: float, jitter: float = 0.0) -> float:
        """A frame that travelled alone took `delay`, of which `propagation` was thought not to be its own.

        A usual `jitter` is what any frame may take longer.

        Returns:
            At the end of a trial by how much the propagation has changed at least; 0 where it has not, as
            far as can be told, and at any other time.
        """
        if not self.running:
            return 0.0
        self._seen.append((size, delay))
        if len(self._seen) < _FRAMES:
            return 0.0
        change = self._change(propagation, max(_NOISE, _JITTERS * jitter))
        if change is not None:
            self._best, self._verdict = 0.0, now
            self._pause = _PAUSE if change else min(2 * self._pause, _LONGEST_PAUSE)
        self._end(now)
        return change or 0.0

    def _end(self, now: float) -> None:
        self.running, self._doubt_since = False, math.inf
        self._not_before = now + self._pause

    def _change(self, propagation: float, noise: float) -> float | None:
        """What is left of the delays without the time for the bytes; None where sizes differ too little."""
        slopes = [
            (delay - before) / (size - other)
            for (other, before), (size, delay) in pairwise(self._seen)
            if max(size, other) > _LEAST_CONTRAST * min(size, other)
        ]
        if len(slopes) < _FRAMES // 2:
            return None
        slope = max(median(slopes), 0.0)
        left = [delay - propagation - size * slope for size, delay in self._seen]
        if min(left) > max(noise, _CERTAIN * min(delay - propagation for _, delay in self._seen)):
            return min(left)
        if max(left) < -max(noise, _CERTAIN * slope * max(size for size, _ in self._seen)):
            return max(left)
        return 0.0
