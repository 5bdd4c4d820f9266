"""What the receiver tells the sender about arrivals; the pairs ride in a diagnostic_msgs message."""

from collections import deque
from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

from edgesr_ros.errors import InputError
from edgesr_ros.schema import Struct, convert

Order = Literal["new", "duplicate", "out_of_order"]
Count = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(ge=0)]

# A stamp further back than this is no straggler: the recording started over, or the clock was set.
RESTART_NS = 2_000_000_000
# Networks duplicate packets within moments: a second or more of frames is plenty to remember.
_REMEMBERED = 64
# Earlier arrivals told again in each report, about 20 bytes each: so many reports in a row may get lost.
_TOLD_AGAIN = 3


class Arrival(NamedTuple):
    """A frame's header stamp, and when it arrived on the receiver's clock."""

    stamp_ns: int
    arrival_ns: int


class ArrivalReport(Struct, forbid_unknown_fields=False):  # a newer receiver may say more
    """One frame arrived.

    The totals and the repeated arrivals make good for reports that got lost.

    Attributes:
        stamp_ns: its header stamp: what the sender knows it by.
        frames: frames that have arrived so far, duplicates not counted.
        bytes: their sizes added up.
        arrival_ns: when, on the receiver's clock; only differences mean something to the sender.
        recent: the arrivals before this one, newest first; as text "stamp:arrival …", both in ns before
            this frame's. Older receivers leave it out, and what follows too.
        decode_s: how long decoding took.
        display_s: from arrival to display, of the last picture shown.
    """

    stamp_ns: Count
    frames: Count
    bytes: Count
    arrival_ns: Count
    recent: tuple[Arrival, ...] = ()
    decode_s: Seconds | None = None
    display_s: Seconds | None = None

    def to_pairs(self) -> dict[str, str]:
        """As text, for diagnostic_msgs/KeyValue; what is not known is left out."""
        known = {key: value for key, value in msgspec.structs.asdict(self).items() if value not in (None, ())}
        if self.recent:
            known["recent"] = " ".join(
                f"{self.stamp_ns - stamp}:{self.arrival_ns - arrival}" for stamp, arrival in self.recent
            )
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
        recent = values.pop("recent", "")
        report = convert(values, cls, "arrival report", from_text=True)
        try:
            arrivals = []
            for told in str(recent).split()[:_REMEMBERED]:
                stamp, arrival = told.split(":")
                arrivals.append(Arrival(report.stamp_ns - int(stamp), report.arrival_ns - int(arrival)))
        except ValueError:
            raise InputError("arrival report: expected `stamp:arrival …` in ns - at `$.recent`") from None
        return msgspec.structs.replace(report, recent=tuple(arrivals))

    @property
    def arrivals(self) -> tuple[Arrival, ...]:
        """This frame's arrival and the recent ones, oldest first."""
        return (*reversed(self.recent), Arrival(self.stamp_ns, self.arrival_ns))


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
        self._newest_ns = -1
        self._seen: deque[int] = deque(maxlen=_REMEMBERED)
        self._recent: deque[Arrival] = deque(maxlen=_TOLD_AGAIN)  # newest first

    def order_of(self, stamp_ns: int) -> Order:
        """What a frame of this stamp would be if it arrived now."""
        if stamp_ns < self._newest_ns - RESTART_NS:
            return "new"
        if stamp_ns in self._seen:
            return "duplicate"
        return "out_of_order" if stamp_ns < self._newest_ns else "new"

    def arrived(self, now_ns: int, stamp_ns: int, size: int, decode_s: float | None = None) -> ArrivalReport:
        """Note a frame of `size` bytes, and say so. Duplicates are reported too, with unchanged totals."""
        self.order = self.order_of(stamp_ns)
        if stamp_ns < self._newest_ns - RESTART_NS:
            self._seen.clear()
            self._newest_ns = -1
        told_again = tuple(self._recent)
        if self.order == "duplicate":
            self.duplicates += 1
        else:
            self._frames += 1
            self._bytes += size
            self.reordered += self.order == "out_of_order"
            self._seen.append(stamp_ns)
            self._newest_ns = max(self._newest_ns, stamp_ns)
            self._recent.appendleft(Arrival(stamp_ns, now_ns))
        return ArrivalReport(
            stamp_ns=stamp_ns,
            frames=self._frames,
            bytes=self._bytes,
            arrival_ns=now_ns,
            recent=told_again,
            decode_s=decode_s,
            display_s=self.display_s,
        )
