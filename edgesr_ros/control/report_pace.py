"""When a receiver reports: as often as the sender asks for, and what it has to know at once early."""

import math

from edgesr_ros.control.report import Missing

USUAL = 0.06  # s between reports where nothing is asked for: frames of up to 16 Hz are each told at once
_EARLY = 4  # intervals that reports may be ahead of their time (RFC 4585, section 3.5) …
_LATE = 2  # … and that those after them may be late
_FIRST = 10  # frames that are each told: the sender gets to know the link by them
_PAUSE = 0.2  # s without a frame that are no rhythm of theirs …
_AGAIN = 4  # … and after which so many are each told, early: the link was gone
_GAIN = 1 / 8
_ALL: frozenset[int] = frozenset()  # of the parts of a frame


class ReportPace:
    """Times are seconds.

    Attributes:
        interval: from report to report, as the sender asks for it.
        hold: that an arrival may have to wait before it is told.
    """

    def __init__(self) -> None:
        self.interval, self.hold = USUAL, 0.0
        self._frames = 0
        self._anew = 0  # frames yet to be told after a pause
        self._next = -math.inf  # when a report is in time
        self._last_report = -math.inf
        self._last_frame = 0.0
        self._rhythm: float | None = None  # from frame to frame, smoothed
        self._known: dict[int, frozenset[int]] = {}  # what was told to be missing

    def due(self, now: float, frame: bool, missing: tuple[Missing, ...]) -> bool:
        """Whether to report now, when a whole `frame` came, or a part of one."""
        if frame:
            self._note_frame(now)
        # A frame of which all was missing before has come in part: that is none.
        news = any(
            number not in self._known or not self._known[number].issuperset(parts)
            for number, parts in missing
            if self._known.get(number) != _ALL
        )
        # Rather half a frame too early than as much too late.
        in_time = min(self._next, self._last_report + _LATE * self.interval) - (self._rhythm or 0.0) / 2
        early = (news or (frame and self._anew > 0)) and self._next - now < _EARLY * self.interval
        first = frame and self._frames <= _FIRST
        if not (first or early or (now >= in_time and (frame or missing))):
            return False
        self.told(now, missing, self.interval)
        return True

    def told(self, now: float, missing: tuple[Missing, ...] | None, interval: float) -> None:
        """Reports of streams go out in a message, with what is missing of this one; None: with nothing of it.

        The next message is in time `interval` later.
        """
        if missing is not None:
            self._known = {told.number: frozenset(told.parts) for told in missing}
        self._next = (now if self._frames <= _FIRST else max(self._next, now)) + interval
        self._last_report = now
        wait = min(self._next - now, _LATE * self.interval) + (self._rhythm or 0.0)
        self.hold = 0.0 if self._frames < _FIRST else wait

    def _note_frame(self, now: float) -> None:
        if self._frames:
            since = now - self._last_frame
            known = since if self._rhythm is None else self._rhythm
            self._anew = _AGAIN if since > max(_PAUSE, 3 * known) else max(self._anew - 1, 0)
            self._rhythm = known + _GAIN * (min(since, _PAUSE) - known)
        self._frames += 1
        self._last_frame = now
