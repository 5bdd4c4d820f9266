"""What to do about the frames of a stream that do not arrive, and what in advance.

- A frame, or a part of one, that reports tell as missing is sent again (NACK and retransmission, RFC 4585 and
  4588) while that is in time.
- Else the next frame builds on one that the receiver is known to have decoded, of those stored for it
  (long-term reference pictures, the reference picture selection of RFC 4585), or stands alone.
- Where a round trip is long, parity over a few frames (FEC, RFC 8627) makes up for losses without one.

On a link that loses nothing, nothing of it costs a byte. Time is in seconds.
"""

import math
from collections import OrderedDict
from typing import NamedTuple

from edgesr_ros.control.message_loss import MessageLoss, more_lost
from edgesr_ros.control.report import ArrivalReport, Missing

STORE_EVERY = 8  # frames: of so many one is stored

_REMEMBERED = 2.0  # s that a frame is known
_SHORT = 0.1  # s: over a shorter round trip a frame is sent again twice, over a longer one once
_MOST_TRIES = 2  # times that a frame is sent again
_MARGIN = 0.02  # s beyond a round trip until what was sent again has surely not come
_SOONER = 0.7  # of a round trip: what was sent again cannot be reported so soon
_LATE = 0.05  # s that frames may be late where the link was seen to turn them round …
_REMEMBERED_ORDER = 10.0  # … in the last so many seconds
_MOST_AGAIN = 6  # mean frames: what is more is made good for by one frame sooner than by all of them
_STUCK = 0.5  # s without a frame that could be decoded, or 3 round trips
_SEEN = 0.005  # share of messages lost from which on frames travel in parts
_LOSSY = 0.01  # share of messages lost from which on parity is sent over a long round trip …
_FAILS = 0.01  # … and the share of groups that it may not be enough for
_HIT = 0.03  # share of frames that lose a part from which on each has parity of its own over a short one, …
_FEWEST_PARTS = 2  # … which of a frame of one message would be a copy
_GROUP = 6  # messages that parity is over at least, where a round trip is long …
_GROUP_FRAMES = 4  # … and frames at most
_MOST_PARITY = 4  # messages


class _Sent(NamedTuple):
    """A frame that was sent."""

    at: float
    base: int | None
    stored: bool
    messages: int
    size: int


class _Tries:
    """How often a frame was sent again, and when last."""

    def __init__(self, told: float) -> None:
        self.number, self.last, self.told, self.come = 0, -math.inf, told, False
        self.missing = 0  # messages


class Repair:
    """Decides by reports; frames are known by their numbers, each 1 more than that of the one before.

    Attributes:
        recover: the next frame is to build on the one that is `acknowledged`, or to stand alone.
        key: it is to stand alone: the receiver has nothing, or a frame that built on that one did not help.
        reported: the receiver says what it could decode.
    """

    def __init__(self) -> None:
        self._losses = MessageLoss()
        self.recover = self.key = False
        self.reported = False
        self._frames: OrderedDict[int, _Sent] = OrderedDict()
        self._tries: dict[int, _Tries] = {}
        self._decoded: int | None = None
        self._anchor: int | None = None  # the newest stored frame that was decoded
        self._recoveries = 0  # since there was progress
        self._newest: int | None = None  # that was reported
        self._recovery: int | None = None  # number of the last frame that was to make good for all before
        self._progress = -math.inf  # when a newer frame was reported to be decoded, or a recovery was sent
        self._round_trip, self._least_round_trip = 0.0, math.inf
        self._mean_size = self._mean_messages = 0.0
        self._reordered = -math.inf  # when a frame was last seen to be late only
        self._closed = -1  # the last frame that parity may be over by now
        self._protected: dict[int, int] = {}  # last frame of the group of each frame that parity is over

    def sent(self, now: float, number: int, base: int | None, stored: bool, messages: int, size: int) -> None:
        """A frame went out.

        Args:
            now: s.
            number: of the frame.
            base: of the frame that it builds on; None: it stands alone.
            stored: whether later frames may build on it.
            messages: that carry it.
            size: bytes of them all.
        """
        if base != number - 1:  # perhaps asked for, and perhaps a new encoder's first
            self._recovery, self._progress = number, now
            self.recover = self.key = False
            self._recoveries += 1
        self._frames[number] = _Sent(now, base, stored, messages, size)
        self._mean_size += (size - self._mean_size) / 8 if self._mean_size else size
        self._mean_messages += (messages - self._mean_messages) / 8
        while self._frames and next(iter(self._frames.values())).at < now - _REMEMBERED:
            old, _ = self._frames.popitem(last=False)
            self._tries.pop(old, None)
            self._protected.pop(old, None)

    def closed(self, first: int, last: int, parity: int) -> None:
        """So many messages of parity over these frames went out, after them; no more will."""
        self._closed = last
        if parity:
            self._protected |= dict.fromkeys(range(first, last + 1), last)

    def told(self, now: float, report: ArrivalReport, round_trip: float | None, lost: bool) -> list[Missing]:
        """A report came.

        Args:
            now: s.
            report: of the receiver.
            round_trip: s from a frame to its report; None: not known.
            lost: reports were overdue: the link may be gone.

        Returns:
            The frames, or parts of them, that are to be sent again now.
        """
        number = report.number
        if report.repaired is None or number is None or number not in self._frames:
            return []
        self._round_trip = round_trip or 0.0
        self._least_round_trip = min(self._least_round_trip, now - self._frames[number].at)
        if not self.reported:
            self.reported, self._progress = True, now
        self._note_decoded(now, report)
        self._note_loss(now, report)
        self._note_order(now, report)
        self._newest = newest = max(number, self._newest or 0)
        again: list[Missing] = []
        if lost:
            self.recover = self.recover or any(self._of_use(told.number) for told in report.missing)
        else:
            again = self._again(now, report.missing)
        patience = max(_STUCK, 3 * self._round_trip)
        if report.decoded is None:  # who comes late has nothing to build on
            patience = self._round_trip + _MARGIN
        stuck = self._decoded is None or report.decoded is None or newest > self._decoded
        if stuck and now - self._progress > patience:
            self.recover = True
            self.key = report.decoded is None or self._recoveries > 1
        return again

    @property
    def loss(self) -> float:
        """Share of messages that were lost of late, those that were repaired included."""
        return self._losses.share

    @property
    def acknowledged(self) -> int | None:
        """Number of the newest stored frame that the receiver has decoded, of any where none is stored."""
        return self._decoded if self._anchor is None else self._anchor

    @property
    def group(self) -> int:
        """Frames that parity is over: where a lost one can be sent again soon, only each by itself."""
        if self._round_trip <= _SHORT:
            return 1
        return min(max(round(_GROUP / max(self._mean_messages, 1.0)), 1), _GROUP_FRAMES)

    def parity(self, messages: int) -> int:
        """Messages of parity that are of use over so many messages of a `group`."""
        if not self.reported or self.loss < _LOSSY:
            return 0
        if self._round_trip <= _SHORT:
            hit = 1 - (1 - self.loss) ** messages
            return int(messages >= _FEWEST_PARTS and hit > _HIT)
        for count in range(1, _MOST_PARITY):
            if more_lost(messages + count, count, self.loss) <= _FAILS:
                return count
        return _MOST_PARITY

    @property
    def copies(self) -> int:
        """How often to send what is missing: over a long round trip there is no time for another try."""
        return 1 if self._round_trip <= _SHORT else 2

    @property
    def parts(self) -> bool:
        """Whether frames are to travel as messages of one packet each."""
        return self.reported and self.loss > _SEEN

    def _note_decoded(self, now: float, report: ArrivalReport) -> None:
        decoded = report.decoded
        if decoded is None or (self._decoded is not None and decoded <= self._decoded):
            return
        self._decoded, self._progress, self._recoveries = decoded, now, 0
        number: int | None = decoded
        while number is not None and (frame := self._frames.get(number)) is not None:
            if frame.stored:
                self._anchor = number
                return
            number = frame.base

    def _note_order(self, now: float, report: ArrivalReport) -> None:
        """Whether what was sent again was only late: then it is there sooner than a round trip allows."""
        missing = {told.number for told in report.missing}
        for number, tries in self._tries.items():
            if number in missing or tries.number != 1 or tries.come:
                continue
            tries.come = True
            if now - tries.last < _SOONER * self._least_round_trip and number not in self._protected:
                self._reordered = now

    def _patience(self, now: float) -> float:
        """Seconds from the first word of a missing frame until it counts as lost."""
        return _LATE if now < self._reordered + _REMEMBERED_ORDER else 0.0

    def _note_loss(self, now: float, report: ArrivalReport) -> None:
        """Of the messages up to the newest that was reported, those that did not come by themselves."""
        lost = 0
        for number, parts in report.missing:
            if number in self._frames:
                tries = self._tries.setdefault(number, _Tries(now))
                missing = len(parts) or self._frames[number].messages
                lost += max(missing - tries.missing, 0)
                tries.missing = max(missing, tries.missing)
        first = self._newest if self._newest is not None else report.number or 0
        sent = sum(frame.messages for n, frame in self._frames.items() if first < n <= (report.number or 0))
        self._losses.reported(now, sent, lost, report.repaired or 0)

    def _again(self, now: float, missing: tuple[Missing, ...]) -> list[Missing]:
        again, size = [], 0.0
        for told in missing:
            frame = self._frames.get(told.number)
            if frame is None:
                self.recover = self.recover or self._of_use(told.number)
                continue
            if not self._of_use(told.number) or self._awaits_parity(told.number):
                continue
            tries = self._tries[told.number]
            if now < max(tries.last + self._round_trip + _MARGIN, tries.told + self._patience(now)):
                continue
            size += frame.size * (len(told.parts) or frame.messages) / frame.messages
            if tries.number * self.copies >= _MOST_TRIES or size > _MOST_AGAIN * self._mean_size:
                self.recover = True
                return []
            again.append((told, tries))
        for _, tries in again:
            tries.number, tries.last = tries.number + 1, now
        return [told for told, _ in again]

    def _of_use(self, number: int) -> bool:
        """Whether no newer frame makes good for this one."""
        return self._recovery is None or number >= self._recovery

    def _awaits_parity(self, number: int) -> bool:
        """Whether parity over this frame may still be on its way: nothing behind it was reported yet."""
        if number > self._closed:
            return self.parity(self.group) > 0
        last = self._protected.get(number)
        return last is not None and (self._newest or 0) <= last
