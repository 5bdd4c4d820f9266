"""One contender on one link with one recording, in simulated time."""

import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from edgesr_ros.codecs.parts import Message, Part
from edgesr_ros.control.brief import from_pairs, message_bytes, to_pairs
from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.ends.ground import Ground, together
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.plan import Camera, Processing
from edgesr_ros.experiment.robots import Frame, SimulatedRobot, hear
from edgesr_ros.link.packets import Channel, wire_bytes

_TICK = 1e-6  # s; a shorter wait may not move the clock at all


class Picture(NamedTuple):
    """What came of a frame on the ground, before it is enlarged."""

    number: int  # the camera's frame
    received: np.ndarray  # (h, w, 3) uint8 RGB
    factor: int  # by which it was reduced
    size: int  # bytes


class Shown(NamedTuple):
    """A picture appeared on the screen."""

    at: float
    number: int  # the camera's frame
    age: float  # s, since the camera took it
    size: int  # bytes


class Glance(NamedTuple):
    """A moment at which the screen is looked at."""

    at: float
    number: int  # what the camera sees
    picture: Picture | None  # what is on the screen; None: nothing yet
    before: Picture | None  # what was on the screen before that
    camera: int = 0

    def later(self, frames: int) -> "Glance":
        """The same by the numbers of a recording that began so many frames earlier."""
        picture, before = (
            picture and picture._replace(number=picture.number + frames)
            for picture in (self.picture, self.before)
        )
        return self._replace(number=self.number + frames, picture=picture, before=before)


class Run(NamedTuple):
    """What happened."""

    seconds: float
    shown: list[Shown]
    sent: list[tuple[float, int]]  # (s, bytes)
    lost: dict[str, int]  # messages by reason
    used_bytes: int  # that the link carried, of all cameras
    reports: tuple[tuple[float, int], ...] = ()  # (s, bytes on the wire), that went back


class _Lane:
    """A camera, and where it is shown.

    Args:
        robot: that sends its frames.
        ground: the operator's end.
        phase: s, of its first frame.
    """

    def __init__(self, robot: SimulatedRobot, ground: Ground, phase: float) -> None:
        self.robot, self.ground, self.phase = robot, ground, phase
        self.waiting: int | None = None  # newest frame that the robot has not encoded
        self.arrived: tuple[float, Picture] | None = None  # newest that waits to be enlarged; since when
        self.encoded = self.enlarged = -1.0  # s, when it last had its turn
        self.screen: list[Picture] = []  # the last two
        self.sent: list[tuple[float, int]] = []
        self.shown: list[Shown] = []
        self.reports: list[tuple[float, int]] = []
        self.lost: Counter[str] = Counter()


class Simulation:
    """Cameras → robot → link → ground → screens; reports go back over a link of the same kind.

    Frames are encoded, decoded and enlarged one at a time, of the camera whose turn was longest ago.

    Args:
        robots: what is compared: a sender for each camera.
        grounds: the operator's end of each.
        there, back: the two directions of the link.
        camera: size and rate of each camera; their frames come in turn.
        processing: how long computing takes.
        moments: at which the screens are looked at, in order.
        glance: called at each of them for each camera.
    """

    def __init__(
        self,
        robots: Sequence[SimulatedRobot],
        grounds: Sequence[Ground],
        there: Channel,
        back: Channel,
        camera: Camera,
        processing: Processing,
        moments: np.ndarray,
        glance: Callable[[Glance], None],
    ) -> None:
        self._there, self._back = there, back
        self._period, self._processing = 1 / camera.rate_hz, processing
        self._moments, self._glance = moments, glance
        self._robots = robots
        self._lanes = [
            _Lane(robot, ground, index * self._period / len(robots))
            for index, (robot, ground) in enumerate(zip(robots, grounds, strict=True))
        ]
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._now = 0.0
        self._encoding = self._enlarging = False
        self._receiving_until = 0.0  # frames are decoded one after the other

    def run(self, seconds: float) -> list[Run]:
        """Everything before `seconds`, camera by camera."""
        for lane in self._lanes:
            self._at(lane.phase, partial(self._camera, lane, 0))
        for moment in self._moments:
            self._at(float(moment), self._look)
        while self._events and self._events[0][0] < seconds:
            self._now, _, action = heapq.heappop(self._events)
            action()
        used = self._there.used(seconds)
        return [
            Run(seconds, lane.shown, lane.sent, dict(lane.lost), used, tuple(lane.reports))
            for lane in self._lanes
        ]

    def _at(self, time: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._events, (max(time, self._now), next(self._order), action))

    def _camera(self, lane: _Lane, number: int) -> None:
        self._at((number + 1) * self._period + lane.phase, partial(self._camera, lane, number + 1))
        lane.robot.frame(self._now)
        lane.waiting = number
        self._encode()

    def _encode(self) -> None:
        """Begin with the newest frame, if the robot is idle and may send."""
        if self._encoding:
            return
        waits = [(lane.robot.wait(self._now), lane) for lane in self._lanes if lane.waiting is not None]
        ready = [lane for wait, lane in waits if wait <= 0]
        if not ready:
            if (wait := min((wait for wait, _ in waits), default=np.inf)) < np.inf:
                self._at(self._now + max(wait, _TICK), self._encode)
            return
        lane = min(ready, key=lambda lane: lane.encoded)
        assert lane.waiting is not None
        number, lane.waiting, lane.encoded, self._encoding = lane.waiting, None, self._now, True
        frame = lane.robot.encode(self._now, number)
        self._at(self._now + self._processing.encode_ms / 1000, partial(self._send, lane, frame))

    def _send(self, lane: _Lane, frame: Frame) -> None:
        self._encoding = False
        lane.sent.append((self._now, len(frame.data)))
        self._put(lane, lane.robot.sent(self._now, self._stamp_ns(lane, frame.number), frame))
        self._encode()

    def _put(self, lane: _Lane, messages: list[Message]) -> None:
        """Messages go out, one after the other."""
        for message in messages:
            fate = self._there.send(self._now, len(message.data))
            if fate.reason is not None:
                lane.lost[fate.reason] += 1
            for at in fate.arrivals:
                self._at(at, partial(self._arrive, lane, message))

    def _stamp_ns(self, lane: _Lane, number: int) -> int:
        return _ns(number * self._period + lane.phase)

    def _arrive(self, lane: _Lane, message: Message) -> None:
        begun = max(self._now, self._receiving_until)
        part = Part.of(message.format)
        if part is None or part.place == part.total - 1:  # then all are there, if all is well
            self._receiving_until = begun + self._processing.decode_ms / 1000
        self._at(self._receiving_until, partial(self._receive, lane, message, begun))

    def _receive(self, lane: _Lane, message: Message, begun: float) -> None:
        """As the ground station's callback, which began at `begun`."""
        try:
            received = lane.ground.decode(message.stamp_ns, message.data, message.format)
        except InputError:
            return
        report, dropped = lane.ground.arrived(_ns(begun), _ns(self._now), received)
        if report is not None:
            self._report(lane, report, begun)
        if received is not None and dropped is None:
            number = round((received.stamp_ns * 1e-9 - lane.phase) / self._period)
            lane.arrived = begun, Picture(number, received.picture, received.factor, received.size)
            self._enlarge()

    def _report(self, lane: _Lane, report: ArrivalReport, begun: float) -> None:
        grounds = {index: other.ground for index, other in enumerate(self._lanes)}
        reports = together(grounds, self._lanes.index(lane), report, _ns(begun))
        pairs = {index: to_pairs(told) for index, told in reports.items()}
        size = message_bytes(*pairs.values())
        lane.reports.append((self._now, wire_bytes(size)))
        heard = {index: from_pairs(told) for index, told in pairs.items()}
        for at in self._back.send(self._now, size).arrivals:
            self._at(at, partial(self._reported, heard))

    def _reported(self, reports: dict[int, ArrivalReport]) -> None:
        for index, messages in hear(self._robots, self._now, reports).items():
            self._put(self._lanes[index], messages)
        self._encode()

    def _enlarge(self) -> None:
        """Begin with the newest picture, if the network is idle."""
        waiting = [lane for lane in self._lanes if lane.arrived is not None]
        if not waiting or self._enlarging:
            return
        lane = min(waiting, key=lambda lane: lane.enlarged)
        assert lane.arrived is not None
        (arrival, picture), lane.arrived, self._enlarging = lane.arrived, None, True
        lane.enlarged = self._now
        takes = self._processing.enlarge_ms / 1000 if picture.factor > 1 else 0.0
        self._at(self._now + takes, partial(self._show, lane, arrival, picture))

    def _show(self, lane: _Lane, arrival: float, picture: Picture) -> None:
        self._enlarging = False
        age = self._now - (picture.number * self._period + lane.phase)
        lane.shown.append(Shown(self._now, picture.number, age, picture.size))
        lane.screen = [*lane.screen[-1:], picture]
        lane.ground.shown(_ns(arrival), _ns(self._now))
        self._enlarge()

    def _look(self) -> None:
        for index, lane in enumerate(self._lanes):
            on_screen, before, *_ = *lane.screen[::-1], None, None
            number = max(int((self._now - lane.phase) / self._period + 1e-9), 0)
            self._glance(Glance(self._now, number, on_screen, before, index))


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)
