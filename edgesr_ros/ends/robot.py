"""The robot's end of the link: camera frames and reports in, paced bytes out."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from msgspec import structs

from edgesr_ros.codecs.camera_jpeg import CameraJpeg
from edgesr_ros.codecs.format import EncoderName, FrameFormat, codec_of
from edgesr_ros.codecs.h264_engine import check_name
from edgesr_ros.codecs.machine import Machine
from edgesr_ros.codecs.parts import Message
from edgesr_ros.codecs.stills import encode, encode_within
from edgesr_ros.control.decision import Decision
from edgesr_ros.control.motion import MotionMeter
from edgesr_ros.control.policy import MIN_FRAME_BYTES, USUAL, Scene
from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.control.sender import Sender
from edgesr_ros.control.source_rate import SourceRate
from edgesr_ros.ends.frame_times import FrameTimes
from edgesr_ros.ends.outbox import Outbox
from edgesr_ros.ends.packet import Packet
from edgesr_ros.ends.robot_settings import RobotSettings
from edgesr_ros.ends.shared_link import SharedLink
from edgesr_ros.errors import InputError
from edgesr_ros.frames.opencv import opencv_errors
from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.ladder.auto import AUTO, AutoLadder
from edgesr_ros.ladder.encoder import LadderEncoder, usable_ladder
from edgesr_ros.ladder.points import REFERENCE_PIXELS
from edgesr_ros.ladder.stream import UNMENDED

_SHORTEST_WAIT = 1e-3  # s, so that a deadline of this very moment is not asked for in a loop
_NO_LADDER = "none"
_MOST_OF_PERIOD = 0.7  # of a camera's period: a JPEG of the camera that takes longer is encoded anew


class _Encoded(NamedTuple):
    data: bytes
    scale: int
    encoder: EncoderName
    quality: int


class Robot:
    """Says when the newest frame is to be encoded, encodes it for what the link can carry, and learns.

    For each frame `wait` until it is 0 or less, `encode`, send, and say so with `sent`. `reported` may be
    called from another thread than these. Times are seconds on one clock that does not go backwards.

    Args:
        settings: to begin with.
        first_number: of the frames, by which they are told from others whatever their stamps. A robot that
            may be restarted while the receiver runs on takes a random one of 32 bits, so that its frames do
            not pass for old ones.
        clock: tells seconds, by which AV1's effort is chosen; None: it is fixed.
        log: takes a line where the ladder is of AV1 and another must be used.
        link: shared with other cameras; None: it is all this one's.

    Attributes:
        settings: in force; replaced as a whole by who changes them.
        sender: by which the link knows this camera.

    Raises:
        InputError: the ladder cannot be read, or not be encoded along on this machine; no such encoder.
    """

    def __init__(
        self,
        settings: RobotSettings,
        first_number: int = 0,
        clock: Callable[[], float] | None = None,
        log: Callable[[str], None] = print,
        link: SharedLink | None = None,
    ) -> None:
        self.settings = settings
        self._ladder: LadderEncoder | None = None
        self._auto: AutoLadder | None = None
        check_name(settings.encoder)
        self._source_rate = SourceRate()
        self._link = link or SharedLink()
        machine = Machine(clock, settings.encoder, lambda: 1 / self._rate, lambda: self._link.budget.cameras)
        if settings.ladder == AUTO:
            self._auto = AutoLadder(first_number, machine, log)
            self._ladder = self._auto.used
        elif settings.ladder != _NO_LADDER:
            self._ladder = LadderEncoder(usable_ladder(settings.ladder, log), first_number, machine)
        fixed_rate, budget = settings.rate_bytes_per_s or None, self._link.budget
        self.sender = Sender(settings.policy, fixed_rate_bytes_per_s=fixed_rate, budget=budget)
        self._motion = MotionMeter()
        self._times = FrameTimes()
        self._scene = self._scene_of(REFERENCE_PIXELS)
        self._outbox, self._lock = Outbox(), self._link.lock
        self._next_number = first_number
        self._next_send = 0.0  # by max_rate
        self._last_size: int | None = None  # bytes

    def frame(self, now: float) -> None:
        """The camera took a frame."""
        self._source_rate.frame(now)

    def expect_reports(self) -> None:
        """There is a receiver that reports."""
        with self._lock:
            self.sender.expect_reports()

    def reported(self, now: float, report: ArrivalReport) -> None:
        """The receiver reports arrivals; ask `again` and `wait` anew."""
        self._link.reported(now, {self: report})

    def told(self, now: float, report: ArrivalReport, round_trip: float | None, lost: bool) -> None:
        """A report came, and the link has had it; arguments as of `Outbox.told`."""
        self._outbox.told(now, report, round_trip, lost)
        if report.display_s is not None:
            self._times.shown(report.display_s)

    def again(self, now: float) -> list[Message]:
        """What is to be sent at once, because it was reported missing: to be published now."""
        again = self._outbox.again()
        with self._lock:
            for number, message in again:
                self.sender.also_sent(now, message.size, number)
        return [message for _, message in again]

    def wait(self, now: float) -> float:
        """Seconds until the newest frame is to be encoded, so as to be ready when it may be sent."""
        settings = self.settings
        with self._lock:
            self.sender.use(settings.policy, self._rate, self._largest(settings), self._scene)
            deadline = self.sender.next_deadline(now)
        pacing = 0.0 if deadline is None else max(deadline - now, _SHORTEST_WAIT)
        encoding = self._times.encoding
        # Rather late than early, as a frame that is early waits in the link; but where cameras take turns,
        # the link has nothing to do while all wait for a frame that is late.
        alone = self._link.budget.cameras == 1
        ahead = max((encoding.mean or 0.0) - (2 * encoding.deviation if alone else 0.0), 0.0)
        return max(pacing, self._next_send - now) - ahead

    def encode(self, now: float, image: np.ndarray | CameraJpeg) -> Packet:
        """(H, W, 3) RGB or (H, W) grey uint8, reduced and compressed for the link as it is now.

        A camera's JPEG that the link carries at its full size goes out as it is: to encode it anew takes
        time and makes no better picture.

        Raises:
            InputError: damaged, or larger than the codec or the limit can hold; a smaller one may follow.
        """
        with self._lock:
            decision = self.sender.decision(now)
        if isinstance(image, CameraJpeg):
            if self._passes(image, decision):
                form = self._numbered(image.format)
                return Packet(image.data, form, 1, "jpeg", 0, decision, now)
            image = image.picture()
        if self._auto is not None:
            self._auto.choose(decision.state == "unreported", decision.loss)
            self._ladder = self._auto.used
        with opencv_errors(f"frame of {image.shape[1]}x{image.shape[0]}"):
            self._motion.frame(now, image)
            encoded = self._encode(image, decision)
        form = self._numbered(FrameFormat.of(image, codec_of(encoded.encoder)))
        return Packet(encoded.data, form, *encoded[1:], decision, now)

    def sent(self, now: float, stamp_ns: int, packet: Packet) -> list[Message]:
        """The packet goes out as the frame of this stamp; returns the messages to publish for it, in order.

        Those are the frame, whole or in parts, and parity where it is of use.
        """
        most, size = self.settings.max_packet_bytes, len(packet.data)
        frame, parity = self._outbox.put(now, stamp_ns, packet.format, packet.data, most)
        self._times.encoded(now - packet.begun, packet.scale > 1)
        if max_rate := self.settings.max_rate:
            # From the time that was due, not from now: lateness of one frame must not lower the rate.
            self._next_send = max(self._next_send, now - 1 / max_rate) + 1 / max_rate
        with self._lock:
            self.sender.sent(now, stamp_ns, size, packet.format.number)
            self.sender.reserved = self._outbox.parity_share
            for message in parity:
                self.sender.also_sent(now, message.size)
        self._last_size = size
        return frame + parity

    @property
    def _rate(self) -> float:
        """Frames per second that may be sent."""
        return min(self._source_rate.hz, self.settings.max_rate or self._source_rate.hz)

    def _numbered(self, form: FrameFormat) -> FrameFormat:
        """Of a frame that goes out, with its number and how often it wants reports."""
        self._next_number += 1
        with self._lock:
            report_ms = round(1e3 * self.sender.report_interval())
        return structs.replace(form, number=self._next_number - 1, report_ms=report_ms)

    def _largest(self, settings: RobotSettings) -> int:
        """The most that a frame can use: at one operating point frames are as large as they are."""
        if self._ladder is not None or self._last_size is None:
            return settings.max_frame_bytes
        return max(self._last_size, MIN_FRAME_BYTES)

    def _scene_of(self, pixels: int) -> Scene:
        """What is expected of pictures of so many pixels."""
        if self._ladder is None:
            return USUAL
        moved, growth = self._motion.moved, self._motion.growth
        showing, ladder = self._times.showing, self._ladder
        scene = Scene(*ladder.expected(pixels), moved, growth, ladder.streams, ladder.least_bytes, showing)
        encoding = self._times.encoding.mean
        return scene if encoding is None else scene._replace(encoding=encoding)

    def _price_of_reducing(self, decision: Decision) -> float:
        """LPIPS that the time costs which a reduced frame takes longer; less than 0 where it takes less."""
        longer = self._times.longer
        full = max(decision.age - (longer if self._times.reduced else 0.0), 0.0)
        lag = np.array([full, max(full + longer, 0.0)])
        before, after = self._scene.seen(np.full(2, decision.frame_bytes), lag, 1 / self._source_rate.hz)
        return float(after - before)

    def _passes(self, jpeg: CameraJpeg, decision: Decision) -> bool:
        """Whether it is no more than what would be made of it may take."""
        settings = self.settings
        if self._ladder is None:
            asked = settings.scale == 1 and settings.codec == "jpeg"
            return asked and len(jpeg.data) <= settings.max_frame_bytes
        if len(jpeg.data) > settings.max_frame_bytes or (self._ladder.streams and self._auto is None):
            return False
        if len(jpeg.data) <= decision.frame_bytes:
            return True
        if decision.state == "unreported":  # nothing is known of the link: the budget alone counts
            return len(jpeg.data) <= decision.rate_bytes_per_s * decision.frame_interval
        # Nothing is lost by coding, but it is older when it comes.
        size = np.array([len(jpeg.data)], float)
        takes = size / decision.capacity_bytes_per_s
        period = 1 / self._source_rate.hz
        if self._auto is None or takes[0] > _MOST_OF_PERIOD * period:
            return False
        later = takes - decision.frame_bytes / decision.capacity_bytes_per_s
        return bool(self._scene.aged(decision.age + later, period)[0] <= decision.lpips)

    def _encode(self, image: np.ndarray, decision: Decision) -> _Encoded:
        settings = self.settings
        most = settings.max_frame_bytes
        if self._ladder is not None:
            price = self._price_of_reducing(decision)
            streams = self._ladder.streams
            references = self._outbox.references(self._next_number) if streams else UNMENDED
            data, point, _ = self._ladder.encode(image, decision.frame_bytes, most, references, price)
            self._scene = self._scene_of(image.shape[0] * image.shape[1])
            return _Encoded(data, point.scale, point.codec, point.quality)
        reduced = reduce_frame(image, settings.scale)
        if settings.codec == "png":
            data, quality = encode(reduced, settings.codec, settings.quality), settings.quality
            if len(data) > most:
                raise InputError(f"frame takes {len(data)} bytes as png, expected at most {most}")
        else:
            data, quality = encode_within(reduced, settings.codec, settings.quality, most)
        return _Encoded(data, settings.scale, settings.codec, quality)
