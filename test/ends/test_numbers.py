"""The two ends know frames by numbers, whatever the stamps; and get along with ends that do not number."""

import math
import re

import msgspec
import numpy as np
import pytest

from edgesr_ros.codecs.format import FrameFormat
from edgesr_ros.control.arrivals import ArrivalLog
from edgesr_ros.control.brief import from_pairs, to_pairs
from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.defaults import defaults_of
from edgesr_ros.ends.ground import Ground
from edgesr_ros.ends.robot import Packet, Robot
from edgesr_ros.ends.robot_settings import RobotSettings
from edgesr_ros.schema import convert

S = 1_000_000_000
ODD = {
    "zero": lambda _: 0,
    "constant": lambda _: 1_700_000_000 * S,
    "repeated": lambda n: (n - (n % 10 == 5)) * S // 10,
    "backwards": lambda n: 1_700_000_000 * S - n * S // 10,
    "whole_seconds": lambda n: n // 10 * S,
    "negative": lambda n: (n - 1000) * S // 10,
    "two_in_turn": lambda n: (1 + n % 2) * S,
    "jumping": lambda n: (n * 7919 % 101) * S,
}


def settings(**chosen: object) -> RobotSettings:
    return convert(defaults_of("onboard") | chosen, RobotSettings, "test")


def picture(n: int) -> np.ndarray:
    rng = np.random.default_rng(3)
    scene = rng.integers(0, 256, (12, 60, 3), np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    return np.ascontiguousarray(scene[:, 4 * n % 300 : 4 * n % 300 + 128])


def whole(packet: Packet, number: int | None = None) -> Packet:
    """The same, perhaps of another number, with a report for each frame."""
    number = packet.format.number if number is None else number
    return packet._replace(format=msgspec.structs.replace(packet.format, number=number, report_ms=None))


class Chain:
    """A robot's end and a ground's end, one frame after the other, reports at once."""

    def __init__(self, robot: Robot, ground: Ground) -> None:
        self.robot, self.ground = robot, ground
        self.now, self.sent, self.shown = 0.0, 0, 0
        self.sizes: list[int] = []
        self.drops: list[str] = []
        self.dated: list[bool] = []
        self.last: tuple[int, Packet] | None = None

    def frame(self, n: int, stamp_ns: int) -> None:
        self.now += 0.1
        self.robot.frame(self.now)
        if self.robot.wait(self.now) > 0:
            return
        packet = self.robot.encode(self.now, picture(n))
        self.robot.sent(self.now, stamp_ns, packet)
        self.sent += 1
        self.sizes.append(len(packet.data))
        self.last = stamp_ns, packet
        if (report := self.arrive(stamp_ns, packet)) is not None:
            self.robot.reported(self.now + 0.02, report)

    def arrive(self, stamp_ns: int, packet: Packet) -> ArrivalReport | None:
        received = self.ground.decode(stamp_ns, packet.data, packet.format.text())
        at = round((self.now + 0.01) * S)
        report, dropped = self.ground.arrived(at, at, received)
        if dropped:
            self.drops.append(dropped)
        else:
            self.shown += 1
            self.dated.append(self.ground.dated)
        return None if report is None else from_pairs(to_pairs(report))


def chain(**chosen: object) -> Chain:
    robot = Robot(settings(**chosen), first_number=3_000_000_000)
    robot.expect_reports()
    return Chain(robot, Ground())


@pytest.mark.parametrize("ladder", ["webp", "h264"])
@pytest.mark.parametrize("kind", ODD)
def test_all_that_is_sent_is_shown_and_takes_its_bytes(kind: str, ladder: str) -> None:
    odd, good = chain(ladder=ladder), chain(ladder=ladder)
    for n in range(1, 40):
        odd.frame(n, ODD[kind](n))
        good.frame(n, n * S // 10)
    assert odd.sent == odd.shown == good.shown > 30
    assert odd.sizes == good.sizes
    assert all(good.dated)


def test_ages_are_unknown_where_stamps_do_not_grow() -> None:
    for kind, dated in {"zero": 1, "constant": 1, "backwards": 1, "whole_seconds": 4}.items():
        run = chain()
        for n in range(1, 40):
            run.frame(n, ODD[kind](n))
        assert run.dated.count(True) == dated, kind
    run = chain()
    for n in range(1, 40):
        run.frame(n, ODD["negative"](n))
    assert all(run.dated)


def test_the_period_is_that_of_the_pictures_once_there_were_some() -> None:
    found = chain(ladder="webp")
    assert found.ground.period == math.inf
    for n in range(8):
        found.frame(n, n * S // 10)
    assert found.ground.period == pytest.approx(0.1)


@pytest.mark.parametrize("ladder", ["webp", "h264"])
def test_frames_that_come_twice_or_late_are_not_shown(ladder: str) -> None:
    run = chain(ladder=ladder)
    before = None
    for n in range(1, 20):
        before = run.last
        run.frame(n, 0)
    assert run.last and before
    totals = run.arrive(0, whole(run.last[1])).frames
    assert run.drops == ["duplicate"]
    late = whole(before[1], before[1].format.number - 200)
    assert run.arrive(0, late).frames == totals + 1  # it arrived, if late
    assert run.drops == ["duplicate", "out_of_order"]


@pytest.mark.parametrize("first", [2_999_000_000, 3_200_000_000, 3_000_070_000])
def test_a_robot_that_begins_anew_is_shown_and_stragglers_of_the_old_one_are_not(first: int) -> None:
    run = chain()
    for n in range(1, 20):
        run.frame(n, 0)
    assert run.last
    straggler = run.last[1]._replace(
        format=msgspec.structs.replace(run.last[1].format, number=run.last[1].format.number - 3)
    )
    run.robot = Robot(settings(), first_number=first)
    run.robot.expect_reports()
    shown = run.shown
    for n in range(20, 24):
        run.frame(n, 0)
    run.arrive(0, straggler)
    assert run.drops == ["duplicate"]
    run.frame(24, 0)
    assert run.shown >= shown + 4


def test_a_robot_without_numbers_is_known_by_its_stamps() -> None:
    run = chain()
    packet = run.robot.encode(0.0, picture(0))
    old = packet._replace(format=msgspec.structs.replace(packet.format, number=None))
    reports = [run.arrive(stamp * S, old) for stamp in (5, 6, 6, 5, 7, -9, -8)]
    assert run.drops == ["duplicate", "duplicate"]
    assert [report.stamp_ns for report in reports] == [5 * S, 6 * S, 6 * S, 5 * S, 7 * S, 0, 0]
    assert {report.number for report in reports} == {None}


def test_a_receiver_without_numbers_is_understood() -> None:
    robot = Robot(settings(), first_number=9)
    robot.expect_reports()
    log, capacities, now = ArrivalLog(), [], 0.0
    for n in range(60):
        now += 0.1
        robot.frame(now)
        if robot.wait(now) <= 0:
            packet = robot.encode(now, picture(n))
            stamp_ns = (n + 1) * S // 10
            robot.sent(now, stamp_ns, packet)
            capacities.append(packet.decision.capacity_bytes_per_s)
            pairs = log.arrived(round((now + 0.01) * S), stamp_ns, len(packet.data)).to_pairs()
            assert "number" not in pairs
            robot.reported(now + 0.02, ArrivalReport.from_pairs(pairs))
    assert capacities[-1] > 10 * capacities[0]


def test_the_number_rides_where_older_ground_stations_read_on() -> None:
    """They took any one word after `compressed`, and nothing after the full size."""
    older = re.compile(
        r"\s*(?:(?P<encoding>\w+)\s*;\s*)?(?P<codec>webp|jpe?g|png|avif|h264)(?:\s+compressed)?(?:\s+\w+)?\s*"
        r"(?P<mono>;\s*mono\s*)?(?:;\s*full=(?P<width>\d{1,6})x(?P<height>\d{1,6})\s*)?"
    )
    for shape in ((48, 64, 3), (48, 64)):
        for codec in ("webp", "jpeg", "png", "avif", "h264"):
            form = FrameFormat.of(np.zeros(shape, np.uint8), codec, 4_294_967_295)
            text = form.text()
            assert FrameFormat.parse(text, 1, 1) == form
            assert older.fullmatch(text)
            # What compressed_image_transport looks for.
            assert (text.split(";")[0] == "rgb8") == ("compressed bgr" in text)
