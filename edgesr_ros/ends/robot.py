"""The robot's end of the link: camera frames and reports in, paced bytes out."""

import threading
from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple

import numpy as np
from msgspec import Meta, structs

from edgesr_ros.codecs.camera_jpeg import CameraJpeg
from edgesr_ros.codecs.format import STREAMS, EncoderName, FrameFormat, codec_of
from edgesr_ros.codecs.parts import Message
from edgesr_ros.codecs.stills import encode, encode_within
from edgesr_ros.control.delay import RunningMean
from edgesr_ros.control.policy import MIN_FRAME_BYTES, PolicyName
from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.control.sender import Decision, Sender
from edgesr_ros.control.source_rate import SourceRate
from edgesr_ros.ends.outbox import Outbox
from edgesr_ros.ends.packet import Packet
from edgesr_ros.errors import InputError
from edgesr_ros.frames.opencv import opencv_errors
from edgesr_ros.frames.reduce import MAX_SCALE, reduce_frame
from edgesr_ros.ladder.encoder import LadderEncoder, usable_ladder
from edgesr_ros.ladder.points import frame_cost
from edgesr_ros.ladder.stream import USUAL
from edgesr_ros.schema import FIXED, Struct

_SHORTEST_WAIT = 1e-3  # s, so that a deadline of this very moment is not asked for in a loop
_NO_LADDER = "none"


class RobotSettings(Struct):
    """What can be chosen at the robot's end; the parameters of `onboard`, defaults in config/onboard.yaml."""

    ladder: Annotated[
        str,
        Meta(
            description="Operating points to walk along: name in config/ladders (webp, still, still_slow, "
            "jpeg, h264, av1) or path; none: always scale, codec and quality.",
            extra_json_schema=FIXED,
        ),
    ]
    policy: Annotated[PolicyName, Meta(description="What bytes are spent on: frames (smooth) or detail.")]
    scale: Annotated[
        int,
        Meta(ge=1, le=MAX_SCALE, description="Without a ladder: both sides are divided by this."),
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
    max_packet_bytes: Annotated[
        int,
        Meta(
            ge=0,
            le=60_000,
            description="Most bytes of a UDP datagram; larger frames travel in parts, for tunnels and "
            "other small MTUs; 0: in parts of 1200 bytes, and only where losses are seen.",
        ),
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

    Attributes:
        settings: in force; replaced as a whole by who changes them.

    Raises:
        InputError: the ladder cannot be read, or not be encoded along on this machine.
    """

    def __init__(
        self,
        settings: RobotSettings,
        first_number: int = 0,
        clock: Callable[[], float] | None = None,
        log: Callable[[str], None] = print,
    ) -> None:
        self.settings = settings
        self._ladder, cost = None, 1.0
        self._streams = False  # whether frames build on each other, so that none may be slipped in
        if settings.ladder != _NO_LADDER:
            ladder = usable_ladder(settings.ladder, log)
            self._ladder, cost = LadderEncoder(ladder, first_number, clock), frame_cost(ladder)
            self._streams = not ladder.codecs.isdisjoint(STREAMS)
        self._sender = Sender(
            settings.policy, fixed_rate_bytes_per_s=settings.rate_bytes_per_s or None, frame_cost=cost
        )
        self._outbox = Outbox()
        self._next_number = first_number
        self._lock = threading.Lock()  # of the sender
        self._source_rate = SourceRate()
        self._encoding = RunningMean()  # s per frame
        self._next_send = 0.0  # by max_rate
        self._last_size: int | None = None  # bytes

    def frame(self, now: float) -> None:
        """The camera took a frame."""
        self._source_rate.frame(now)

    def expect_reports(self) -> None:
        """There is a receiver that reports."""
        with self._lock:
            self._sender.expect_reports()

    def reported(self, now: float, report: ArrivalReport) -> None:
        """The receiver reports arrivals; ask `again` and `wait` anew."""
        with self._lock:
            before = self._sender.decision(now).state
            self._sender.reported(now, report)
            round_trip = self._sender.decision(now).round_trip
        self._outbox.told(now, report, round_trip, before == "lost")

    def again(self, now: float) -> list[Message]:
        """What is to be sent at once, because it was reported missing: to be published now."""
        again = self._outbox.again()
        with self._lock:
            for number, message in again:
                self._sender.also_sent(now, message.size, number)
        return [message for _, message in again]

    def wait(self, now: float) -> float:
        """Seconds until the newest frame is to be encoded, so as to be ready when it may be sent."""
        settings = self.settings
        rate = min(self._source_rate.hz, settings.max_rate or self._source_rate.hz)
        with self._lock:
            self._sender.use(settings.policy, rate, self._largest(settings))
            deadline = self._sender.next_deadline(now)
        pacing = 0.0 if deadline is None else max(deadline - now, _SHORTEST_WAIT)
        # Rather late than early: a frame that is early waits in the link.
        ahead = max((self._encoding.mean or 0.0) - 2 * self._encoding.deviation, 0.0)
        return max(pacing, self._next_send - now) - ahead

    def encode(self, now: float, image: np.ndarray | CameraJpeg) -> Packet:
        """(H, W, 3) RGB or (H, W) grey uint8, reduced and compressed for the link as it is now.

        A camera's JPEG that the link carries at its full size goes out as it is: to encode it anew takes
        time and makes no better picture.

        Raises:
            InputError: damaged, or larger than the codec or the limit can hold; a smaller one may follow.
        """
        with self._lock:
            decision = self._sender.decision(now)
        if isinstance(image, CameraJpeg):
            if self._passes(image, decision):
                form = structs.replace(image.format, number=self._next())
                return Packet(image.data, form, 1, "jpeg", 0, decision, now)
            image = image.picture()
        with opencv_errors(f"frame of {image.shape[1]}x{image.shape[0]}"):
            encoded = self._encode(image, decision)
        form = FrameFormat.of(image, codec_of(encoded.encoder), self._next())
        return Packet(encoded.data, form, *encoded[1:], decision, now)

    def sent(self, now: float, stamp_ns: int, packet: Packet) -> list[Message]:
        """The packet goes out as the frame of this stamp; returns the messages to publish for it, in order.

        Those are the frame, whole or in parts, and parity where it is of use.
        """
        most = self.settings.max_packet_bytes
        frame, parity = self._outbox.put(now, stamp_ns, packet.format, packet.data, most)
        size = len(packet.data)
        self._encoding.add(now - packet.begun)
        if max_rate := self.settings.max_rate:
            # From the time that was due, not from now: lateness of one frame must not lower the rate.
            self._next_send = max(self._next_send, now - 1 / max_rate) + 1 / max_rate
        with self._lock:
            self._sender.sent(now, stamp_ns, size, packet.format.number)
            self._sender.reserved = self._outbox.parity_share
            for message in parity:
                self._sender.also_sent(now, message.size)
        self._last_size = size
        return frame + parity

    def _next(self) -> int:
        """The number of a frame that goes out."""
        self._next_number += 1
        return self._next_number - 1

    def _largest(self, settings: RobotSettings) -> int:
        """The most that a frame can use: at one operating point frames are as large as they are."""
        if self._ladder is not None or self._last_size is None:
            return settings.max_frame_bytes
        return max(self._last_size, MIN_FRAME_BYTES)

    def _passes(self, jpeg: CameraJpeg, decision: Decision) -> bool:
        """Whether it is no more than what would be made of it may take."""
        settings = self.settings
        if self._ladder is None:
            asked = settings.scale == 1 and settings.codec == "jpeg"
            return asked and len(jpeg.data) <= settings.max_frame_bytes
        most = min(decision.frame_bytes, settings.max_frame_bytes)
        return not self._streams and len(jpeg.data) <= most

    def _encode(self, image: np.ndarray, decision: Decision) -> _Encoded:
        settings = self.settings
        most = settings.max_frame_bytes
        if self._ladder is not None:
            references = self._outbox.references(self._next_number) if self._streams else USUAL
            data, point, _ = self._ladder.encode(image, decision.frame_bytes, most, references)
            return _Encoded(data, point.scale, point.codec, point.quality)
        reduced = reduce_frame(image, settings.scale)
        if settings.codec == "png":
            data, quality = encode(reduced, settings.codec, settings.quality), settings.quality
            if len(data) > most:
                raise InputError(f"frame takes {len(data)} bytes as png, expected at most {most}")
        else:
            data, quality = encode_within(reduced, settings.codec, settings.quality, most)
        return _Encoded(data, settings.scale, settings.codec, quality)
