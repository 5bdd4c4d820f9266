"""The frames on the way."""

from collections import deque
from typing import NamedTuple

_REMEMBERED = 64  # frames: more are never on the way, and so many settled ones are still recognized


class SentFrame(NamedTuple):
    """A frame that went out.

    Attributes:
        number: of frames sent before it.
        stamp_ns: what reports know it by.
        sent: s.
        size: bytes.
        probe: it was sent into silence, to hear whether the link is back.
        alone: the link had ample time for those before it: it waited for none of ours.
    """

    number: int
    stamp_ns: int
    sent: float
    size: int
    probe: bool
    alone: bool


class Flight:
    """Frames sent and not settled; a report of one settles those sent before it, as links keep the order."""

    def __init__(self) -> None:
        self._sent = 0
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

    def add(self, now: float, stamp_ns: int, size: int, probe: bool, alone: bool) -> None:
        """A frame went out."""
        self._frames.append(SentFrame(self._sent, stamp_ns, now, size, probe, alone))
        self._sent += 1

    def find(self, stamp_ns: int) -> SentFrame | None:
        """The frame of that stamp, on the way or settled lately."""
        # Newest first: a recording that is played again repeats its stamps.
        frames = (*reversed(self._frames), *reversed(self._settled))
        return next((frame for frame in frames if frame.stamp_ns == stamp_ns), None)

    def settle(self, frame: SentFrame) -> tuple[SentFrame, ...] | None:
        """Take `frame` and those sent before it off the way.

        Returns:
            Those sent before it, which are lost, or late; None where `frame` was settled already.
        """
        if not self._frames or frame.number < self._frames[0].number:
            return None
        before = []
        while self._frames and self._frames[0].number <= frame.number:
            before.append(self._frames.popleft())
        self._settled.extend(before)
        return tuple(before[:-1])

    def between(self, after: int, last: int) -> list[SentFrame]:
        """The frames of the numbers (after, last] that are still remembered."""
        return [frame for frame in (*self._settled, *self._frames) if after < frame.number <= last]
