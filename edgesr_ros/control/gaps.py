"""Which frames of a stream a receiver waits for, and when it says so."""

from collections.abc import Collection

from edgesr_ros.control.arrivals import AHEAD, LATE
from edgesr_ros.control.report import Missing

_MOST = 32  # frames told as missing: who misses more of them is helped by none
_REMEMBERED = 512  # frames
_EVERY = 0.06  # s between reports where all is well: frames of up to 16 Hz are each told at once
_FIRST = 10  # frames of a stream that are each told: the sender gets to know the link by them
_PAUSE = 0.2  # s without a frame that are no rhythm of theirs
_GAIN = 1 / 8
_ALL: frozenset[int] = frozenset()  # of the parts of a frame


class Gaps:
    """What is missing between the newest frame that was decoded and the newest that has come.

    All frames are known by their numbers, each 1 more than that of the frame sent before.

    Attributes:
        decoded: the newest that could be decoded; None: none.
    """

    def __init__(self) -> None:
        self.decoded: int | None = None
        self._newest: int | None = None  # of which anything has come
        self._whole: set[int] = set()
        self._parts: dict[int, tuple[frozenset[int], int]] = {}  # those that came, of how many

    def follows(self, number: int) -> bool:
        """Whether this is of the same run of the sender."""
        return self._newest is None or -LATE <= number - self._newest <= AHEAD

    def came(self, number: int) -> None:
        """A frame came, whole."""
        self._whole.add(number)
        self._parts.pop(number, None)
        self._note(number)

    def part_came(self, number: int, parts: Collection[int], count: int) -> None:
        """Of a frame of `count` parts these have come."""
        if number not in self._whole:
            self._parts[number] = frozenset(parts), count
            self._note(number)

    def was_decoded(self, number: int) -> None:
        """A frame could be decoded: those before it are not waited for any more."""
        if self.decoded is None or number > self.decoded:
            self.decoded = number

    def missing(self) -> tuple[Missing, ...]:
        """Oldest first. Parts that may still be on their way, behind the newest that came, do not count."""
        if self._newest is None:
            return ()
        first = min(self._whole | self._parts.keys()) if self.decoded is None else self.decoded + 1
        found = []
        for number in range(max(first, self._newest - _REMEMBERED), self._newest + 1):
            if number in self._whole:
                continue
            came, count = self._parts.get(number, (frozenset(), 0))
            last = max(came) if number == self._newest and came else count
            parts = tuple(part for part in range(last) if part not in came)
            if parts or not came:
                found.append(Missing(number, parts if came else ()))
        return tuple(found[-_MOST:])

    def _note(self, number: int) -> None:
        self._newest = number if self._newest is None else max(self._newest, number)
        oldest = self._newest - _REMEMBERED
        self._whole = {known for known in self._whole if known > oldest}
        self._parts = {known: parts for known, parts in self._parts.items() if known > oldest}


class ReportPace:
    """When to report: at once where frames are few or something is new, else as often as is of use.

    Attributes:
        hold: s that an arrival may have to wait before it is told.
    """

    def __init__(self) -> None:
        self.hold = 0.0
        self._frames = 0
        self._last_report = self._last_frame = 0.0
        self._interval: float | None = None  # s from frame to frame, smoothed
        self._known: dict[int, frozenset[int]] = {}  # what was told to be missing

    def due(self, now: float, frame: bool, missing: tuple[Missing, ...]) -> bool:
        """Whether to report now, s, when a whole frame came, or a part of one."""
        if frame:
            if self._frames:
                since = min(now - self._last_frame, _PAUSE)
                known = since if self._interval is None else self._interval
                self._interval = known + _GAIN * (since - known)
            self._frames += 1
            self._last_frame = now
        # A frame of which all was missing before has come in part: that is none.
        news = any(
            number not in self._known or not self._known[number].issuperset(parts)
            for number, parts in missing
            if self._known.get(number) != _ALL
        )
        interval = self._interval or 0.0
        # Rather half a frame too early than as much too late.
        waited = now - self._last_report >= _EVERY - interval / 2
        first = frame and self._frames <= _FIRST
        if not (first or news or (waited and (frame or missing))):
            return False
        self.told(now, missing)
        return True

    def told(self, now: float, missing: tuple[Missing, ...]) -> None:
        """A report goes out now, s."""
        self._known, self._last_report = {told.number: frozenset(told.parts) for told in missing}, now
        self.hold = 0.0 if self._frames < _FIRST else _EVERY + (self._interval or 0.0)
