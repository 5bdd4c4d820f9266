"""What the sender makes of a queue of others at the start, and of small frames under jitter."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from edgesr_ros.control.arrivals import ArrivalLog
from edgesr_ros.control.jitter import Jitter
from edgesr_ros.control.loss import LossEstimator
from edgesr_ros.control.observer import LinkObserver
from edgesr_ros.control.policy import Scene
from edgesr_ros.control.sender import Sender
from edgesr_ros.link.profile import LinkProfile

Run = Callable[..., "Drive"]  # noqa: F821  test/control/conftest.py
Steps = Callable[..., LinkProfile]


def content(enough: float) -> Scene:
    """Of a stream whose frames gain nothing beyond so many bytes."""
    sizes = np.array([300.0, enough, 40_000.0])
    return Scene(sizes, np.array([0.35, 0.1, 0.099]), moved=0.05, growth=0.6, stream=True)


@pytest.mark.parametrize("stream", [False, True], ids=["stills", "stream"])
@pytest.mark.parametrize("backlog", [0, 20_000, 40_000, 60_000])
@pytest.mark.parametrize("kbps", [300, 1000])
def test_others_in_the_queue_make_no_fast_link(
    kbps: float, backlog: int, stream: bool, drive: Run, steps: Steps
) -> None:
    sender = None if stream else Sender()
    run = drive(steps((math.inf, kbps)), 8, sender, backlog=backlog)
    true = kbps * 125
    capacities = [decision.capacity_bytes_per_s for _, decision in run.decisions]
    assert max(capacities) <= 1.5 * max(true, capacities[0])
    assert capacities[-1] >= 0.8 * true
    worst = max(sum(size for at, size, _ in run.sent if a <= at < a + 1) for a in np.arange(0, 7, 0.05))
    assert worst <= 1.3 * true
    assert run.overload_loss() == 0


@pytest.mark.parametrize("later", [0.003, 0.03, 0.1])
def test_small_frames_that_a_busy_machine_delays_make_no_slow_link(later: float) -> None:
    link, log = LinkObserver(), ArrivalLog()
    for place, (size, delay) in enumerate(
        [(3069, 0.01), (52, 0.01 + later), (66, 0.01 + later), (150, 0.01)]
    ):
        sent = 0.1 * place
        link.sent(sent, round(sent * 1e9), None, size, probe=False)
        report = log.arrived(round((sent + delay + 1234.5) * 1e9), round(sent * 1e9), size, 0.004)
        link.reported(sent + delay + 0.005, report, 1 / 30)
    assert link.capacity.rate >= 9_900  # of the last frame alone that is sure


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("overtaking", [False, True])
@pytest.mark.parametrize(("enough", "most"), [(500, 2.2), (800, 1.5)])
def test_small_frames_tell_what_the_link_carries(
    enough: float, most: float, overtaking: bool, seed: int, drive: Run, steps: Steps
) -> None:
    sender = Sender()
    sender.use("balanced", 30.0, 40_000, content(enough))
    run = drive(steps((math.inf, 300), jitter_ms=25, reorder=overtaking), 60, sender, seed=seed)
    capacities = [decision.capacity_bytes_per_s for at, decision in run.decisions if at > 5]
    assert np.median(capacities) <= most * 37_500
    assert np.percentile(capacities, 10) >= 0.5 * 37_500
    assert run.overload_loss() == 0


def test_the_usual_jitter_is_told_whatever_the_sizes() -> None:
    rng, jitter = np.random.default_rng(1), Jitter()
    for place in range(60):
        size = (500, 550, 4000)[place % 3]
        jitter.add(0.05 + size / 50_000 + rng.exponential(0.01), size, 40_000)
    assert jitter.usual == pytest.approx(0.01 * math.log(2), rel=0.5)
    for _ in range(4):
        jitter.add(5.0, 500, 40_000)  # an outage
        jitter.add(0.06, 500, 40_000)
    assert jitter.usual <= 0.02


def test_one_frame_that_is_lost_by_itself_is_chance_two_are_too_large() -> None:
    losses = LossEstimator()
    losses.vanished(20_000)
    assert losses.largest == math.inf
    losses.arrived(20_000)
    losses.vanished(20_000)
    assert losses.largest == math.inf
    losses.arrived(10_000)
    losses.vanished(16_000)
    assert losses.largest == 8000
