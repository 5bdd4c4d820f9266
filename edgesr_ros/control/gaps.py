"""Which frames of a stream a receiver waits for."""

from collections.abc import Collection

from edgesr_ros.control.arrivals import AHEAD, LATE
from edgesr_ros.control.report import Missing

_MOST = 32  # frames told as missing: who misses more of them is helped by none
_REMEMBERED = 512  # frames


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
