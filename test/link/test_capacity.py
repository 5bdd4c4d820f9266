import math

import numpy as np
import pytest

from edgesr_ros.link.capacity import Schedule, Step


def schedule(*steps: tuple[float, float | None], repeat: bool = False) -> Schedule:
    return Schedule(steps=tuple(Step(seconds=seconds, kbps=kbps) for seconds, kbps in steps), repeat=repeat)


def test_the_last_step_holds() -> None:
    steps = schedule((2, 800), (3, 80))
    assert [steps.kbps_at(t) for t in (0, 1.999, 2, 4.999, 5, 1e6)] == [800, 800, 80, 80, 80, 80]


def test_repeats() -> None:
    steps = schedule((2, 800), (3, 80), repeat=True)
    assert [steps.kbps_at(t) for t in (0, 2, 5, 6.999, 7, 5000, 5002)] == [800, 80, 800, 800, 80, 800, 80]


def test_no_limit_is_none() -> None:
    steps = schedule((1, None), (1, 0))
    assert (steps.kbps_at(0.5), steps.kbps_at(1.5)) == (None, 0)
    assert steps.finish(0.5, 10**9) == 0.5


def test_constant_capacity() -> None:
    assert schedule((math.inf, 80)).finish(3.0, 5000) == 3.5  # 10 kB/s


def test_a_frame_that_spans_a_step() -> None:
    # 100 kB/s until 1.0, then 10 kB/s: of 4000 bytes from 0.98 on, 2000 go before the step, 2000 take 0.2 s.
    assert schedule((1, 800), (math.inf, 80)).finish(0.98, 4000) == pytest.approx(1.2, abs=1e-12)


def test_a_frame_that_spans_an_outage() -> None:
    steps = schedule((1, 800), (5, 0), (1, 800))
    assert steps.finish(0.98, 4000) == pytest.approx(6.02, abs=1e-12)
    assert steps.finish(2.0, 4000) == pytest.approx(6.04, abs=1e-12)
    assert steps.finish(0.96, 4000) == pytest.approx(1.0, abs=1e-12)  # just before it


def test_an_outage_without_end() -> None:
    assert schedule((1, 800), (1, 0)).finish(0.98, 4000) == math.inf
    assert schedule((1, 800), (1, 0)).finish(math.inf, 4000) == math.inf


def test_many_rounds_are_exact_and_fast() -> None:
    steps = schedule((1, 8), (1, 0), repeat=True)  # 1000 bytes every 2 s
    assert steps.finish(0.0, 1000) == 1.0
    assert steps.finish(0.0, 1001) == pytest.approx(2.001)
    assert steps.finish(0.5, 1000) == pytest.approx(2.5)
    assert steps.finish(0.0, 10**12) == pytest.approx(2e9 - 1)


@pytest.mark.parametrize("repeat", [False, True])
def test_agrees_with_the_integral_of_the_capacity(repeat: bool) -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        lengths = rng.integers(1, 50, 6) / 10
        rates = rng.choice([0, 8, 80, 240, 800], 6) + np.array([0, 0, 0, 0, 0, 8])
        steps = schedule(*zip(lengths.tolist(), rates.tolist(), strict=True), repeat=repeat)
        start, size = float(rng.uniform(0, 40)), int(rng.integers(1, 100_000))
        end = steps.finish(start, size)
        t = np.linspace(start, end, 200_001)
        middles = (t[1:] + t[:-1]) / 2
        edges = np.cumsum(lengths)
        phase = middles % edges[-1] if repeat else middles
        kbps = rates[np.minimum(np.searchsorted(edges, phase, side="right"), 5)]
        assert kbps.mean() * (end - start) * 1000 / 8 == pytest.approx(size, rel=1e-3, abs=1)


def test_a_step_without_end_is_the_last() -> None:
    with pytest.raises(ValueError, match=r"steps\[0\]\.seconds"):
        schedule((math.inf, 800), (1, 80))
    with pytest.raises(ValueError, match=r"steps\[1\]\.seconds"):
        schedule((1, 800), (math.inf, 80), repeat=True)


def test_an_outage_cannot_repeat_for_ever() -> None:
    with pytest.raises(ValueError, match="kbps"):
        schedule((1, 0), (2, 0), repeat=True)
