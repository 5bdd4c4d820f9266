"""Damaged messages at the operator's end, and damaged reports at the robot's."""

from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial

import cv2
import numpy as np

from benchmarks.claims.damage.claim import DamageRow
from benchmarks.claims.damage.tally import ROUND, Tally
from benchmarks.harness.mutation import mutated, mutated_text
from edgesr_ros.codecs.parts import Message
from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.defaults import defaults_of
from edgesr_ros.ends.ground import Ground
from edgesr_ros.ends.robot import Robot
from edgesr_ros.ends.robot_settings import RobotSettings
from edgesr_ros.schema import convert

_SIZE = (96, 72)
_HZ = 12  # of the camera
_WAY = 0.02  # s
_SENT = {"max_packet_bytes": 500}  # so that frames travel in parts
_COUNT = 120  # frames of a robot
_WRONG = 0.5  # share of reports that are damaged
_SETTLED = 40.0  # s in which a robot must be as before …
_LOOKED_AT = 5.0  # s
_AS_BEFORE = 0.7  # … in frames per second and bytes of each


class _Talk:
    """A robot and the operator's end, 20 ms apart, in simulated time."""

    def __init__(self, frames: Sequence[np.ndarray], first_number: int = 0, **chosen: object) -> None:
        settings = convert(defaults_of("onboard") | _SENT | chosen, RobotSettings, "attack")
        self.robot, self.ground = Robot(settings, first_number), Ground()
        self.robot.expect_reports()
        self._frames = [cv2.resize(frame, _SIZE) for frame in frames]
        self._reports: deque[tuple[float, ArrivalReport]] = deque()
        self._ticks = 0

    @property
    def now(self) -> float:
        """s"""
        return self._ticks / _HZ

    def tick(self) -> list[Message]:
        """What goes out by the time of the camera's next frame."""
        self._ticks += 1
        now, robot = self.now, self.robot
        robot.frame(now)
        if robot.wait(now) > 0:
            return []
        packet = robot.encode(now, self._frames[self._ticks % len(self._frames)])
        return robot.sent(now, round(now * 1e9), packet)

    def arrive(self, messages: Sequence[Message]) -> None:
        """They do, whole, and are reported."""
        at = round((self.now + _WAY) * 1e9)
        for message in messages:
            received = self.ground.decode(message.stamp_ns, message.data, message.format)
            if report := self.ground.arrived(at, at, received).report:
                self._reports.append((self.now + 2 * _WAY, report))

    def reports(self) -> Iterator[ArrivalReport]:
        """Those that are back by now."""
        while self._reports and self._reports[0][0] <= self.now:
            yield self._reports.popleft()[1]

    def told(self, pairs: dict[str, str]) -> list[Message]:
        """As `report`, of a report as text; errors as `ArrivalReport.from_pairs`."""
        return self.report(ArrivalReport.from_pairs(pairs))

    def report(self, report: ArrivalReport) -> list[Message]:
        """It comes to the robot; what is sent again."""
        self.robot.reported(self.now, report)
        return self.robot.again(self.now)


def messages_of(
    frames: Sequence[np.ndarray], first_number: int, ladder: str, loss: float, count: int = _COUNT
) -> list[Message]:
    """What a robot sends of so many frames, in parts, with parity, and again what this loss leaves out."""
    talk, rng, sent = _Talk(frames, first_number, ladder=ladder), np.random.default_rng(first_number), []
    for _ in range(count):
        messages = talk.tick()
        for report in talk.reports():
            messages += talk.report(report)
        sent += messages
        talk.arrive([message for message in messages if rng.random() >= loss])
    return sent


def attack_ground(frames: Sequence[np.ndarray], count: int, seed: int) -> DamageRow:
    """Messages whose bytes, format or stamp were changed, among others of the same robot."""
    rng = np.random.default_rng(seed)
    kinds = (("av1", 0.05), ("h264", 0.05), ("av1", 0.2), ("webp", 0.0))
    streams = [messages_of(frames, 1000 * place, *kind) for place, kind in enumerate(kinds)]
    tally, ground = Tally("messages, at the operator's end"), Ground()
    for index in range(count):
        stream = streams[index // ROUND % len(streams)]
        message, other = stream[index % len(stream)], stream[int(rng.integers(len(stream)))]
        match rng.integers(4):
            case 0:
                message = message._replace(data=mutated(rng, message.data, other.data))
            case 1:
                message = message._replace(format=mutated_text(rng, message.format, other.format))
            case 2:
                message = message._replace(stamp_ns=int(rng.integers(-(2**61), 2**61)))
        tally.call(partial(_show, ground, message, index))
        if index % ROUND == ROUND - 1:  # a robot that starts then
            good = messages_of(frames, int(rng.integers(2**32)), "av1", 0.0, 1)
            tally.good(np.array_equal(_shown(ground, good), _shown(Ground(), good)))
    return tally.row()


def _show(ground: Ground, message: Message, milliseconds: int) -> np.ndarray | None:
    at = milliseconds * 10**6
    received = ground.decode(message.stamp_ns, message.data, message.format)
    if report := ground.arrived(at, at, received).report:
        ArrivalReport.from_pairs(report.to_pairs())
    return None if received is None else received.picture


def _shown(ground: Ground, messages: Sequence[Message]) -> np.ndarray:
    """The picture of the last one, or none: no pixels."""
    picture = [_show(ground, message, 0) for message in messages][-1]
    return np.zeros((0, 0, 3), np.uint8) if picture is None else picture


def attack_robot(frames: Sequence[np.ndarray], count: int, seed: int) -> DamageRow:
    """Reports of which a word was changed, left out, or taken from another one, among others."""
    rng, tally = np.random.default_rng(seed), Tally("reports, at the robot's end")
    talk, told = _Talk(frames), [{"stamp_ns": "0"}]
    _pace(talk, _SETTLED)
    before = _pace(talk, _LOOKED_AT)
    damaged = 0
    while damaged < count:
        talk.arrive(talk.tick())
        for report in talk.reports():
            pairs = report.to_pairs()
            told = [*told[-63:], pairs]
            if rng.random() >= _WRONG:
                talk.report(report)
                continue
            damaged += 1
            wrong = _changed(rng, pairs, told[int(rng.integers(len(told)))])
            tally.call(partial(talk.told, wrong))
            if damaged % ROUND == 0:
                _pace(talk, _SETTLED)
                after = _pace(talk, _LOOKED_AT)
                tally.good(all(now >= _AS_BEFORE * then for now, then in zip(after, before, strict=True)))
    return tally.row()


def _changed(rng: np.random.Generator, pairs: dict[str, str], other: dict[str, str]) -> dict[str, str]:
    key = str(rng.choice(list(pairs)))
    match rng.integers(5):
        case 0:
            return {name: value for name, value in pairs.items() if name != key}
        case 1:
            return pairs | {key: other.get(key, "")}
        case _:
            return pairs | {key: mutated_text(rng, pairs[key], other.get(key, "1 2:3"))}


def _pace(talk: _Talk, seconds: float) -> tuple[float, float]:
    """Frames per second and bytes of each, where all reports are right."""
    sizes = []
    for _ in range(round(seconds * _HZ)):
        messages = talk.tick()
        sizes += [sum(message.size for message in messages)] if messages else []
        talk.arrive(messages)
        for report in talk.reports():
            talk.report(report)
    return len(sizes) / seconds, float(np.mean(sizes or [0]))
