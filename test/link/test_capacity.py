import math

import numpy as np
import pytest

from edgesr_ros.link.capacity import Interrupted, Outage, Schedule, Sine, Step


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


def ramp(**settings: object) -> Schedule:
    return Schedule(steps=(Step(seconds=10, kbps=100, to_kbps=1100),), **settings)


def test_a_ramp_rises_steadily_and_its_end_holds() -> None:
    rising = ramp()
    assert [rising.kbps_at(t) for t in (0, 5, 9.999)] == pytest.approx([100, 600, 1100], abs=1)
    assert rising.kbps_at(1000.0) == 1100
    assert rising.kbit(0, 10) == pytest.approx(6000)
    assert rising.kbit(0, 5) == pytest.approx(100 * 5 + 50 * 25, rel=1e-6)
    # 100 t + 50 t² = 1750 kbit
    assert rising.finish(0, 1750 * 125) == pytest.approx(5.0, abs=1e-3)


def test_a_ramp_repeats() -> None:
    assert ramp(repeat=True).kbit(10, 30) == pytest.approx(12_000)
    assert ramp(repeat=True).kbps_at(20.0) == pytest.approx(100, abs=1)


def sine(seconds: float = 8, kbps: float = 1000, **settings: object) -> Step:
    return Step(seconds=seconds, kbps=kbps, sine=Sine(amplitude_kbps=900, period=8), **settings)


def test_a_sine_swings_around_its_step() -> None:
    swinging = Schedule(steps=(sine(),), repeat=True)
    assert [swinging.kbps_at(t) for t in (0, 2, 4, 6, 10)] == pytest.approx(
        [1000, 1900, 1000, 100, 1900], abs=5
    )
    assert swinging.kbit(0, 8) == pytest.approx(8000)
    assert swinging.kbit(0, 4) == pytest.approx(4000 + 900 * 8 / math.pi)
    assert swinging.kbit(4, swinging.finish(4, 500_000)) == pytest.approx(4000)
    once = Schedule(steps=(sine(),))
    assert once.kbps_at(8.1) == 1000  # after the last step its own capacity holds


def test_a_sine_on_a_ramp() -> None:
    both = Schedule(steps=(sine(kbps=1000, to_kbps=3000),))
    assert both.kbps_at(2.0) == pytest.approx(1500 + 900, abs=5)
    assert both.kbit(0, 8) == pytest.approx(16_000)


def test_a_long_sine_that_reaches_0_stays_small_and_is_never_negative() -> None:
    day = Schedule(steps=(Step(seconds=86_400, kbps=500, sine=Sine(amplitude_kbps=500, period=3600)),))
    assert day.kbit(0, 86_400) == pytest.approx(500 * 86_400)
    assert min(day.kbps_at(2700 + t / 10) or 0.0 for t in range(-20, 20)) >= 0.0


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"kbps": 5, "to_kbps": 9}, "seconds"),
        ({"kbps": None, "seconds": 2, "to_kbps": 9}, "kbps"),
        ({"kbps": 500, "sine": Sine(amplitude_kbps=500, period=2)}, "seconds"),
        ({"kbps": 500, "seconds": 2, "sine": Sine(amplitude_kbps=501, period=2)}, "amplitude"),
        ({"kbps": 500, "seconds": 2, "to_kbps": 5, "sine": Sine(amplitude_kbps=50, period=2)}, "amplitude"),
    ],
)
def test_shapes_that_cannot_be(settings: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Step(**settings)


def test_outages_cut_a_capacity_and_its_time_goes_on() -> None:
    steps = schedule((2, 800), (2, 80), (math.inf, 800))
    cut = Interrupted(steps, [Outage(start=1, seconds=2), Outage(start=5, seconds=1)])
    assert [cut.kbps_at(t) for t in (0.5, 1, 2.9, 3, 4, 5.5, 6)] == [800, 0, 0, 80, 800, 0, 800]
    assert cut.kbit(0, 10) == pytest.approx(800 + 80 + 800 + 4 * 800)
    assert cut.kbit(0.5, 1.5) == pytest.approx(400)
    assert cut.kbit(1.5, 2.5) == 0
    assert cut.finish(0.0, 100_000) == pytest.approx(1.0)  # just before
    assert cut.finish(0.0, 110_000) == pytest.approx(4.0)
    assert cut.finish(2.0, 10_000) == pytest.approx(4.0)
    assert cut.finish(4.5, 100_000) == pytest.approx(6.5)
    assert cut.finish(7.0, 100_000) == pytest.approx(8.0)
    assert cut.finish(math.inf, 1) == math.inf


def test_outages_of_an_unlimited_link() -> None:
    cut = Interrupted(schedule((math.inf, None)), [Outage(start=1, seconds=2)])
    assert (cut.finish(0.5, 10**9), cut.finish(1.5, 10**9)) == (0.5, 3.0)
    assert (cut.kbit(0, 0.5), cut.kbit(1, 3)) == (math.inf, 0)


def test_outages_come_in_order() -> None:
    with pytest.raises(ValueError, match=r"outages\[1\]\.start"):
        Interrupted(schedule((math.inf, 80)), [Outage(start=5, seconds=2), Outage(start=6, seconds=1)])
