import pytest

from edgesr_ros.control.staleness import Staleness

STALE_AFTER = 1.0


def announced(gaps: list[float], end: float) -> list[tuple[float, bool]]:
    """What is announced when pictures come after these gaps, looked at every 0.1 s."""
    times, now = [], 0.0
    for gap in gaps:
        now += gap
        times.append(now)
    fresh, news = Staleness(0.0), []
    for tick in range(1, round(end * 10) + 1):
        now = tick / 10
        while times and times[0] <= now + 1e-9:
            fresh.shown(times.pop(0))
        if fresh.check(now, STALE_AFTER):
            news.append((now, fresh.stale))
    return news


@pytest.mark.parametrize("period", [2.0, 5.0, 12.0])
def test_a_slow_camera_is_fresh_at_its_own_rate(period):
    news = announced([0.5] + [period] * 8, 0.5 + 8 * period + 0.9 * period)
    # With one picture nobody knows how often they come.
    assert news == [(pytest.approx(1.6, abs=0.11), True), (pytest.approx(0.5 + period, abs=0.11), False)]


@pytest.mark.parametrize("period", [0.03, 0.2, 0.4])
def test_a_fast_one_is_stale_after_the_time_that_is_set(period):
    frames = round(10 / period)
    stopped = frames * period
    news = announced([period] * frames, stopped + 5)
    assert news == [(pytest.approx(stopped + STALE_AFTER, abs=0.21), True)]


def test_a_slow_camera_that_stops_is_stale_too():
    assert announced([0.1] + [5.0] * 4, 60)[-1] == (pytest.approx(20.1 + 12.5, abs=0.2), True)


def test_an_outage_of_a_fast_camera_is_announced_each_time():
    news = announced(([0.1] * 30 + [5.0]) * 3 + [0.1] * 5, 24)
    assert [stale for _, stale in news] == [True, False] * 3


def test_nothing_ever_came():
    assert announced([], 3) == [(pytest.approx(1.1), True)]
