"""The frames on the way."""

from collections import deque
from typing import NamedTuple

_REMEMBERED = 64  # frames: more are never on the way, and so many settled ones are still recognized


class SentFrame(NamedTuple):
    """A frame that went out.

    Attributes:
        place: of frames sent before it.
        number: what reports know it by; None: they know it by its stamp.
        stamp_ns: of its header.
        sent: s.
        size: bytes.
        probe: it was sent into silence, to hear whether the link is back.
        uncounted: to a receiver that knows frames by their stamps it is the one before, come again.
        alone: the link had ample time for those before it: it waited for none of ours.
        sole: no other was on the way.
        ahead: bytes that went out since the frame before it and are no frame of their own, …
        ahead_since: … the first of them when, s.
    """

    place: int
    number: int | None
    stamp_ns: int
    sent: float
    size: int
    probe: bool
    uncounted: bool
    alone: bool
    sole: bool
    ahead: int = 0
    ahead_since: float = 0.0


class Flight:
    """Frames sent and not settled; a report of one settles those sent before it, as links keep the order."""

    def __init__(self) -> None:
        self._sent = 0
        self._last_ns: int | None = None
        self.behind = (0, 0.0)  # bytes that are no frame, sent after the last one; since when
        self.again: deque[int] = deque(maxlen=_REMEMBERED)  # numbers of frames that were sent again
        self._frames: deque[SentFrame] = deque(maxlen=_REMEMBERED)  # oldest first
        self._settled: deque[SentFrame] = deque(maxlen=_REMEMBERED)

    @property
    def frames(self) -> tuple[SentFrame, ...]:
        """Oldest first."""
        return tuple(self._frames)

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(frame.size for frame in self._frames)

    @property
    def only_probes(self) -> bool:
        """All that is on the way was sent into silence."""
        return all(frame.probe for frame in self._frames)

    def add(self, now: float, stamp_ns: int, number: int | None, size: int, probe: bool, alone: bool) -> None:
        """A frame went out."""
        uncounted = number is None and stamp_ns == self._last_ns
        self._frames.append(
            SentFrame(
                self._sent,
                number,
                stamp_ns,
                now,
                size,
                probe,
                uncounted,
                alone,
                not self._frames,
                *self.behind,
            )
        )
        self.behind = (0, 0.0)
        self._sent, self._last_ns = self._sent + 1, stamp_ns

    def add_bytes(self, now: float, size: int, again: int | None) -> None:
        """Bytes went out that are no frame of their own, perhaps of the frame `again`."""
        if again is not None:
            self.again.append(again)
        before, since = self.behind
        self.behind = (before + size, since if before else now)

    def find(self, stamp_ns: int, number: int | None) -> SentFrame | None:
        """The frame of that number, on the way or settled lately; of a report without one, of that stamp."""
        # Of the settled the newest first: a recording that is played again repeats its stamps. But a camera
        # that repeats one has several on the way, and they arrive in their order.
        frames = (*self._frames, *reversed(self._settled))
        if number is not None:
            return next((frame for frame in frames if frame.number == number), None)
        return next((frame for frame in frames if max(frame.stamp_ns, 0) == stamp_ns), None)

    def settle(self, frame: SentFrame) -> tuple[SentFrame, ...] | None:
        """Take `frame` and those sent before it off the way.

        Returns:
            Those sent before it, which are lost, or late; None where `frame` was settled already.
        """
        if not self._frames or frame.place < self._frames[0].place:
            return None
        before = []
        while self._frames and self._frames[0].place <= frame.place:
            before.append(self._frames.popleft())
        self._settled.extend(before)
        return tuple(before[:-1])

    def between(self, after: int, last: int) -> list[SentFrame]:
        """The frames of the places (after, last] that are still remembered."""
        return [frame for frame in (*self._settled, *self._frames) if after < frame.place <= last]
