"""The robot's side: camera frames in, as many and as good compressed frames out as the link carries."""

import secrets
import sys
import threading
import time
from copy import deepcopy
from typing import Annotated, Literal, NamedTuple

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from msgspec import Meta
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from edgesr_ros.codecs.format import EncoderName, FrameFormat, codec_of
from edgesr_ros.codecs.stills import encode, encode_within
from edgesr_ros.control.delay import RunningMean
from edgesr_ros.control.policy import MIN_FRAME_BYTES, PolicyName
from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.control.sender import Decision, Sender
from edgesr_ros.control.source_rate import SourceRate
from edgesr_ros.errors import InputError
from edgesr_ros.frames.camera_info import scale_camera_info
from edgesr_ros.frames.message import image_to_array
from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.ladder.encoder import LadderEncoder
from edgesr_ros.ladder.points import frame_cost, read_ladder
from edgesr_ros.nodes.clock_exchange import ClockAnswers
from edgesr_ros.nodes.messages import as_array, nanoseconds, pairs_of, with_pairs
from edgesr_ros.nodes.node import COMPRESSED, LATCHED, EdgesrNode, run
from edgesr_ros.nodes.parameters import FIXED
from edgesr_ros.nodes.worker import NewestWins
from edgesr_ros.schema import Struct

_SHORTEST_WAIT = 1e-3  # seconds, so that a deadline of this very moment is not asked for in a loop
_NO_LADDER = "none"
_CAMERA_INFO_PERIOD = 1.0  # seconds; it hardly changes and costs as much as a tenth of a small frame


class OnboardParameters(Struct):
    """Parameters of `onboard`; defaults in config/onboard.yaml."""

    ladder: Annotated[
        str,
        Meta(
            description="Operating points to walk along: name in config/ladders (webp, still, still_slow, "
            "jpeg, h264) or path; none: always scale, codec and quality.",
            extra_json_schema=FIXED,
        ),
    ]
    policy: Annotated[PolicyName, Meta(description="What bytes are spent on: frames (smooth) or detail.")]
    scale: Annotated[
        Literal[1, 2, 4, 8], Meta(description="Without a ladder: both sides are divided by this.")
    ]
    codec: Annotated[
        Literal["webp", "jpeg", "png"], Meta(description="Without a ladder: how frames are compressed.")
    ]
    quality: Annotated[
        int, Meta(ge=1, le=100, description="Without a ladder: of WebP or JPEG; PNG ignores it.")
    ]
    max_frame_bytes: Annotated[
        int,
        Meta(ge=1000, le=10_000_000, description="No frame is ever larger; one that cannot be is dropped."),
    ]
    max_rate: Annotated[float, Meta(ge=0, description="Most frames per second to send, Hz; 0: no limit.")]
    rate_bytes_per_s: Annotated[
        float,
        Meta(
            ge=0,
            description="Budget in bytes per second while no receiver reports arrivals; 0: no limit.",
            extra_json_schema=FIXED,
        ),
    ]


class _Frame(NamedTuple):
    header: Header
    array: np.ndarray  # (H, W, 3) RGB or (H, W) grey, uint8


class _Encoded(NamedTuple):
    data: bytes
    scale: int
    codec: EncoderName
    quality: int


class Onboard(EdgesrNode[OnboardParameters]):
    """image_raw → image_lr/compressed: scale, encode, pace; never queues, never blocks a callback."""

    NAME = "onboard"
    PARAMETERS = OnboardParameters

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        settings = self.parameters.current
        self._ladder, cost = None, 1.0
        if settings.ladder != _NO_LADDER:
            # A random first number: a restarted robot's stream must not pass for the one before.
            ladder = read_ladder(settings.ladder)
            self._ladder, cost = LadderEncoder(ladder, secrets.randbits(20)), frame_cost(ladder)
        self._sender = Sender(
            settings.policy, fixed_rate_bytes_per_s=settings.rate_bytes_per_s or None, frame_cost=cost
        )
        self._sender_lock = threading.Lock()
        self._encoding = RunningMean()  # seconds per frame
        self._source_rate = SourceRate()
        self._next_send = 0.0  # by max_rate, on the monotonic clock
        self._next_camera_info = 0.0
        self._scale: int = settings.scale  # of the last frame sent
        self._last_size: int | None = None  # bytes
        self._frames = self.publisher(CompressedImage, "image_lr/compressed", COMPRESSED)
        self._camera_info = self.publisher(CameraInfo, "image_lr/camera_info", LATCHED)
        self._clock_answers = ClockAnswers(self)
        self._rate_control = self.publisher(DiagnosticArray, "rate_control", COMPRESSED)
        self._worker = NewestWins[_Frame](
            self._send,
            skipped=lambda: self.diagnostics.drop("paced"),
            failed=self.frame_failed,
            ready=self._wait,
        )
        heard = [self._frames]
        self.subscribe(Image, "image_raw", self._on_image, while_heard=heard)
        self.subscribe(CameraInfo, "camera_info", self._on_camera_info, while_heard=heard, optional=True)
        self._reports = self.subscribe(
            DiagnosticArray, "link_report", self._on_report, COMPRESSED, optional=True
        )

    def close(self) -> None:
        self._worker.close()

    def _on_image(self, message: Image) -> None:
        self.diagnostics.count("frames_in")
        self._source_rate.frame(time.monotonic())
        self._clock_answers.frame(nanoseconds(message.header.stamp))
        try:
            self._worker.put(_Frame(message.header, image_to_array(message)))
        except InputError as error:
            self.diagnostics.drop("malformed")
            self.bad_input(error)

    def _on_camera_info(self, message: CameraInfo) -> None:
        now, scale = time.monotonic(), self._scale
        if now < self._next_camera_info:
            return
        self._next_camera_info = now + _CAMERA_INFO_PERIOD
        info = deepcopy(message)
        scale_camera_info(info, 1 / scale, 1 / scale, -(-message.width // scale), -(-message.height // scale))
        self._camera_info.publish(info)

    def _on_report(self, message: DiagnosticArray) -> None:
        try:
            report = ArrivalReport.from_pairs(pairs_of(message))
        except InputError as error:
            self.bad_input(InputError(f"link_report: {error}"))
            return
        self._clock_answers.answer(report.arrival_ns)
        with self._sender_lock:
            self._sender.reported(time.monotonic(), report)
        self._worker.wake()

    def _wait(self) -> float:
        """Seconds until the next frame is to be encoded, so as to be ready when it may be sent."""
        now = time.monotonic()
        settings = self.parameters.current
        rate = min(self._source_rate.hz, settings.max_rate or self._source_rate.hz)
        with self._sender_lock:
            self._sender.use(settings.policy, rate, self._largest(settings))
            if self._reports.has_publisher():
                self._sender.expect_reports()
            deadline = self._sender.next_deadline(now)
        pacing = 0.0 if deadline is None else max(deadline - now, _SHORTEST_WAIT)
        # Rather late than early: a frame that is early waits in the link.
        ahead = max((self._encoding.mean or 0.0) - 2 * self._encoding.deviation, 0.0)
        return max(pacing, self._next_send - now) - ahead

    def _largest(self, settings: OnboardParameters) -> int:
        """The most that a frame can use: at one operating point frames are as large as they are."""
        if self._ladder is not None or self._last_size is None:
            return settings.max_frame_bytes
        return max(self._last_size, MIN_FRAME_BYTES)

    def _send(self, frame: _Frame) -> None:
        with self._sender_lock:
            decision = self._sender.decision(time.monotonic())
        began = time.monotonic()
        try:
            with self.diagnostics.stage("encode"):
                encoded = self._encode(frame.array, decision)
        except InputError as error:  # larger than codec or limit can hold; a smaller one may follow
            self.diagnostics.drop("malformed")
            self.bad_input(error)
            return
        height, width = frame.array.shape[:2]
        form = FrameFormat(
            encoding="mono8" if frame.array.ndim == 2 else "rgb8",
            codec=codec_of(encoded.codec),
            full_width=width,
            full_height=height,
        )
        message = CompressedImage(header=frame.header, format=form.text(), data=as_array(encoded.data))
        now = time.monotonic()
        self._encoding.add(now - began)
        if max_rate := self.parameters.current.max_rate:
            # From the time that was due, not from now: lateness of one frame must not lower the rate.
            self._next_send = max(self._next_send, now - 1 / max_rate) + 1 / max_rate
        with self._sender_lock:
            self._sender.sent(now, nanoseconds(frame.header.stamp), len(encoded.data))
        self._frames.publish(message)
        self._last_size = len(encoded.data)
        self.diagnostics.count("frames_out")
        self.diagnostics.count("bytes_out", len(encoded.data))
        if encoded.scale != self._scale:
            self._scale, self._next_camera_info = encoded.scale, 0.0
        self._tell(frame.header, decision, encoded)

    def _encode(self, array: np.ndarray, decision: Decision) -> _Encoded:
        settings = self.parameters.current
        most = settings.max_frame_bytes
        if self._ladder is not None:
            data, point, _ = self._ladder.encode(array, decision.frame_bytes, most)
            return _Encoded(data, point.scale, point.codec, point.quality)
        reduced = reduce_frame(array, settings.scale)
        if settings.codec == "png":
            data, quality = encode(reduced, settings.codec, settings.quality), settings.quality
            if len(data) > most:
                raise InputError(f"frame takes {len(data)} bytes as png, expected at most {most}")
        else:
            data, quality = encode_within(reduced, settings.codec, settings.quality, most)
        return _Encoded(data, settings.scale, settings.codec, quality)

    def _tell(self, header: Header, decision: Decision, encoded: _Encoded) -> None:
        """What was decided, as numbers that PlotJuggler can draw, and on /diagnostics."""
        figures = {
            key: value if isinstance(value, str) else f"{value:.6g}"
            for key, value in decision._asdict().items()
            if value is not None
        }
        figures |= {
            "sent_bytes": str(len(encoded.data)),
            "scale": str(encoded.scale),
            "codec": encoded.codec,
            "quality": str(encoded.quality),
        }
        self.diagnostics.show(**figures)
        if self._rate_control.get_subscription_count():
            self._rate_control.publish(with_pairs(header, "rate_control", figures))


def main() -> int:
    """Entry point of the executable."""
    return run(Onboard)


if __name__ == "__main__":
    sys.exit(main())
