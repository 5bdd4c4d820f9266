"""What each contender does on the robot: which frame is sent when, and as which bytes."""

from abc import ABC, abstractmethod
from typing import NamedTuple

from edgesr_ros.experiment.footage import Footage
from edgesr_ros.experiment.plan import Fixed, Ours, Video
from edgesr_ros.frames.codecs import encode
from edgesr_ros.frames.h264 import H264Encoder
from edgesr_ros.frames.ladder import read_ladder
from edgesr_ros.frames.ladder_encoder import LadderEncoder
from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.link.report import ArrivalReport
from edgesr_ros.link.sender import Sender


class Message(NamedTuple):
    """A frame as it is put on the link."""

    number: int  # the camera's frame, counted from 0
    data: bytes
    scale: int  # by which both sides were reduced
    codec: str


class Robot(ABC):
    """Encodes one frame at a time, the newest there is. `now` is seconds and never goes backwards."""

    def next_deadline(self, now: float) -> float | None:  # noqa: ARG002 - most never wait
        """When to ask again; None where a frame may go out now."""
        return None

    @abstractmethod
    def encode(self, now: float, number: int) -> Message:
        """The camera's frame `number`, to be sent when it is encoded."""

    def sent(self, now: float, stamp_ns: int, size: int) -> None:  # noqa: B027 - most do not care
        """A frame went out."""

    def reported(self, now: float, report: ArrivalReport) -> None:  # noqa: B027 - most do not listen
        """A report came back."""


class FixedRobot(Robot):
    """Stand-alone frames of one quality. What it encoded once is kept in `memory`, shared by its runs."""

    def __init__(self, setting: Fixed, footage: Footage, memory: dict[int, bytes]) -> None:
        self._setting, self._footage, self._memory = setting, footage, memory

    def encode(self, now: float, number: int) -> Message:  # noqa: ARG002
        setting, position = self._setting, self._footage.position(number)
        if position not in self._memory:
            frame = reduce_frame(self._footage.frame(number), setting.scale)
            # As compressed_image_transport does it: the tables of a JPEG are the standard's.
            self._memory[position] = encode(frame, setting.codec, setting.quality, optimize=False)
        return Message(number, self._memory[position], setting.scale, setting.codec)


class VideoRobot(Robot):
    """H.264 of a fixed size per frame. Packets do not depend on the link: `memory` is shared by its runs."""

    def __init__(self, setting: Video, footage: Footage, rate_hz: float, memory: dict[int, bytes]) -> None:
        self._scale, self._footage, self._memory = setting.scale, footage, memory
        self._frame_bytes = round(1000 * setting.kbps / 8 / rate_hz)
        self._encoder: H264Encoder | None = None

    def encode(self, now: float, number: int) -> Message:  # noqa: ARG002
        # A frame that was skipped does not make the next packet another: all are encoded, in order.
        for following in range(len(self._memory), number + 1):
            frame = reduce_frame(self._footage.frame(following), self._scale)
            if self._encoder is None:
                height, width = frame.shape[:2]
                self._encoder = H264Encoder(width, height, frame_bytes=self._frame_bytes)
            self._memory[following] = self._encoder.encode(frame)
        return Message(number, self._memory[number], self._scale, "h264")


class PacedRobot(Robot):
    """Ours: the sender says when and how large, the ladder how."""

    def __init__(self, setting: Ours, footage: Footage, rate_hz: float) -> None:
        self._footage, self._most = footage, setting.max_frame_bytes
        self._sender = Sender(setting.policy, rate_hz, max_frame_bytes=setting.max_frame_bytes)
        self._sender.expect_reports()
        self._encoder = LadderEncoder(read_ladder(setting.codec))

    def next_deadline(self, now: float) -> float | None:
        return self._sender.next_deadline(now)

    def encode(self, now: float, number: int) -> Message:
        target = self._sender.decision(now).frame_bytes
        encoded = self._encoder.encode(self._footage.frame(number), target, self._most)
        return Message(number, encoded.data, encoded.point.scale, encoded.point.codec)

    def sent(self, now: float, stamp_ns: int, size: int) -> None:
        self._sender.sent(now, stamp_ns, size)

    def reported(self, now: float, report: ArrivalReport) -> None:
        self._sender.reported(now, report)
