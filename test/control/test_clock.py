import numpy as np
import pytest

from edgesr_ros.control.clock import ClockOffset, Estimate


def exchange(clock: ClockOffset, at: float, offset: float, there: float, back: float) -> float:
    """A message to them that takes `there`, answered at once, `back`; returns when the answer is here."""
    theirs = at + there + offset
    clock.answered(at + there + back, at, theirs)
    clock.heard(at + there + back, theirs)
    return at + there + back


def test_nothing_is_known_before_messages_went_both_ways() -> None:
    clock = ClockOffset()
    assert clock.offset(0.0) is None
    clock.heard(1.0, 1000.0)
    assert clock.offset(1.0) is None
    assert clock.age(1.0, 999.0) is None


@pytest.mark.parametrize("offset", [-5000.0, 0.0, 1e9])
def test_one_exchange_knows_the_offset_to_half_a_round_trip(offset: float) -> None:
    clock = ClockOffset()
    now = exchange(clock, 10.0, offset, 0.03, 0.01)
    known = clock.offset(now)
    assert known is not None
    assert known.uncertainty == pytest.approx(0.02, abs=1e-5)
    assert known.seconds == pytest.approx(offset + 0.01, abs=1e-5)
    assert abs(known.seconds - offset) <= known.uncertainty + 1e-6


def test_the_truth_lies_within_the_uncertainty_which_shrinks_over_a_bad_link() -> None:
    rng = np.random.default_rng(1)
    clock = ClockOffset()
    now, drift, known = 0.0, 3e-5, []
    for _ in range(200):
        offset = 77.0 + drift * now
        now = exchange(clock, now, offset, *(0.01 + rng.exponential(0.1, 2))) + 1.0
        estimate = clock.offset(now)
        assert estimate is not None
        assert abs(estimate.seconds - (77.0 + drift * now)) <= estimate.uncertainty
        known.append(estimate.uncertainty)
    assert known[-1] < 0.05
    assert known[-1] < known[0]


def test_an_age_is_never_negative() -> None:
    clock = ClockOffset()
    now = exchange(clock, 0.0, 50.0, 0.2, 0.2)
    # Their clock shows between 50.2 and 50.6; a picture of 50.5 is at most 0.1 s old.
    assert clock.age(now, 50.5) == Estimate(pytest.approx(0.05, abs=1e-3), pytest.approx(0.05, abs=1e-3))
    assert clock.age(now, 50.7) is None
    old = clock.age(now, 49.0)
    assert old is not None
    assert old.seconds == pytest.approx(1.4, abs=1e-3)


def test_a_clock_that_is_set_is_learnt_anew() -> None:
    clock = ClockOffset()
    now = exchange(clock, 0.0, 5.0, 0.01, 0.01)
    for offset in (500.0, -500.0):
        now = exchange(clock, now + 1, offset, 0.01, 0.01)
        now = exchange(clock, now + 1, offset, 0.01, 0.01)
        known = clock.offset(now)
        assert known is not None
        assert known.seconds == pytest.approx(offset, abs=0.011)


def test_it_loosens_with_time_as_clocks_drift() -> None:
    clock = ClockOffset()
    now = exchange(clock, 0.0, 5.0, 0.01, 0.01)
    later = clock.offset(now + 1000)
    assert later is not None
    assert later.uncertainty == pytest.approx(0.11, abs=0.001)
