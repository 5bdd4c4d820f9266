import numpy as np
import pytest

from edgesr_ros.control.policy import MIN_FRAME_BYTES, FramePolicy

POLICIES = ["smooth", "balanced", "sharp"]
RATES = np.geomspace(1000, 2e6, 200)


@pytest.mark.parametrize("name", POLICIES)
def test_more_rate_means_no_fewer_frames_nor_much_smaller_ones(name: str) -> None:
    policy = FramePolicy(name, 30.0)
    intervals = np.array([policy.interval(rate, 40_000) for rate in RATES])
    assert (np.diff(intervals) <= 0).all()
    assert intervals[0] == pytest.approx(1.0)
    assert intervals[-1] == pytest.approx(1 / 30)
    assert (RATES * intervals >= MIN_FRAME_BYTES * 0.99).all()


@pytest.mark.parametrize("name", POLICIES)
def test_intervals_are_whole_source_periods(name: str) -> None:
    policy = FramePolicy(name, 25.0)
    for rate in RATES:
        periods = policy.interval(rate, 40_000) * 25
        assert periods == pytest.approx(round(periods))


def test_policies_trade_frames_for_detail() -> None:
    hz = [1 / FramePolicy(name, 30.0).interval(125_000, 40_000) for name in POLICIES]
    assert hz == pytest.approx([30, 15, 6])


def test_a_trembling_rate_does_not_change_the_interval() -> None:
    rng = np.random.default_rng(1)
    for middle in RATES[100:180:3]:
        policy = FramePolicy("balanced", 30.0)
        intervals = {policy.interval(rate, 1e6) for rate in middle * rng.uniform(0.93, 1.07, 100)}
        assert len(intervals) == 1


def test_where_the_rate_came_from_soon_matters_no_more() -> None:
    rates = np.geomspace(30_000, 1e6, 60)
    found = []
    for before in (10_000, 2e6):
        policies = [FramePolicy("balanced", 30.0) for _ in rates]
        for policy in policies:
            policy.interval(before, 1e9)
        found.append([30 * policy.interval(rate, 1e9) for policy, rate in zip(policies, rates, strict=True)])
    differing = np.abs(np.subtract(*found))
    assert differing.max() <= 1 + 1e-9
    assert (differing > 0.5).mean() < 0.3


def test_what_frames_cannot_use_goes_into_more_of_them() -> None:
    assert FramePolicy("sharp", 30.0).interval(400_000, 40_000) == pytest.approx(3 / 30)
    assert FramePolicy("sharp", 30.0).interval(400_000, 14_000) == pytest.approx(1 / 30)


def test_faster_than_the_source_is_not_possible() -> None:
    assert FramePolicy("smooth", 5.0).interval(1e6, 1e9) == pytest.approx(1 / 5)


def test_where_pictures_take_half_the_bytes_a_rate_is_spent_like_twice_the_rate() -> None:
    cheap, usual = FramePolicy("balanced", 120.0, frame_cost=0.5), FramePolicy("balanced", 120.0)
    rates = np.geomspace(20_000, 500_000, 50)  # where neither the least nor the largest frame decides
    found = [cheap.interval(rate, 40_000) for rate in rates]
    assert found == [usual.interval(2 * rate, 40_000) for rate in rates]
    assert len(set(found)) > 3
