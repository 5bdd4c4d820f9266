"""A way that becomes longer or shorter is told from a link that becomes slower, and from a queue."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from edgesr_ros.control.trial import DelayTrial
from edgesr_ros.link.profile import LinkProfile

Run = Callable[..., "Drive"]  # noqa: F821  test/control/conftest.py
Steps = Callable[..., LinkProfile]

CHANGE = 15.0  # s
RECOVERED = CHANGE + 20
UNLIMITED = (math.inf, 1e6)


def after(seconds: float, at: float = CHANGE) -> Callable[[float], float]:
    return lambda now: seconds if now >= at else 0.0


def window(run: "Drive", begin: float, end: float) -> tuple[float, float]:  # noqa: F821
    """Frames per second and bytes a frame."""
    sizes = [size for at, size, _ in run.sent if begin <= at < end]
    return len(sizes) / (end - begin), float(np.mean(sizes))


def recovers(run: "Drive", begin: float = CHANGE, end: float = RECOVERED) -> bool:  # noqa: F821
    """By bytes: as many can go in fewer and larger frames, where those look better by now."""
    before, later = window(run, begin - 8, begin), window(run, end, end + 8)
    return math.prod(later) >= 0.9 * math.prod(before)


@pytest.mark.parametrize("more", [{}, {"jitter_ms": 15}, {"loss": 0.01}], ids=["still", "jitter", "loss"])
@pytest.mark.parametrize("rise", [0.04, 0.15, 0.3])
def test_a_longer_way_costs_nothing_for_long(rise: float, more: dict, drive: Run, steps: Steps) -> None:
    run = drive(steps(UNLIMITED, **more), RECOVERED + 8, longer=after(rise))
    assert recovers(run)
    assert run.overload_loss() == 0


@pytest.mark.parametrize("kbps", [100, 1000, 5000])
@pytest.mark.parametrize("rise", [0.04, 0.15])
def test_a_longer_way_over_a_limited_link(kbps: float, rise: float, drive: Run, steps: Steps) -> None:
    run = drive(steps((math.inf, kbps)), RECOVERED + 8, longer=after(rise))
    assert recovers(run)
    before, later = run.age_p95(CHANGE - 8, CHANGE), run.age_p95(RECOVERED, RECOVERED + 8)
    assert later <= before + rise + 0.02 + 2 / 30  # nothing waits that did not wait before


def test_a_way_that_becomes_longer_again_and_again(drive: Run, steps: Steps) -> None:
    rises = [CHANGE, CHANGE + 20, CHANGE + 40]
    run = drive(steps(UNLIMITED), 75, longer=lambda now: 0.05 * sum(now >= at for at in rises))
    assert all(recovers(run, CHANGE, at + 12) for at in rises)


@pytest.mark.parametrize("kbps", [1000, 3000, 1e6])
def test_a_way_that_becomes_shorter_leaves_no_queue(kbps: float, drive: Run, steps: Steps) -> None:
    """Else the link is thought so much faster as the way is thought longer, and a queue makes good for it."""
    run = drive(steps((math.inf, kbps)), 68, longer=lambda now: 0.0 if now >= CHANGE else 0.04)
    late = [decision for at, decision in run.decisions if at >= 60]
    assert max(decision.wait for decision in late) <= 0.005
    assert run.age_p95(60, 68) <= run.age_p95(CHANGE - 8, CHANGE) - 0.04 + 1.2 / 30  # the interval may differ
    assert recovers(run, CHANGE, 60)


@pytest.mark.parametrize("ppm", [-500, 500])
def test_clocks_that_drift_cost_nothing(ppm: float, drive: Run, steps: Steps) -> None:
    run = drive(steps(UNLIMITED), 120, longer=lambda now: 0.1 + ppm * 1e-6 * now)
    assert recovers(run, 20, 110)


@pytest.mark.parametrize("kbps", [100, 1000])
def test_a_slow_link_that_is_full_for_minutes_stays_one(kbps: float, drive: Run, steps: Steps) -> None:
    profile = steps((math.inf, kbps))
    run = drive(profile, 180)
    assert run.age_p95(10) <= 0.27
    assert run.overload_loss() == 0
    assert run.rates(10, 180).max() <= 1.2 * kbps * 125
    assert run.used(profile, 10, 180) >= 0.8


@pytest.mark.parametrize("kbps", [100, 300])
def test_a_link_that_becomes_slower_is_no_longer_way(kbps: float, drive: Run, steps: Steps) -> None:
    run = drive(steps((CHANGE, 1000), (math.inf, kbps)), 75)
    assert run.rates(CHANGE + 2, 75).max() <= 1.3 * kbps * 125
    assert run.age_p95(CHANGE + 2) <= 0.27
    assert run.overload_loss() == 0


@pytest.mark.parametrize("share", [0.3, 0.6])
def test_the_queue_of_others_is_no_longer_way(share: float, drive: Run, steps: Steps) -> None:
    """Others take a share of 1 Mbit/s for a minute: what is left is found, used and not overloaded."""
    run = drive(
        steps((math.inf, 1000)),
        98,
        others=lambda now: share * 125_000 if CHANGE <= now < 75 else 0.0,
    )
    left = (1 - share) * 125_000
    carried = sum(size for at, size, dropped in run.sent if 20 <= at < 75 and not dropped) / 55
    assert carried >= 0.7 * left
    assert run.age_p95(CHANGE + 3, 75) <= 0.35
    assert run.overload_loss() <= 0.01
    assert recovers(run, CHANGE, 90)


def seen(trial: DelayTrial, delays: Callable[[int], float]) -> float:
    """One trial of frames planned with 8000 bytes, whose propagation was 0.02."""
    now, change = 0.0, 0.0
    for rate in (100_000.0, *[10_000.0] * 30):
        now += 0.1
        trial.watch(now, rate, 1e6)
    assert trial.running
    while trial.running:
        now += 0.1
        size = int(trial.size(8000, 40_000, 1000))
        trial.sent(now, alone=True)
        change = trial.arrived(now, size, delays(size), 0.02)
    return change


def test_what_does_not_depend_on_bytes_is_the_way() -> None:
    assert seen(DelayTrial(), lambda size: 0.02 + size / 50_000) == 0
    assert seen(DelayTrial(), lambda size: 0.08 + size / 50_000) == pytest.approx(0.06)
    assert seen(DelayTrial(), lambda _: 0.08) == pytest.approx(0.06)
    assert seen(DelayTrial(), lambda size: -0.08 + size / 50_000) == pytest.approx(-0.1)
    assert seen(DelayTrial(), lambda size: 0.02 + 3 * size / 50_000) == 0


def test_frames_of_one_size_tell_nothing_and_are_tried_again() -> None:
    trial = DelayTrial()
    assert seen(trial, lambda _: 0.08) > 0
    now = 100.0
    trial.watch(now, 100_000.0, 1e6)
    for _ in range(3):
        while not trial.running:
            now += 0.1
            trial.watch(now, 10_000.0, 1e6)
        while trial.running:
            now += 0.1
            trial.sent(now, alone=True)
            assert trial.arrived(now, 5000, 0.5, 0.02) == 0
