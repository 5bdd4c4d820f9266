"""What the receiver tells the sender about arrivals; the pairs ride in a diagnostic_msgs message."""

from collections.abc import Mapping
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta

from edgesr_ros.errors import InputError
from edgesr_ros.schema import Struct, convert

Count = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(ge=0)]

REMEMBERED: Final = 64  # of what a report lists
_MOST_PARTS = 255  # of a frame


class Arrival(NamedTuple):
    """A frame's header stamp, when it arrived on the receiver's clock, and its number where it has one."""

    stamp_ns: int
    arrival_ns: int
    number: int | None = None


class Missing(NamedTuple):
    """A frame that newer ones wait for.

    Attributes:
        number: of the frame.
        parts: which of its messages are missing, from 0; empty: all of it.
    """

    number: int
    parts: tuple[int, ...] = ()

    def text(self, number: int) -> str:
        """`back` or `back/part,part …`: how far its number is before this one."""
        parts = ",".join(map(str, self.parts))
        return f"{number - self.number}" + (f"/{parts}" if parts else "")


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
        decode_s: from arrival until it was decoded.
        display_s: from arrival to display, of the last picture shown.
        number: of the frame, as its format says it; None: the sender does not number its frames.
        decoded: of a stream, number of the newest frame that could be decoded; None: none, or no stream.
        missing: of a stream, the frames after that one which have not come, although newer ones have, or not
            all parts of them; oldest first. As text "back/part,part …", `back` how far a number is before
            this frame's.
        repaired: of a stream, messages that were made from parity so far. None: the receiver is older than
            `decoded` and those that follow it.
        hold_s: later arrivals may be told so much later than they come (QUIC's max_ack_delay).
        brief: the sender reads it in a line (`control/brief.py`), which stamps and sizes are not in.
    """

    stamp_ns: Count
    frames: Count
    bytes: Count
    arrival_ns: Count
    recent: tuple[Arrival, ...] = ()
    decode_s: Seconds | None = None
    display_s: Seconds | None = None
    number: Count | None = None
    decoded: Count | None = None
    missing: tuple[Missing, ...] = ()
    repaired: Count | None = None
    hold_s: Seconds | None = None
    brief: bool = False

    def to_pairs(self) -> dict[str, str]:
        """As text, for diagnostic_msgs/KeyValue; what is not known is left out."""
        known = {key: value for key, value in msgspec.structs.asdict(self).items() if value not in (None, ())}
        del known["brief"]
        if self.recent:
            known["recent"] = " ".join(
                f"{self.stamp_ns - stamp}:{self.arrival_ns - arrival}" for stamp, arrival, _ in self.recent
            )
            numbers = [told.number for told in self.recent if told.number is not None]
            if self.number is not None and len(numbers) == len(self.recent):
                known["recent_numbers"] = " ".join(f"{self.number - number}" for number in numbers)
        if self.missing:
            known["missing"] = " ".join(missing.text(self.number or 0) for missing in self.missing)
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
        missing = str(values.pop("missing", ""))
        report = convert(values, cls, "arrival report", from_text=True)
        try:
            arrivals = []
            for told in str(recent).split()[:REMEMBERED]:
                stamp, arrival = told.split(":")
                arrivals.append(Arrival(report.stamp_ns - int(stamp), report.arrival_ns - int(arrival)))
        except ValueError:
            raise InputError("arrival report: expected `stamp:arrival …` in ns - at `$.recent`") from None
        if report.number is not None and numbers:
            try:
                differences = [int(told) for told in str(numbers).split()[:REMEMBERED]]
            except ValueError:
                raise InputError("arrival report: expected numbers - at `$.recent_numbers`") from None
            arrivals = [
                told._replace(number=report.number - difference)
                for told, difference in zip(arrivals, differences, strict=False)
            ]
        return msgspec.structs.replace(
            report, recent=tuple(arrivals), missing=missing_of(missing, report.number or 0)
        )

    @property
    def arrivals(self) -> tuple[Arrival, ...]:
        """This frame's arrival and the recent ones, oldest first."""
        return (*reversed(self.recent), Arrival(self.stamp_ns, self.arrival_ns, self.number))


def missing_of(text: str, number: int) -> tuple[Missing, ...]:
    """What `Missing.text` writes, words of it, in a report of this number.

    Raises:
        InputError: something else.
    """
    found = []
    try:
        for told in text.split()[:REMEMBERED]:
            back, _, parts = told.partition("/")
            which = tuple(int(part) for part in parts.split(",")[:_MOST_PARTS]) if parts else ()
            found.append(Missing(number - int(back), which))
    except ValueError:
        raise InputError("arrival report: expected `back/part,part …` - at `$.missing`") from None
    return tuple(found)
