from itertools import pairwise

import numpy as np
import pytest

from edgesr_ros.control.policy import MIN_FRAME_BYTES, USUAL, FramePolicy, Plan, Scene, Terms

POLICIES = ["smooth", "balanced", "sharp"]
RATES = np.geomspace(2000, 2e6, 60)


def plan(policy: FramePolicy, rate: float = 125_000, scene: Scene = USUAL, **more: float) -> Plan:
    terms = Terms(capacity=rate / 0.95, fixed=0.02, arrive=1.0, largest=40_000)._replace(**more)
    return policy.plan(scene, rate, terms)


def moving(moved: float, stream: bool = False) -> Scene:
    return USUAL._replace(moved=moved, stream=stream)


@pytest.mark.parametrize("name", POLICIES)
def test_never_more_than_the_rate_nor_frames_out_of_bounds(name: str) -> None:
    for moved in (0.004, 0.05, 0.3):
        policy = FramePolicy(name, 30.0)
        for rate in RATES:
            found = plan(policy, rate, moving(moved))
            assert MIN_FRAME_BYTES * 0.999 <= found.size <= 40_000
            assert found.size <= max(rate * found.periods / 30, MIN_FRAME_BYTES) * 1.001
            assert 1 <= found.periods <= 30


@pytest.mark.parametrize("name", POLICIES)
def test_a_better_link_never_shows_worse(name: str) -> None:
    found = [plan(FramePolicy(name, 30.0), rate) for rate in RATES]
    expected = [one.lpips for one in found]
    # Where one interval takes over from another, a policy may take what it weighs more for a little less.
    assert all(later <= before * 1.2 for before, later in pairwise(expected))
    assert all(later <= before * 1.01 for before, later in zip(expected, expected[6:], strict=False))
    assert found[0].periods > found[-1].periods == 1


def test_what_moves_is_sent_fresh_and_what_stands_still_sharp() -> None:
    still, fast = (plan(FramePolicy("balanced", 30.0), scene=moving(moved)) for moved in (0.004, 0.15))
    assert fast.age < still.age
    assert fast.size < still.size / 2
    assert fast.size < 125_000 / 30 * 0.9  # filling the link is no goal: what is larger is older


def test_policies_trade_freshness_for_detail() -> None:
    smooth, balanced, sharp = (plan(FramePolicy(name, 30.0)) for name in POLICIES)
    assert smooth.age < balanced.age < sharp.age
    assert smooth.size <= balanced.size < sharp.size


def test_a_stream_gains_little_by_waiting() -> None:
    stills, stream = (
        plan(FramePolicy("sharp", 30.0), scene=moving(0.02, stream)) for stream in (False, True)
    )
    assert stream.periods < stills.periods


def test_frames_of_many_packets_are_smaller_where_packets_get_lost() -> None:
    clean, lossy = (plan(FramePolicy("balanced", 30.0), 1e6, arrive=arrive) for arrive in (1.0, 0.9))
    assert lossy.size < clean.size


def test_a_trembling_rate_does_not_change_the_interval() -> None:
    rng = np.random.default_rng(1)
    for middle in np.geomspace(20_000, 1e6, 12):
        policy = FramePolicy("balanced", 30.0)
        plan(policy, middle)
        periods = {plan(policy, rate).periods for rate in middle * rng.uniform(0.97, 1.03, 50)}
        assert len(periods) <= 2
        changes = np.diff([plan(policy, rate).periods for rate in middle * rng.uniform(0.97, 1.03, 50)])
        assert np.count_nonzero(changes) <= 5


def test_faster_than_the_source_is_not_possible() -> None:
    assert plan(FramePolicy("smooth", 5.0), 1e6).periods == 1


def test_where_the_link_carries_less_than_the_least_frames_they_come_seldom() -> None:
    found = plan(FramePolicy("smooth", 30.0), 3000)
    assert found.size == pytest.approx(1000)
    assert found.periods >= 9
