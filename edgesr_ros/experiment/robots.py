"""What each contender does on the robot: which frame is sent when, and as which bytes."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from edgesr_ros.codecs.format import FrameFormat
from edgesr_ros.codecs.parts import Message
from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.defaults import defaults_of
from edgesr_ros.ends.robot import Packet, Robot
from edgesr_ros.ends.robot_settings import RobotSettings
from edgesr_ros.ends.shared_link import SharedLink
from edgesr_ros.experiment.footage import Footage
from edgesr_ros.experiment.plan import H264, Av1, Contender, Fixed, Ours, Peer
from edgesr_ros.experiment.streams import FixedStream, VideoStream
from edgesr_ros.schema import convert


class Frame(NamedTuple):
    """A frame that is ready to be put on the link."""

    number: int  # the camera's, counted from 0
    data: bytes
    format: FrameFormat


class SimulatedRobot(ABC):
    """Encodes one frame at a time, the newest there is. `now` is seconds and never goes backwards."""

    def frame(self, now: float) -> None:  # noqa: B027 - most do not care
        """The camera took a frame."""

    def wait(self, now: float) -> float:  # noqa: ARG002 - most never wait
        """Seconds until the newest frame is to be encoded; 0 or less: now."""
        return 0.0

    @abstractmethod
    def encode(self, now: float, number: int) -> Frame:
        """The camera's frame `number`, to be sent when it is encoded."""

    def sent(self, now: float, stamp_ns: int, frame: Frame) -> list[Message]:  # noqa: ARG002
        """The frame that was encoded last goes out: as which messages."""
        return [Message(stamp_ns, frame.format.text(), frame.data)]

    def reported(self, now: float, report: ArrivalReport) -> list[Message]:  # noqa: ARG002 - most do not listen
        """A report came back; returns what is to be sent again at once."""
        return []


class FixedRobot(SimulatedRobot):
    """Stand-alone frames of one quality. What it encoded once is kept in `memory`, shared by its runs."""

    def __init__(self, setting: Fixed, footage: Footage, memory: dict[int, bytes]) -> None:
        self._stream = FixedStream(setting)
        self._footage, self._memory = footage, memory

    def encode(self, now: float, number: int) -> Frame:  # noqa: ARG002
        position = self._footage.position(number)
        if position not in self._memory:
            self._memory[position] = self._stream.encode(self._footage.frame(number))
        form = FrameFormat.of(self._footage.frame(number), self._stream.codec)
        return Frame(number, self._memory[position], form)


class VideoRobot(SimulatedRobot):
    """Video of a fixed rate. Packets do not depend on the link: `memory` is shared by its runs."""

    def __init__(
        self, setting: H264 | Av1, footage: Footage, rate_hz: float, memory: dict[int, bytes]
    ) -> None:
        self._stream = VideoStream(setting, rate_hz)
        self._footage, self._memory = footage, memory

    def encode(self, now: float, number: int) -> Frame:  # noqa: ARG002
        # A frame that was skipped does not make the next packet another: all are encoded, in order.
        for following in range(len(self._memory), number + 1):
            self._memory[following] = self._stream.encode(self._footage.frame(following))
        form = FrameFormat.of(self._footage.frame(number), self._stream.codec)
        return Frame(number, self._memory[number], form)


class PacedRobot(SimulatedRobot):
    """Ours: the robot's end as the onboard node runs it, with its defaults but for what `setting` says.

    Args:
        setting: of the contender.
        footage: what the camera sees.
        link: shared with other cameras of the robot; None: it is all this one's.

    Attributes:
        end: the robot's.
        link: over which it sends.
    """

    def __init__(self, setting: Ours, footage: Footage, link: SharedLink | None = None) -> None:
        self._footage = footage
        chosen = {
            "ladder": setting.ladder,
            "encoder": "software",  # the same packets on every machine
            "policy": setting.policy,
            "max_frame_bytes": setting.max_frame_bytes,
        }
        settings = convert(defaults_of("onboard") | chosen, RobotSettings, f"contender {setting.name}")
        self.link = link or SharedLink()
        self.end = Robot(settings, link=self.link)
        self.end.expect_reports()
        self._packet: Packet | None = None

    def frame(self, now: float) -> None:
        self.end.frame(now)

    def wait(self, now: float) -> float:
        return self.end.wait(now)

    def encode(self, now: float, number: int) -> Frame:
        self._packet = self.end.encode(now, self._footage.frame(number))
        return Frame(number, self._packet.data, self._packet.format)

    def sent(self, now: float, stamp_ns: int, frame: Frame) -> list[Message]:
        assert self._packet is not None
        assert self._packet.data is frame.data
        return self.end.sent(now, stamp_ns, self._packet)

    def reported(self, now: float, report: ArrivalReport) -> list[Message]:
        self.end.reported(now, report)
        return self.end.again(now)


def robots_of(
    contender: Contender, footages: Sequence[Footage], rate_hz: float, memories: Sequence[dict[int, bytes]]
) -> list[SimulatedRobot]:
    """A contender's sender for each camera; ours share the link. `memories` are kept from run to run."""
    robots: list[SimulatedRobot] = []
    link = SharedLink()
    for index, (footage, memory) in enumerate(zip(footages, memories, strict=True)):
        if isinstance(contender, Fixed):
            robots.append(FixedRobot(contender, footage, memory))
        elif isinstance(contender, Ours):
            robots.append(robot := PacedRobot(contender, footage, link))
            if contender.weights[index:]:
                link.budget.weigh(robot.end.sender, contender.weights[index])
        else:
            assert not isinstance(contender, Peer), "a plan in simulated time has none"
            robots.append(VideoRobot(contender, footage, rate_hz, memory))
    return robots


def hear(
    robots: Sequence[SimulatedRobot], now: float, reports: Mapping[int, ArrivalReport]
) -> dict[int, list[Message]]:
    """Cameras of a robot are told what arrived of their frames; what each sends again at once.

    Those that share a link hear of it together.
    """
    paced = {index: robot for index in reports if isinstance(robot := robots[index], PacedRobot)}
    for link in {robot.link for robot in paced.values()}:
        sharing = {index: robot for index, robot in paced.items() if robot.link is link}
        link.reported(now, {robot.end: reports[index] for index, robot in sharing.items()})
    again = {index: robot.end.again(now) for index, robot in paced.items()}
    others = {
        index: robots[index].reported(now, report) for index, report in reports.items() if index not in paced
    }
    return again | others
