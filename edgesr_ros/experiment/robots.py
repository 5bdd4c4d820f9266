"""What each contender does on the robot: which frame is sent when, and as which bytes."""

from abc import ABC, abstractmethod
from typing import NamedTuple

from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.control.sender import Sender
from edgesr_ros.experiment.footage import Footage
from edgesr_ros.experiment.plan import Fixed, Ours, Video
from edgesr_ros.experiment.streams import FixedStream, VideoStream
from edgesr_ros.ladder.encoder import LadderEncoder
from edgesr_ros.ladder.points import frame_cost, read_ladder


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
        self._stream, self._scale = FixedStream(setting), setting.scale
        self._footage, self._memory = footage, memory

    def encode(self, now: float, number: int) -> Message:  # noqa: ARG002
        position = self._footage.position(number)
        if position not in self._memory:
            self._memory[position] = self._stream.encode(self._footage.frame(number))
        return Message(number, self._memory[position], self._scale, self._stream.codec)


class VideoRobot(Robot):
    """H.264 of a fixed size per frame. Packets do not depend on the link: `memory` is shared by its runs."""

    def __init__(self, setting: Video, footage: Footage, rate_hz: float, memory: dict[int, bytes]) -> None:
        self._stream, self._scale = VideoStream(setting, rate_hz), setting.scale
        self._footage, self._memory = footage, memory

    def encode(self, now: float, number: int) -> Message:  # noqa: ARG002
        # A frame that was skipped does not make the next packet another: all are encoded, in order.
        for following in range(len(self._memory), number + 1):
            self._memory[following] = self._stream.encode(self._footage.frame(following))
        return Message(number, self._memory[number], self._scale, self._stream.codec)


class PacedRobot(Robot):
    """Ours: the sender says when and how large, the ladder how."""

    def __init__(self, setting: Ours, footage: Footage, rate_hz: float) -> None:
        self._footage, self._most = footage, setting.max_frame_bytes
        ladder = read_ladder(setting.codec)
        self._sender = Sender(
            setting.policy, rate_hz, max_frame_bytes=self._most, frame_cost=frame_cost(ladder)
        )
        self._sender.expect_reports()
        self._encoder = LadderEncoder(ladder)

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
