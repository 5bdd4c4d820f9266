"""What a receiver counts of the frames that arrive, by which it reports them."""

import math
from collections import deque
from typing import Final, Literal

from edgesr_ros.control.report import Arrival, ArrivalReport
from edgesr_ros.control.stamps import RESTART_NS

Order = Literal["new", "duplicate", "out_of_order"]

# Frames: a number further back is of a robot that began anew, and so is one further ahead. It takes a random
# one then, out of so many that it is never near by chance.
LATE: Final = 256
AHEAD: Final = 1 << 16
# Networks duplicate packets within moments: a second or more of frames is plenty to remember.
_REMEMBERED = 64
# Earlier arrivals told again in each report, about 20 bytes each: so many reports in a row may get lost.
_TOLD_AGAIN = 3
_MOST_TOLD = 32  # arrivals in a report, those that no report told before included


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
        untold: arrivals that are in no report which was sent.
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
        self._numbers = _Sequence(LATE, AHEAD, unique=True)
        self._recent: deque[Arrival] = deque(maxlen=_MOST_TOLD)  # newest first
        self.untold = 0
        self._telling = 0  # of those, in the last report
        self._last: ArrivalReport | None = None

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
        """Note a frame of `size` bytes, and say so. Duplicates are reported too, with unchanged totals.

        A report that is not sent is to be kept by `hold`.
        """
        self.order = self.order_of(stamp_ns, number)
        told_again = tuple(self._recent)[: _TOLD_AGAIN + self.untold]
        self._telling, self.untold = self.untold + (self.order != "duplicate"), 0
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
        self._last = ArrivalReport(
            stamp_ns=told_ns,
            frames=self._frames,
            bytes=self._bytes,
            arrival_ns=now_ns,
            recent=told_again,
            decode_s=decode_s,
            display_s=self.display_s,
            number=number,
        )
        return self._last

    def hold(self) -> None:
        """The last report is not sent: the next one tells what it would have told."""
        self.untold = self._telling

    def again(self) -> ArrivalReport | None:
        """The last report; None: there is none."""
        self.untold = 0
        return self._last
