"""One contender on one link with one recording, in simulated time."""

import heapq
import itertools
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from edgesr_ros.codecs.parts import Message, Part
from edgesr_ros.control.brief import from_pairs, message_bytes, to_pairs
from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.ends.ground import Ground
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.plan import Camera, Processing
from edgesr_ros.experiment.robots import Frame, SimulatedRobot
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


class Run(NamedTuple):
    """What happened."""

    seconds: float
    shown: list[Shown]
    sent: list[tuple[float, int]]  # (s, bytes)
    lost: dict[str, int]  # frames by reason
    used_bytes: int  # that the link carried
    reports: tuple[tuple[float, int], ...] = ()  # (s, bytes on the wire), that went back


class Simulation:
    """Camera → robot → link → ground → screen; reports go back over a link of the same kind.

    Args:
        robot: what is compared.
        ground: the operator's end.
        there, back: the two directions of the link.
        glance: called at each of `moments`, which are in order.
    """

    def __init__(
        self,
        robot: SimulatedRobot,
        ground: Ground,
        there: Channel,
        back: Channel,
        camera: Camera,
        processing: Processing,
        moments: np.ndarray,
        glance: Callable[[Glance], None],
    ) -> None:
        self._robot, self._ground, self._there, self._back = robot, ground, there, back
        self._period, self._processing = 1 / camera.rate_hz, processing
        self._moments, self._glance = moments, glance
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._now = 0.0
        self._waiting: int | None = None  # newest frame that the robot has not encoded
        self._encoding = False
        self._receiving_until = 0.0  # frames are decoded one after the other
        self._arrived: tuple[float, Picture] | None = None  # newest that waits to be enlarged; since when
        self._enlarging = False
        self._screen: list[Picture] = []  # the last two
        self._sent: list[tuple[float, int]] = []
        self._shown: list[Shown] = []
        self._reports: list[tuple[float, int]] = []

    def run(self, seconds: float) -> Run:
        """Everything before `seconds`."""
        self._at(0.0, lambda: self._camera(0))
        for moment in self._moments:
            self._at(float(moment), self._look)
        while self._events and self._events[0][0] < seconds:
            self._now, _, action = heapq.heappop(self._events)
            action()
        lost, used = dict(self._there.lost), self._there.used(seconds)
        return Run(seconds, self._shown, self._sent, lost, used, tuple(self._reports))

    def _at(self, time: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._events, (max(time, self._now), next(self._order), action))

    def _camera(self, number: int) -> None:
        self._at((number + 1) * self._period, lambda: self._camera(number + 1))
        self._robot.frame(self._now)
        self._waiting = number
        self._encode()

    def _encode(self) -> None:
        """Begin with the newest frame, if the robot is idle and may send."""
        if self._waiting is None or self._encoding:
            return
        if (wait := self._robot.wait(self._now)) > 0:
            if wait < np.inf:
                self._at(self._now + max(wait, _TICK), self._encode)
            return
        number, self._waiting, self._encoding = self._waiting, None, True
        frame = self._robot.encode(self._now, number)
        self._at(self._now + self._processing.encode_ms / 1000, lambda: self._send(frame))

    def _send(self, frame: Frame) -> None:
        self._encoding = False
        self._sent.append((self._now, len(frame.data)))
        self._put(self._robot.sent(self._now, self._stamp_ns(frame.number), frame))
        self._encode()

    def _put(self, messages: list[Message]) -> None:
        """Messages go out, one after the other."""
        for message in messages:
            for at in self._there.send(self._now, len(message.data)).arrivals:
                self._at(at, partial(self._arrive, message))

    def _stamp_ns(self, number: int) -> int:
        return _ns(number * self._period)

    def _arrive(self, message: Message) -> None:
        begun = max(self._now, self._receiving_until)
        part = Part.of(message.format)
        if part is None or part.place == part.total - 1:  # then all are there, if all is well
            self._receiving_until = begun + self._processing.decode_ms / 1000
        self._at(self._receiving_until, lambda: self._receive(message, begun))

    def _receive(self, message: Message, begun: float) -> None:
        """As the ground station's callback, which began at `begun`."""
        try:
            received = self._ground.decode(message.stamp_ns, message.data, message.format)
        except InputError:
            return
        report, dropped = self._ground.arrived(_ns(begun), _ns(self._now), received)
        if report is not None:
            pairs = to_pairs(report)
            size = message_bytes(pairs)
            self._reports.append((self._now, wire_bytes(size)))
            for at in self._back.send(self._now, size).arrivals:
                self._at(at, lambda: self._reported(from_pairs(pairs)))
        if received is not None and dropped is None:
            number = round(received.stamp_ns * 1e-9 / self._period)
            self._arrived = begun, Picture(number, received.picture, received.factor, received.size)
            self._enlarge()

    def _reported(self, report: ArrivalReport) -> None:
        self._put(self._robot.reported(self._now, report))
        self._encode()

    def _enlarge(self) -> None:
        """Begin with the newest picture, if the network is idle."""
        if self._arrived is None or self._enlarging:
            return
        (arrival, picture), self._arrived, self._enlarging = self._arrived, None, True
        takes = self._processing.enlarge_ms / 1000 if picture.factor > 1 else 0.0
        self._at(self._now + takes, lambda: self._show(arrival, picture))

    def _show(self, arrival: float, picture: Picture) -> None:
        self._enlarging = False
        age = self._now - picture.number * self._period
        self._shown.append(Shown(self._now, picture.number, age, picture.size))
        self._screen = [*self._screen[-1:], picture]
        self._ground.shown(_ns(arrival), _ns(self._now))
        self._enlarge()

    def _look(self) -> None:
        on_screen, before, *_ = *self._screen[::-1], None, None
        self._glance(Glance(self._now, int(self._now / self._period + 1e-9), on_screen, before))


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)
