"""What the receiver tells the sender about arrivals; the pairs ride in a diagnostic_msgs message."""

import math
from collections import deque
from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

from edgesr_ros.control.stamps import RESTART_NS
from edgesr_ros.errors import InputError
from edgesr_ros.schema import Struct, convert

Order = Literal["new", "duplicate", "out_of_order"]
Count = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(ge=0)]

# Frames: a number further back is of a robot that began anew, and so is one further ahead. It takes a random
# one then, out of so many that it is never near by chance.
_LATE = 256
_AHEAD = 1 << 16
# Networks duplicate packets within moments: a second or more of frames is plenty to remember.
_REMEMBERED = 64
# Earlier arrivals told again in each report, about 20 bytes each: so many reports in a row may get lost.
_TOLD_AGAIN = 3


class Arrival(NamedTuple):
    """A frame's header stamp, when it arrived on the receiver's clock, and its number where it has one."""

    stamp_ns: int
    arrival_ns: int
    number: int | None = None


class ArrivalReport(Struct, forbid_unknown_fields=False):  # a newer receiver may say more
    """One frame arrived.

    The totals and the repeated arrivals make good for reports that got lost.

    Attributes:
        stamp_ns: its header stamp, those before 1970 as 0: what senders that do not number frames know it by.
        frames: frames that have arrived so far, duplicates not counted.
        bytes: their sizes added up.
        arrival_ns: when, on the receiver's clock; only differences mean something to the sender.
        recent: the arrivals before this one, newest first; as text "stamp:arrival …", both in ns before
            this frame's, and beside it in `recent_numbers` how far their numbers were before this one's.
            Older receivers leave it out, and what follows too.
        decode_s: how long decoding took.
        display_s: from arrival to display, of the last picture shown.
        number: of the frame, as its format says it; None: the sender does not number its frames.
    """

    stamp_ns: Count
    frames: Count
    bytes: Count
    arrival_ns: Count
    recent: tuple[Arrival, ...] = ()
    decode_s: Seconds | None = None
    display_s: Seconds | None = None
    number: Count | None = None

    def to_pairs(self) -> dict[str, str]:
        """As text, for diagnostic_msgs/KeyValue; what is not known is left out."""
        known = {key: value for key, value in msgspec.structs.asdict(self).items() if value not in (None, ())}
        if self.recent:
            known["recent"] = " ".join(
                f"{self.stamp_ns - stamp}:{self.arrival_ns - arrival}" for stamp, arrival, _ in self.recent
            )
            numbers = [told.number for told in self.recent if told.number is not None]
            if self.number is not None and len(numbers) == len(self.recent):
                known["recent_numbers"] = " ".join(f"{self.number - number}" for number in numbers)
        return {
            key: f"{value:.4f}" if isinstance(value, float) else f"{value}" for key, value in known.items()
        }

    @classmethod
    def from_pairs(cls, pairs: Mapping[str, str]) -> "ArrivalReport":
        """The inverse of `to_pairs`; keys that it does not know are ignored.

        Raises:
            InputError: a key is missing, or its value is not a number from 0 up as described.
        """
        values: dict[str, object] = dict(pairs)
        recent, numbers = values.pop("recent", ""), values.pop("recent_numbers", "")
        report = convert(values, cls, "arrival report", from_text=True)
        try:
            arrivals = []
            for told in str(recent).split()[:_REMEMBERED]:
                stamp, arrival = told.split(":")
                arrivals.append(Arrival(report.stamp_ns - int(stamp), report.arrival_ns - int(arrival)))
        except ValueError:
            raise InputError("arrival report: expected `stamp:arrival …` in ns - at `$.recent`") from None
        if report.number is not None and numbers:
            try:
                differences = [int(told) for told in str(numbers).split()[:_REMEMBERED]]
            except ValueError:
                raise InputError("arrival report: expected numbers - at `$.recent_numbers`") from None
            arrivals = [
                told._replace(number=report.number - difference)
                for told, difference in zip(arrivals, differences, strict=False)
            ]
        return msgspec.structs.replace(report, recent=tuple(arrivals))

    @property
    def arrivals(self) -> tuple[Arrival, ...]:
        """This frame's arrival and the recent ones, oldest first."""
        return (*reversed(self.recent), Arrival(self.stamp_ns, self.arrival_ns, self.number))


class _Sequence:
    """What a frame is by its number or its stamp, which grow from frame to frame.

    Args:
        late: how far back one may be and still be of the same run of the sender; further back it began anew.
        ahead: how far ahead one may be.
        unique: no later run comes by the same ones; a recording that starts over does.
    """

    def __init__(self, late: float, ahead: float, unique: bool) -> None:
        self._late, self._ahead, self._unique = late, ahead, unique
        self._newest: int | None = None
        self._former: int | None = None  # newest of the run before
        self._seen: deque[int] = deque(maxlen=_REMEMBERED)

    def order_of(self, key: int) -> Order:
        """What a frame of this key would be if it arrived now."""
        if self._newest is None:
            return "new"
        straggler = self._former is not None and 0 <= self._former - key <= self._late
        if self._another_run(key) and not straggler:
            return "new"
        if key in self._seen:
            return "duplicate"
        return "out_of_order" if straggler or key < self._newest else "new"

    def note(self, key: int) -> None:
        """It arrived, and is no duplicate."""
        if self.order_of(key) == "new":
            if self._another_run(key):
                if self._unique:
                    self._former = self._newest
                else:
                    self._seen.clear()
            self._newest = key
        self._seen.append(key)

    def _another_run(self, key: int) -> bool:
        return self._newest is not None and not -self._late <= key - self._newest <= self._ahead


class ArrivalLog:
    """Counts arrivals on the receiver's side.

    Attributes:
        duplicates: frames that came again.
        reordered: frames that came after a newer one.
        order: which of them the last frame was; only a "new" one is to be shown.
        display_s: from arrival to display, of the last picture shown; set by who shows it.
    """

    def __init__(self) -> None:
        self.duplicates = 0
        self.reordered = 0
        self.order: Order = "new"
        self.display_s: float | None = None
        self._frames = 0
        self._bytes = 0
        self._stamps = _Sequence(RESTART_NS, math.inf, unique=False)
        self._numbers = _Sequence(_LATE, _AHEAD, unique=True)
        self._recent: deque[Arrival] = deque(maxlen=_TOLD_AGAIN)  # newest first

    def order_of(self, stamp_ns: int, number: int | None = None) -> Order:
        """What a frame of this stamp would be if it arrived now; where it has a number, that counts alone."""
        return self._stamps.order_of(stamp_ns) if number is None else self._numbers.order_of(number)

    def arrived(
        self,
        now_ns: int,
        stamp_ns: int,
        size: int,
        decode_s: float | None = None,
        number: int | None = None,
    ) -> ArrivalReport:
        """Note a frame of `size` bytes, and say so. Duplicates are reported too, with unchanged totals."""
        self.order = self.order_of(stamp_ns, number)
        told_again = tuple(self._recent)
        told_ns = max(stamp_ns, 0)  # what all senders read; a number says which frame it is
        if self.order == "duplicate":
            self.duplicates += 1
        else:
            self._frames += 1
            self._bytes += size
            self.reordered += self.order == "out_of_order"
            if number is None:
                self._stamps.note(stamp_ns)
            else:
                self._numbers.note(number)
            self._recent.appendleft(Arrival(told_ns, now_ns, number))
        return ArrivalReport(
            stamp_ns=told_ns,
            frames=self._frames,
            bytes=self._bytes,
            arrival_ns=now_ns,
            recent=told_again,
            decode_s=decode_s,
            display_s=self.display_s,
            number=number,
        )
