"""What the receiver tells the sender about arrivals; the pairs ride in a diagnostic_msgs message."""

from collections import deque
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edgesr_ros.schema import Struct, convert

Order = Literal["new", "duplicate", "out_of_order"]
Count = Annotated[int, Meta(ge=0)]

# A stamp further back than this is no straggler: the recording started over, or the clock was set.
_RESTART_NS = 2_000_000_000
# Networks duplicate packets within moments: a second or more of frames is plenty to remember.
_REMEMBERED = 64


class ArrivalReport(Struct, forbid_unknown_fields=False):  # a newer receiver may say more
    """One frame arrived.

    Attributes:
        stamp_ns: its header stamp: what the sender knows it by.
        frames: frames that have arrived so far, duplicates not counted.
        bytes: their sizes added up.
        arrival_ns: when, on the receiver's clock; only differences mean something to the sender.
    """

    stamp_ns: Count
    frames: Count
    bytes: Count
    arrival_ns: Count

    def to_pairs(self) -> dict[str, str]:
        """As text, for diagnostic_msgs/KeyValue."""
        return {key: str(value) for key, value in msgspec.structs.asdict(self).items()}

    @classmethod
    def from_pairs(cls, pairs: Mapping[str, str]) -> "ArrivalReport":
        """The inverse of `to_pairs`; keys that it does not know are ignored.

        Raises:
            InputError: a key is missing, or its value is not a whole number from 0 up.
        """
        return convert(dict(pairs), cls, "arrival report", from_text=True)


class ArrivalLog:
    """Counts arrivals on the receiver's side.

    Attributes:
        duplicates: frames that came again.
        reordered: frames that came after a newer one.
        order: which of them the last frame was; only a "new" one is to be shown.
    """

    def __init__(self) -> None:
        self.duplicates = 0
        self.reordered = 0
        self.order: Order = "new"
        self._frames = 0
        self._bytes = 0
        self._newest_ns = -1
        self._seen: deque[int] = deque(maxlen=_REMEMBERED)

    def arrived(self, now_ns: int, stamp_ns: int, size: int) -> ArrivalReport:
        """Note a frame of `size` bytes, and say so. Duplicates are reported too, with unchanged totals."""
        if stamp_ns < self._newest_ns - _RESTART_NS:
            self._seen.clear()
            self._newest_ns = -1
        if stamp_ns in self._seen:
            self.order = "duplicate"
            self.duplicates += 1
        else:
            self.order = "out_of_order" if stamp_ns < self._newest_ns else "new"
            self._frames += 1
            self._bytes += size
            self.reordered += self.order == "out_of_order"
            self._seen.append(stamp_ns)
            self._newest_ns = max(self._newest_ns, stamp_ns)
        return ArrivalReport(stamp_ns=stamp_ns, frames=self._frames, bytes=self._bytes, arrival_ns=now_ns)
