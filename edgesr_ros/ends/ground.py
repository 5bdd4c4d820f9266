"""The operator's end of the link: messages in; frames and reports out."""

import contextlib
import math
import threading
from array import array
from collections.abc import Hashable, Mapping
from typing import NamedTuple, Protocol, TypeVar

from msgspec.structs import replace

from edgesr_ros.codecs.assembly import Assembly, is_fragment
from edgesr_ros.codecs.decoder import FrameDecoder, Received, is_stream
from edgesr_ros.codecs.format import FrameFormat
from edgesr_ros.codecs.frame_number import LateError, RecoveringError
from edgesr_ros.codecs.parts import Message
from edgesr_ros.control.arrivals import ArrivalLog
from edgesr_ros.control.clock import Estimate
from edgesr_ros.control.gaps import Gaps
from edgesr_ros.control.picture_age import PictureAge
from edgesr_ros.control.report import ArrivalReport, Missing
from edgesr_ros.control.report_pace import USUAL, ReportPace
from edgesr_ros.control.source_rate import SourceRate
from edgesr_ros.control.stamps import StampOrder

_MICROSECOND = 1000  # ns: the unit of arrivals in brief reports

K = TypeVar("K", bound=Hashable)


class Decoder(Protocol):
    """Decodes frames as they arrive; as `FrameDecoder`."""

    def decode(self, data: bytes | memoryview | array, text: str, stamp_ns: int, /) -> Received:
        """The picture of a CompressedImage's data, format and stamp, or a newer one."""


class Arrived(NamedTuple):
    """What came of a message's arrival.

    Attributes:
        report: for the robot; None: there is no need for one.
        dropped: why there is no picture to be shown; None: there is. `part`: the frame is not whole yet.
    """

    report: ArrivalReport | None
    dropped: str | None


class _Frame(NamedTuple):
    stamp_ns: int
    number: int | None
    size: int
    form: FrameFormat


class Ground:
    """Takes messages in: puts frames together, guards, decodes, counts and reports, and learns their age.

    For each message `decode`, then `arrived`; after a picture was shown `shown`. Only `age`, `answered` and
    `period` are for other threads as well. `…_ns` are integers on one clock that does not go backwards, but
    for the frames' stamps, which are of the robot's.

    Args:
        decoder: of frames; None: one for all codecs.

    Attributes:
        dated: the stamp of the newest frame says when it was taken; else its age is unknown.
        recovering: of a stream, how many frames are missing that newer ones wait for.
    """

    def __init__(self, decoder: Decoder | None = None) -> None:
        self._decoder = decoder or FrameDecoder()
        self._assembly = Assembly()
        self._arrivals = ArrivalLog()
        self._gaps, self._pace = Gaps(), ReportPace()
        self._told_once = False  # the newest arrival
        self.dated = True
        self.recovering = 0
        self._stamps = StampOrder()
        self._rate = SourceRate()  # of the pictures
        self._frames: list[_Frame] = []  # that the last message made whole
        self._stream = False  # the last frame is of one
        self._brief = False  # its sender reads brief reports, and expects no more of them than are of use
        self._age = PictureAge()
        self._age_lock = threading.Lock()

    @property
    def period(self) -> float:
        """Seconds from picture to picture, as they are received; infinite until some were."""
        return 1 / self._rate.hz if self._rate.known else math.inf

    def decode(self, stamp_ns: int, data: bytes | memoryview | array, text: str) -> Received | None:
        """The newest picture that a CompressedImage's data and format lead to; None: nothing new to show.

        At once and not where it is enlarged: only a good frame may replace a waiting one.

        Raises:
            InputError: damaged data, another codec, or a size that does not fit the full size in the format.
        """
        self._frames, received = [], None
        if not is_stream(text) and not is_fragment(text):
            form = FrameFormat.parse(text, 1, 1)
            received = self._decoder.decode(data, text, stamp_ns)
            self._frames = [_Frame(stamp_ns, form.number, len(data), form)]
            return received
        for message in self._assembly.take(Message(stamp_ns, text, bytes(data))):
            form = FrameFormat.parse(message.format, 1, 1)
            if not self._is_past(message.stamp_ns, form.number):
                with contextlib.suppress(RecoveringError, LateError):  # it arrived: worth a report
                    received = self._decoder.decode(message.data, message.format, message.stamp_ns)
            self._frames.append(_Frame(message.stamp_ns, form.number, len(message.data), form))
        return received

    def arrived(self, arrival_ns: int, now_ns: int, received: Received | None) -> Arrived:
        """The message that was decoded last arrived at `arrival_ns`, and `received` was so by `now_ns`."""
        decode_s = (now_ns - arrival_ns) * 1e-9
        arrival_ns -= arrival_ns % _MICROSECOND
        if received is not None:
            self._rate.frame(arrival_ns * 1e-9)
        report, dropped = None, "part"
        for frame in self._frames:
            if report is not None:
                self._arrivals.hold()
            past = self._is_past(frame.stamp_ns, frame.number)
            report = self._arrivals.arrived(arrival_ns, frame.stamp_ns, frame.size, decode_s, frame.number)
            order = self._arrivals.order
            dropped = order if order == "duplicate" or past else "recovering"
            if order == "new":
                self._newest(arrival_ns, frame)
            self._note(frame, order)
        if not self._stream and self._frames:  # frames that stand alone: the newest wins
            order = self._arrivals.order
            return Arrived(self._report(arrival_ns, report), None if order == "new" else order)
        if received is not None and received.format.number is not None:
            self._gaps.was_decoded(received.format.number)
        if (last := self._assembly.last) is not None and self._gaps.follows(last.number):
            self._gaps.part_came(*last)
        return Arrived(self._report(arrival_ns, report), None if received is not None else dropped)

    def _is_past(self, stamp_ns: int, number: int | None) -> bool:
        """Whether a frame of a stream came before, or newer ones were decoded without it."""
        order = self._arrivals.order_of(stamp_ns, number)
        if order != "out_of_order" or number is None:
            return order != "new"
        return not self._gaps.follows(number) or number <= (self._gaps.decoded or -1)

    def _newest(self, arrival_ns: int, frame: _Frame) -> None:
        self.dated = self._stamps.dated(frame.stamp_ns)
        with self._age_lock:
            self._age.arrived(arrival_ns, frame.stamp_ns if self.dated else None)

    def _note(self, frame: _Frame, order: str) -> None:
        self._stream, self._brief = is_stream(frame.form.codec), frame.form.report_ms is not None
        if frame.number is not None:
            if order == "new" and not self._gaps.follows(frame.number):
                self._gaps, self._pace = Gaps(), ReportPace()
            if self._gaps.follows(frame.number):
                self._gaps.came(frame.number)
        self._pace.interval = max(1e-3 * (frame.form.report_ms or 0), USUAL)

    def _report(self, arrival_ns: int, report: ArrivalReport | None) -> ArrivalReport | None:
        """What to tell: `report` of a frame that is whole, or of none, and of a stream what is missing."""
        missing = self._gaps.missing() if self._stream else ()
        self.recovering, now = len(missing), arrival_ns * 1e-9
        if not self._pace.due(now, report is not None, missing) and (report is None or self._brief):
            if report is not None:
                self._arrivals.hold()
            return None
        self._told_once = True
        return self._full(report or self._arrivals.again(), missing)

    @property
    def report_interval(self) -> float:
        """Seconds from report to report, as its robot asks for them."""
        return self._pace.interval

    def untold(self, now_ns: int, interval: float) -> ArrivalReport | None:
        """What is to be told now beside another camera's report; None: nothing.

        That is what was in no report yet, or in one alone: it may have got lost, and the robot counts frames
        of all cameras together. Messages of reports are `interval` s apart, or less as this robot asks.
        """
        news, missing = self._arrivals.untold > 0, self._gaps.missing() if self._stream else ()
        told, self._told_once = news or self._told_once, news
        self._pace.told(now_ns * 1e-9, missing if told else None, min(interval, self._pace.interval))
        return self._full(self._arrivals.again(), missing) if told else None

    def _full(self, report: ArrivalReport | None, missing: tuple[Missing, ...]) -> ArrivalReport | None:
        """A report, with what there is to say of a stream, and of later arrivals."""
        if report is None:
            return None
        if self._stream and report.number is not None:
            decoded, repaired = self._gaps.decoded, self._assembly.repaired
            report = replace(report, decoded=decoded, missing=missing, repaired=repaired)
        return replace(report, hold_s=self._pace.hold, brief=True) if self._brief else report

    def shown(self, arrival_ns: int, now_ns: int) -> None:
        """The picture of the message that arrived at `arrival_ns` is on the screen."""
        self._arrivals.display_s = (now_ns - arrival_ns) * 1e-9

    def answered(self, now_ns: int, arrival_ns: int, shown_ns: int) -> None:
        """The robot's clock showed `shown_ns` when it had the report with this `arrival_ns`."""
        with self._age_lock:
            self._age.answered(now_ns, arrival_ns, shown_ns)

    def age(self, now_ns: int, stamp_ns: int) -> Estimate | None:
        """How old the picture of this stamp is, s; None while it cannot be known."""
        with self._age_lock:
            return self._age.of(now_ns, stamp_ns)


def together(
    grounds: Mapping[K, Ground], key: K, report: ArrivalReport, now_ns: int
) -> dict[K, ArrivalReport]:
    """What to tell in one message: a report of one camera, and what others have not told yet.

    So a robot hears of all frames in the order in which they came, and as often as the camera asks for that
    wants it most.
    """
    reports, interval = {key: report}, grounds[key].report_interval
    for other, ground in grounds.items():
        if other != key and (untold := ground.untold(now_ns, interval)) is not None:
            reports[other] = untold
    return reports
