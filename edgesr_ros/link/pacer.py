"""When to send the next frame: the newest one, as soon as the link has carried an earlier one."""

import math
from collections import deque
from typing import NamedTuple

from edgesr_ros.errors import InputError

_GAIN = 0.25  # weight of the newest measurement: a change shows after about four frames
_FIRST_TIMEOUT = 1.0  # s, while nothing is measured (RFC 6298, 2.1)
_MIN_TIMEOUT = 0.15  # s: a few periods of a camera; less would take the hiccups of a radio for loss
_MAX_TIMEOUT = 2.0  # s: how long a link that came back may stay unnoticed
_LATE_FRAMES = 64  # given up, but their reports are still recognized


class _Frame(NamedTuple):
    stamp_ns: int
    sent: float
    size: int


class Pacer:
    """Ack-clocked sender: at most a window of frames is on the way, so no queue of old frames builds up.

    A report of a frame says that the frames sent before it have arrived or are lost: the link keeps the
    order. So single lost frames, and lost reports, are made good by the next report. Where none comes,
    frames expire: the window counts as empty, and until a report is heard only one frame at a time is
    sent, at doubling intervals of up to 2 s. A report that comes late after all takes the frames sent
    after it back into the window, since they wait in the link.

    A receiver that does not report at all (none since the first frame, `report_timeout` s ago) is sent
    `rate_bytes_per_s` on average, until its first report or `expect_reports`.

    All times are seconds on one clock of the caller's that does not go backwards.

    Args:
        window_frames: most frames on the way. One leaves the link idle for a round trip after each frame;
            two keep it busy where sending a frame takes longer than the round trip, and otherwise carry two
            frames per round trip.
        rate_bytes_per_s: budget for receivers without reports; None is no limit.
        report_timeout: s.

    Raises:
        InputError: a number that is not positive.
    """

    def __init__(
        self, window_frames: int = 2, rate_bytes_per_s: float | None = None, report_timeout: float = 2.0
    ) -> None:
        if window_frames < 1:
            raise InputError(f"window_frames: expected 1 or more, got {window_frames}")
        if rate_bytes_per_s is not None and not rate_bytes_per_s > 0:
            raise InputError(f"rate_bytes_per_s: expected more than 0, or none, got {rate_bytes_per_s}")
        self._window = window_frames
        self._rate = rate_bytes_per_s
        self._report_timeout = report_timeout
        self._on_the_way: deque[_Frame] = deque()  # oldest first
        self._late: deque[_Frame] = deque(maxlen=_LATE_FRAMES)  # expired, all sent before those on the way
        self._reports_expected = False
        self._backoff = 1.0
        self._progress = 0.0  # last report, or the sending that ended idleness: what the timeout runs from
        self._first_sent: float | None = None
        self._last_report: float | None = None
        self._budget_from = 0.0  # when the fixed rate allows the next frame
        self._round_trip: float | None = None
        self._deviation: float | None = None  # mean absolute, of the round trip
        self._seconds_per_byte: float | None = None

    @property
    def round_trip(self) -> float | None:
        """Mean time from sending a frame to its report, s, the waiting in queues included."""
        return self._round_trip

    @property
    def delivery_rate(self) -> float | None:
        """Bytes per second that arrive while frames are on the way.

        The capacity, where the window keeps the link busy; at least a frame per round trip elsewhere.
        """
        return 1 / self._seconds_per_byte if self._seconds_per_byte else None

    def expect_reports(self) -> None:
        """There is a receiver that reports: silence is loss, however long it lasts."""
        self._reports_expected = True

    def may_send(self, now: float) -> bool:
        """Whether a frame may go out now."""
        if self._on_the_way and now >= self._expiry():
            self._late.extend(self._on_the_way)
            self._on_the_way.clear()
            self._backoff = min(2 * self._backoff, _MAX_TIMEOUT / _MIN_TIMEOUT)
        if self._unreported(now):
            return now >= self._budget_from
        return len(self._on_the_way) < (self._window if self._backoff == 1 else 1)

    def next_deadline(self, now: float) -> float | None:
        """When to ask again if no report comes before; None when a frame may go out now."""
        if self.may_send(now):
            return None
        if self._unreported(now):
            return self._budget_from
        return min(self._expiry(), self._silent_from())

    def sent(self, now: float, stamp_ns: int, size: int) -> None:
        """A frame of `size` bytes went out."""
        if not self._on_the_way:
            self._progress = now
        if self._first_sent is None:
            self._first_sent = now
        if self._rate is not None:
            self._budget_from = max(now, self._budget_from) + size / self._rate
        self._on_the_way.append(_Frame(stamp_ns, now, size))

    def acknowledged(self, now: float, stamp_ns: int) -> None:
        """The receiver reports a frame. Reports of frames not on the way any more change nothing."""
        frames = [*self._late, *self._on_the_way]
        index = next((i for i, frame in enumerate(frames) if frame.stamp_ns == stamp_ns), None)
        if index is None:
            return
        self._measure(now, frames[index])
        self._late.clear()
        self._on_the_way = deque(frames[index + 1 :])
        self._progress = self._last_report = now
        self._backoff = 1.0

    def _measure(self, now: float, frame: _Frame) -> None:
        # The link was busy with this frame since the report before, or since it was sent. Averaged as time
        # per byte: of two reports that come together, one would be an infinite rate.
        begin = frame.sent if self._last_report is None else max(frame.sent, self._last_report)
        trip = now - frame.sent
        deviation = trip / 2 if self._round_trip is None else abs(trip - self._round_trip)
        self._deviation = _smooth(self._deviation, deviation)
        self._round_trip = _smooth(self._round_trip, trip)
        self._seconds_per_byte = _smooth(self._seconds_per_byte, (now - begin) / max(frame.size, 1))

    def _expiry(self) -> float:
        """When the frames on the way are given up, if no report comes before."""
        if self._round_trip is None or self._deviation is None or self._seconds_per_byte is None:
            timeout = _FIRST_TIMEOUT
        else:
            # As RFC 6298; the second term is for frames that are larger than those measured.
            size = sum(frame.size for frame in self._on_the_way)
            timeout = max(self._round_trip, size * self._seconds_per_byte) + 4 * self._deviation
        return self._progress + min(max(timeout, _MIN_TIMEOUT) * self._backoff, _MAX_TIMEOUT)

    def _unreported(self, now: float) -> bool:
        return now >= self._silent_from()

    def _silent_from(self) -> float:
        """When the receiver is taken for one that does not report."""
        if self._reports_expected or self._last_report is not None or self._first_sent is None:
            return math.inf
        return self._first_sent + self._report_timeout


def _smooth(mean: float | None, value: float) -> float:
    return value if mean is None else mean + _GAIN * (value - mean)
