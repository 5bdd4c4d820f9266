"""Robot and ground over links that lose, delay, reorder and double messages, both ways."""

import heapq
import itertools

import numpy as np
import pytest

from edgesr_ros.codecs.decoder import FrameDecoder
from edgesr_ros.codecs.parity import Group
from edgesr_ros.codecs.svt_av1 import SvtError, load
from edgesr_ros.control.brief import from_pairs, to_pairs
from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.defaults import defaults_of
from edgesr_ros.ends.ground import Ground
from edgesr_ros.ends.robot import Robot, RobotSettings
from edgesr_ros.schema import convert

S = 1_000_000_000
RATE = 30
MBIT = 125_000  # bytes/s


def settings(**chosen: object) -> RobotSettings:
    return convert(defaults_of("onboard") | chosen, RobotSettings, "test")


@pytest.fixture(params=["av1", "h264"])
def ladder(request: pytest.FixtureRequest) -> str:
    if request.param == "av1":
        try:
            load()
        except SvtError as error:
            pytest.skip(str(error))
    return str(request.param)


def picture(n: int) -> np.ndarray:
    rng = np.random.default_rng(3)
    scene = rng.integers(0, 256, (12, 40, 3), np.uint8).repeat(10, axis=0).repeat(10, axis=1)
    place = 2 * n % 480
    return np.ascontiguousarray(np.hstack([scene, scene])[:, place : place + 160])


class Link:
    """Two ends and a link; times are seconds."""

    def __init__(self, seed: int, delay: float, loss: float, chosen: dict[str, object], **odd: float) -> None:
        self.rng = np.random.default_rng(seed)
        self.delay, self.loss = delay, loss
        self.jitter, self.double = odd.get("jitter", 0.0), odd.get("double", 0.0)
        self.robot = Robot(settings(**chosen), first_number=(1 << 16) * 5 - 20)
        self.robot.expect_reports()
        self.ground = Ground()
        self.events: list[tuple[float, int, object]] = []
        self.order = itertools.count()
        self.now, self.free = 0.0, 0.0
        self.whole = FrameDecoder()  # loses nothing
        self.expected: dict[int, np.ndarray] = {}
        self.shown: list[tuple[float, int]] = []
        self.recovering: list[int] = []
        self.messages: list[tuple[float, str, int]] = []
        self.reports: list[tuple[float, ArrivalReport]] = []
        self.drops: list[str] = []
        self.waiting: int | None = None

    def at(self, time: float, action) -> None:
        heapq.heappush(self.events, (time, next(self.order), action))

    def run(self, until: float) -> "Link":
        if not self.events:
            self.at(0.0, lambda: self.camera(1))
        while self.events[0][0] < until:
            self.now, _, action = heapq.heappop(self.events)
            action()
        return self

    def camera(self, n: int) -> None:
        self.at(n / RATE, lambda: self.camera(n + 1))
        self.robot.frame(self.now)
        self.waiting = n
        self.encode()

    def encode(self) -> None:
        if self.waiting is None:
            return
        if (wait := self.robot.wait(self.now)) > 0:
            if wait < np.inf:
                self.at(self.now + max(wait, 1e-6), self.encode)
            return
        n, self.waiting = self.waiting, None
        packet = self.robot.encode(self.now, picture(n))
        received = self.whole.decode(packet.data, packet.format.text())
        assert packet.format.number is not None
        self.expected[packet.format.number] = received.picture
        self.put(self.robot.sent(self.now, n * S // RATE, packet))

    def travel(self):
        for _ in range(1 + (self.rng.random() < self.double)):
            if self.rng.random() >= self.loss:
                yield self.delay + self.jitter * self.rng.random()

    def put(self, messages) -> None:
        for message in messages:
            self.messages.append((self.now, message.format, message.size))
            self.free = max(self.now, self.free) + (message.size + 250) / MBIT
            for delay in self.travel():
                self.at(self.free + delay, lambda message=message: self.arrive(message))

    def arrive(self, message) -> None:
        received = self.ground.decode(message.stamp_ns, message.data, message.format)
        at = round(self.now * S)
        report, dropped = self.ground.arrived(at, at, received)
        if received is not None and dropped is None:
            number = received.format.number
            assert number is not None
            np.testing.assert_array_equal(received.picture, self.expected[number])
            assert received.stamp_ns // (S // RATE) >= len(self.shown) - 1
            assert not self.shown or number > self.shown[-1][1]
            self.shown.append((self.now, number))
        if dropped:
            self.drops.append(dropped)
        self.recovering.append(self.ground.recovering)
        if report is None:
            return
        self.reports.append((self.now, report))
        assert report.decoded == (self.shown[-1][1] if self.shown else None)
        pairs = to_pairs(report)
        for delay in self.travel():
            self.at(self.now + delay, lambda: self.reported(pairs))

    def reported(self, pairs: dict[str, str]) -> None:
        self.robot.reported(self.now, from_pairs(pairs))
        self.put(self.robot.again(self.now))
        self.encode()


LINKS = {
    "short": (0.01, {}),
    "long": (0.12, {}),
    "reordering": (0.02, {"jitter": 0.04}),
    "doubling": (0.02, {"double": 0.3}),
    "all": (0.05, {"jitter": 0.04, "double": 0.2}),
}


@pytest.mark.parametrize("kind", LINKS)
@pytest.mark.parametrize("loss", [0.05, 0.2])
def test_only_pictures_that_no_loss_has_touched_are_shown_and_they_go_on(
    kind: str, loss: float, ladder: str
) -> None:
    delay, odd = LINKS[kind]
    link = Link(1, delay, loss, {"ladder": ladder}, **odd).run(6.0)
    assert len(link.shown) > 15
    before = len(link.shown)
    link.loss = 0.0
    link.run(12.0)
    # Whatever was lost: two seconds after the last loss all is well.
    settled = [at for at, _ in link.shown if at > 8.0]
    if not link.jitter:  # else the estimates of the link suffer, and with them the rate
        assert max(np.diff([8.0, *settled, 12.0])) < 0.35
    assert len(link.shown) > before + (4 if link.jitter else 60)
    until = 12.0
    while link.ground.recovering and until < 13.0:  # at any one moment a frame may only be late
        until += 0.1
        link.run(until)
    assert link.ground.recovering == 0


@pytest.mark.parametrize("delay", [0.01, 0.12])
def test_nothing_of_it_costs_a_byte_where_nothing_is_lost(delay: float, ladder: str) -> None:
    link = Link(2, delay, 0.0, {"ladder": ladder}).run(8.0)
    assert {text.split()[0] for _, text, _ in link.messages} == {ladder}
    assert len(link.messages) == len(link.expected)
    assert link.drops == []


def test_frames_that_are_asked_for_in_parts_are_and_fit(ladder: str) -> None:
    link = Link(3, 0.02, 0.0, {"ladder": ladder, "max_packet_bytes": 600}).run(5.0)
    assert max(size for _, _, size in link.messages) <= 600
    assert sum("part " in text for _, text, _ in link.messages) > 5
    assert len(link.shown) > 80


def test_lost_frames_are_sent_again_over_a_short_way_and_made_of_parity_over_a_long_one(ladder: str) -> None:
    short = Link(4, 0.01, 0.05, {"ladder": ladder}).run(10.0)
    groups = [Group.of(text) for _, text, _ in short.messages]
    assert {len(group.parts) for group in groups if group} <= {1}
    texts = [text for _, text, _ in short.messages]
    assert len(texts) - len(set(texts)) > 2
    long = Link(4, 0.12, 0.05, {"ladder": ladder}).run(10.0)
    groups = [Group.of(text) for _, text, _ in long.messages]
    assert sum(group is not None for group in groups) > 20
    assert max(len(group.parts) for group in groups if group) > 1
    repaired = [report.repaired for _, report in long.reports]
    assert repaired[-1] > 5
    assert sorted(repaired) == repaired


def test_reports_are_few_where_all_is_well(ladder: str) -> None:
    link = Link(5, 0.02, 0.0, {"ladder": ladder}).run(10.0)
    late = [report for at, report in link.reports if at > 2.0]
    shown = [number for at, number in link.shown if at > 2.0]
    assert len(late) < 0.6 * len(shown)
    told = {arrival.number for report in late for arrival in report.arrivals}
    assert told.issuperset(shown[:-2])
    gaps = np.diff([at for at, _ in link.reports])
    assert max(gaps) < 0.2


def test_who_comes_late_is_shown_something_soon(ladder: str) -> None:
    link = Link(6, 0.02, 0.0, {"ladder": ladder}).run(4.0)
    link.ground, link.shown = Ground(), []
    link.run(6.0)
    assert link.shown
    assert link.shown[0][0] < 4.3


def test_a_burst_that_takes_a_second_is_over_with_it(ladder: str) -> None:
    link = Link(7, 0.02, 0.0, {"ladder": ladder}).run(4.0)
    link.loss = 1.0
    link.run(5.0)
    link.loss = 0.0
    link.run(8.0)
    first = next(at for at, _ in link.shown if at > 5.0)
    assert first < 5.9
    assert max(np.diff([at for at, _ in link.shown if at > 5.5])) < 0.3
