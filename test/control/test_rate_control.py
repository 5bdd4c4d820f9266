"""What the issue of the link promises of the sender, over simulated links."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgesr_ros.control.policy import USUAL
from edgesr_ros.control.sender import Sender
from edgesr_ros.link.profile import LinkProfile, read_profile
from edgesr_ros.link.trace import read_trace

TRACES = [
    "mahimahi/ATT-LTE-driving.up",
    "mahimahi/TMobile-UMTS-driving.up",
    "mahimahi/Verizon-EVDO-driving.up",
    "ghent4g/report_bicycle_0001.json",
    "ghent4g/report_bus_0001.json",
    "ghent4g/report_car_0001.json",
    "ghent4g/report_foot_0001.json",
    "ghent4g/report_train_0001.json",
]
PROPAGATION = 0.02
FRESH = PROPAGATION + 0.25

Run = Callable[..., "Drive"]  # noqa: F821  test/control/conftest.py
Steps = Callable[..., LinkProfile]


def traced(path: Path) -> LinkProfile:
    delay_ms = PROPAGATION * 1000 if path.suffix == ".up" else 0.0  # Ghent's traces have their own: 20 ms
    return LinkProfile(description="trace", capacity=read_trace(path), delay_ms=delay_ms)


@pytest.mark.slow
@pytest.mark.parametrize("name", TRACES)
def test_real_links_are_used_stay_fresh_and_are_not_overloaded(name: str, shared: Path, drive: Run) -> None:
    profile = traced(shared / "data" / "traces" / name)
    seconds = 900 if name.startswith("mahimahi") else 400  # the first five minutes alone are the worst
    run = drive(profile, seconds)
    assert run.used(profile, 0, seconds) >= 0.7
    assert run.age_p95() <= FRESH
    assert run.overload_loss() <= 0.01


@pytest.mark.parametrize("kbps", [100, 300, 1000, 3000, 9000, 30_000])
def test_a_constant_link_is_used_without_oscillation(kbps: float, drive: Run, steps: Steps) -> None:
    profile = steps((math.inf, kbps))
    run = drive(profile, 30)
    rates = run.rates(3, 30)
    assert run.used(profile, 3, 30) >= 0.75
    assert run.age_p95(3) <= FRESH
    assert run.overload_loss() == 0
    assert rates.max() / rates.mean() <= 1.2
    assert rates.min() / rates.mean() >= 0.8


DISTURBANCES = {
    "jitter": {"jitter_ms": 15},
    "loss": {"loss": 0.05},
    "duplicates": {"duplicate": 0.1},
}


@pytest.mark.parametrize("kbps", [100, 300, 1000, 3000])
@pytest.mark.parametrize("name", DISTURBANCES)
def test_disturbances_are_not_taken_for_overload(name: str, kbps: float, drive: Run, steps: Steps) -> None:
    profile = steps((math.inf, kbps), **DISTURBANCES[name])
    run = drive(profile, 40)
    assert run.used(profile, 3, 40) >= 0.7
    assert run.age_p95(3) <= FRESH
    assert run.overload_loss() <= 0.02


def test_heavy_loss_makes_frames_smaller_not_fewer(drive: Run, steps: Steps) -> None:
    """The objective is the screen: a frame that does not arrive is worth nothing, however large."""
    clean, lossy = (drive(steps((math.inf, 1000), loss=loss), 60) for loss in (0.0, 0.2))
    sizes = [np.mean([size for at, size, _ in run.sent if at > 5]) for run in (clean, lossy)]
    assert sizes[1] < sizes[0]
    assert len(lossy.sent) >= 0.85 * len(clean.sent)
    assert lossy.rates(5, 60).min() >= 0.6 * 125_000
    assert lossy.overload_loss() == 0


@pytest.mark.parametrize("kbps", [100, 1000, 3000])
@pytest.mark.parametrize("more", [{"lose_report": 0.2}, {"deviation": 0.3}])
def test_lost_reports_and_sizes_that_deviate(
    more: dict[str, float], kbps: float, drive: Run, steps: Steps
) -> None:
    profile = steps((math.inf, kbps))
    run = drive(profile, 30, **more)
    assert run.used(profile, 3, 30) >= 0.7
    assert run.age_p95(3) <= FRESH
    assert run.overload_loss() <= 0.02


@pytest.mark.parametrize("kbps", [100, 1000])
def test_a_way_back_as_slow_as_the_way_there(kbps: float, drive: Run, steps: Steps) -> None:
    profile = steps((math.inf, kbps), jitter_ms=10)
    run = drive(profile, 30, back=profile)
    assert run.used(profile, 3, 30) >= 0.75
    assert run.age_p95(3) <= FRESH


@pytest.mark.parametrize("step", [10.0, 10.015, 10.03, 10.045])
def test_a_tenth_of_the_capacity_and_back(step: float, drive: Run, steps: Steps) -> None:
    profile = steps((step, 1000), (10, 100), (math.inf, 1000))
    run = drive(profile, step + 20)
    assert run.ages(step + 1.5, step + 10).max() <= FRESH
    assert run.rates(step + 1.5, step + 10).max() <= 2 * 12_500
    assert run.used(profile, step + 1.5, step + 9.5) >= 0.7
    up = step + 10
    assert run.rates(up + 1.5, up + 10).min() >= 0.75 * 125_000
    assert run.used(profile, up + 1.5, up + 9.5) >= 0.75
    assert run.overload_loss() == 0


@pytest.mark.parametrize("kbps", [300, 1000, 2000, 10_000])
def test_a_fresh_picture_soon_after_an_outage(kbps: float, drive: Run, steps: Steps) -> None:
    profile = steps((10, kbps), (5, 0), (math.inf, kbps))
    run = drive(profile, 25, back=profile)
    assert run.first_fresh(after=15.0) <= 0.5
    assert run.used(profile, 17, 25) >= 0.75
    assert sum(10.2 < at < 15 for at, *_ in run.sent) <= 15  # nothing but small probes goes into the outage


@pytest.mark.parametrize("left", [12, 30])
@pytest.mark.parametrize("phase", [0.0, 0.02, 0.04])
def test_a_link_that_all_but_stalls_both_ways_is_not_filled(
    left: float, phase: float, drive: Run, steps: Steps
) -> None:
    """A packet a second comes through: a report that is late does not tell that what waits is through."""
    end = 13 + phase
    profile = steps((8 + phase, 1100), (5, left), (math.inf, 1100))
    run = drive(profile, 30, back=profile)
    assert run.overload_loss() <= 0.002
    assert sum(8.7 < at < end for at, *_ in run.sent) <= 30
    assert run.first_fresh(after=end) <= 0.7
    assert run.used(profile, end + 5, 30) >= 0.7


def test_a_fresh_picture_soon_after_an_outage_whenever_it_begins(drive: Run, steps: Steps) -> None:
    """The queue may be full: of frames whose time tells nothing of the link, or without room for probes."""
    for phase in range(40):
        begin = 8 + phase / 300  # a third of a source period
        link = steps((begin, 7000), (5, 0), (100, 7000))
        run = drive(link, begin + 6, back=link, deviation=0.25, seed=phase)
        assert run.first_fresh(begin + 5) <= 0.7, phase


def test_bursts_of_losses_do_not_pass_for_outages(drive: Run) -> None:
    """A burst is over after some packets: who waits long between probes makes it last."""
    profile = read_profile("bursty")
    blind = 0.0
    for seed in range(1, 7):
        run = drive(profile, 60, back=profile, seed=seed)
        waits = np.diff([0.0, *(at for at, *_ in run.arrived), 60.0])
        blind += np.maximum(waits - 1, 0).sum()
    assert blind / 360 <= 0.01


def test_a_queue_too_short_for_its_frames_makes_them_smaller(drive: Run, steps: Steps) -> None:
    run = drive(steps((math.inf, 8000), queue_bytes=16_000), 60)
    assert run.age_p95(20) <= FRESH
    assert np.mean([dropped for at, _, dropped in run.sent if at > 20]) <= 0.12
    assert len([at for at, *_ in run.arrived if at > 20]) / 40 >= 10


@pytest.mark.parametrize("policy", ["smooth", "balanced", "sharp"])
def test_no_policy_overloads_the_link_and_each_knows_it(policy: str, drive: Run, steps: Steps) -> None:
    run = drive(steps((math.inf, 1000)), 30, Sender(policy))
    capacities = [decision.capacity_bytes_per_s for at, decision in run.decisions if at > 5]
    assert np.mean(capacities) == pytest.approx(125_000, rel=0.1)
    assert max(decision.wait for at, decision in run.decisions if at > 5) <= 0.05
    assert run.overload_loss() == 0


def test_policies_differ_in_frame_rate(drive: Run, steps: Steps) -> None:
    """Smooth never sends less often than sharp, and with what stands still sharp waits for more bytes."""
    rates = []
    for policy in ("smooth", "balanced", "sharp"):
        sender = Sender(policy)
        sender.use(policy, 30.0, 40_000, USUAL._replace(moved=0.02))
        rates.append(len(drive(steps((math.inf, 300)), 20, sender).arrived))
    assert rates[0] > 1.3 * rates[1] > 1.3 * 1.3 * rates[2]


@pytest.mark.parametrize("rate", [10e3, 40e3])
def test_without_reports_it_keeps_to_the_fixed_rate(rate: float, drive: Run, steps: Steps) -> None:
    profile = steps((math.inf, 8000))
    run = drive(profile, 42, Sender(fixed_rate_bytes_per_s=rate), reports=False)
    sent = sum(size for at, size, _ in run.sent if at >= 2)
    assert sent / 40 == pytest.approx(rate, rel=0.05)
    assert run.decisions[-1][1].state == "unreported"


def test_silence_of_a_receiver_that_reports_is_loss(drive: Run, steps: Steps) -> None:
    sender = Sender()
    sender.expect_reports()
    run = drive(steps((math.inf, 8000)), 60, sender, reports=False)
    assert sum(size for _, size, _ in run.sent) / 60 <= 3000
    assert run.decisions[-1][1].state == "lost"


def test_the_same_seed_gives_the_same_run(drive: Run, steps: Steps) -> None:
    profile = steps((math.inf, 500), loss=0.1, jitter_ms=10)
    assert drive(profile, 10).sent == drive(profile, 10).sent
