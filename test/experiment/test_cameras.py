"""Several cameras of a robot over one link, in simulated time."""

import numpy as np
import pytest

from edgesr_ros.ends.ground import Ground
from edgesr_ros.ends.shared_link import SharedLink
from edgesr_ros.experiment.footage import Footage
from edgesr_ros.experiment.plan import Camera, Ours, Processing
from edgesr_ros.experiment.robots import Frame, PacedRobot, robots_of
from edgesr_ros.experiment.simulation import Run, Simulation
from edgesr_ros.link.capacity import Schedule, Step
from edgesr_ros.link.emulator import LinkEmulator
from edgesr_ros.link.packets import Channel
from edgesr_ros.link.profile import LinkProfile

CAMERA = Camera(width=128, height=96, rate_hz=20)


def profile(kbps: float) -> LinkProfile:
    steps = (Step(kbps=kbps, seconds=99),)
    return LinkProfile(description="test", capacity=Schedule(steps=steps), delay_ms=20, queue_bytes=16_000)


class Robot(PacedRobot):
    """One whose camera gives frames from a moment to another, and whose weight changes at one."""

    def __init__(self, footage: Footage, link: SharedLink, since=0.0, until=99.0, focus_at=99.0) -> None:
        super().__init__(Ours(name="x", ladder="av1"), footage, link)
        self.since, self.until, self.focus_at = since, until, focus_at
        self.rates: list[tuple[float, float]] = []  # s, bytes per second that were decided

    def encode(self, now: float, number: int) -> Frame:
        frame = super().encode(now, number)
        self.rates.append((now, self._packet.decision.rate_bytes_per_s))
        return frame

    def rate(self, begin: float, end: float) -> float:
        return float(np.mean([rate for at, rate in self.rates if begin <= at < end]))

    def wait(self, now: float) -> float:
        if now >= self.focus_at:
            self.link.budget.weigh(self.end.sender, 4.0)
        return super().wait(now) if self.since <= now < self.until else np.inf


def simulate(robots, seconds: float, kbps: float = 100) -> list[Run]:
    there, back = (Channel(LinkEmulator(profile(kbps), seed)) for seed in (1, 2))
    grounds = [Ground() for _ in robots]
    return Simulation(robots, grounds, there, back, CAMERA, Processing(), np.array([]), print).run(seconds)


def sent(run: Run, begin: float, end: float = np.inf) -> int:
    return sum(size for at, size in run.sent if begin <= at < end)


@pytest.fixture
def moving(footage) -> list[Footage]:
    return [footage.later(frames) for frames in (0, 7, 13)]


def test_cameras_that_see_alike_things_get_alike_parts_and_overload_nothing(moving):
    runs = simulate(robots_of(Ours(name="x"), moving, 20, [{}, {}, {}]), 12)
    parts = [sent(run, 2) for run in runs]
    assert max(parts) <= 1.3 * min(parts)
    assert sum(run.lost.get("queue", 0) for run in runs) == 0
    assert sum(parts) > 0.6 * 100_000 / 8 * 10
    for run in runs:
        assert np.percentile([shown.age for shown in run.shown], 95) < 0.3


def test_focus_takes_effect_within_half_a_second(moving):
    link = SharedLink()
    robots = [Robot(footage, link, focus_at=99 if index else 5.0) for index, footage in enumerate(moving)]
    runs = simulate(robots, 9, kbps=60)
    before, soon = ([robot.rate(*span) for robot in robots] for span in ((3, 5), (5.1, 5.5)))
    assert before[0] < 1.3 * min(before)
    assert soon[0] > 2 * np.mean(soon[1:])  # four times, but for what each needs at that moment
    late = [sent(run, 6) for run in runs]
    assert late[0] > 2 * np.mean(late[1:])


def test_a_camera_that_stands_still_leaves_the_link_to_one_that_moves(footage):
    still = Footage("still", [footage.frame(0)])
    moving, standing = simulate(robots_of(Ours(name="x"), [footage, still], 20, [{}, {}]), 10)
    assert sent(moving, 2) > 0.8 * (sent(moving, 2) + sent(standing, 2))
    assert len(standing.shown) > 30


def test_one_that_joins_and_leaves_disturbs_the_others_for_a_moment(moving):
    link = SharedLink()
    robots = [Robot(moving[0], link), Robot(moving[1], link), Robot(moving[2], link, 4.0, 8.0)]
    runs = simulate(robots, 18, kbps=60)
    assert [run.lost for run in runs] == [{}] * 3
    assert len(runs[2].shown) > 20
    for run in runs[:2]:
        assert max(np.diff([shown.at for shown in run.shown if shown.at > 3])) < 1
        apart, together = sent(run, 2, 4) / 2, sent(run, 5, 8) / 3
        assert together < 0.95 * apart
        assert sent(run, 9, 18) / 9 > 0.8 * apart  # over three seconds it is the content that tells
