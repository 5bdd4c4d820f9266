import numpy as np
import pytest

from edgesr_ros.control.contrast import SizeContrast

RATE = 100_000.0  # bytes per second
WAY = 0.008  # s
OFFSET = 1234.5  # s by which the receiver's clock is ahead


def seen(rng, rate, count, sizes=(300, 900), jitter=0.025, interval=1 / 30, drift=0.0):
    """A contrast that has seen so many frames over a link that holds up those behind the ones before them."""
    contrast, free = SizeContrast(), 0.0
    for index in range(count):
        size, now = int(rng.integers(*sizes)), index * interval
        free = max(free, now) + size / rate
        contrast.arrived(size, free - now + WAY + OFFSET + jitter * rng.random() + drift * now)
    return contrast


@pytest.mark.parametrize("drift", [0.0, 0.02])
def test_a_link_that_was_thought_to_be_slow_is_found_to_be_faster(drift):
    rng = np.random.default_rng(1)
    for _ in range(20):
        found = seen(rng, RATE, 32, drift=drift).faster(RATE / 10)
        assert found is not None
        rate, way = found
        assert RATE / 6 < rate < 1.1 * RATE
        assert -0.05 < way - OFFSET - WAY < 0.025


@pytest.mark.parametrize("load", [0.3, 0.6, 0.9])
def test_a_link_that_is_as_slow_as_thought_is_never_thought_faster(load):
    rng = np.random.default_rng(2)
    interval = 600 / RATE / load
    found = [
        seen(rng, RATE, count, jitter=jitter, interval=interval).faster(RATE)
        for count in (12, 20, 32)
        for jitter in (0.0, 0.002, 0.025)
        for _ in range(50)
    ]
    assert sum(one is not None for one in found) <= len(found) // 200


def test_nothing_is_told_by_few_frames_or_by_frames_that_are_alike():
    rng = np.random.default_rng(3)
    assert seen(rng, RATE, 11).faster(RATE / 10) is None
    assert seen(rng, RATE, 32, sizes=(500, 501)).faster(RATE / 10) is None
    assert seen(rng, RATE, 32, sizes=(500, 504)).faster(RATE / 2) is None


def test_a_link_without_a_limit_leaves_all_to_the_way():
    contrast = SizeContrast()
    for size in np.random.default_rng(4).integers(300, 900, 20):
        contrast.arrived(int(size), WAY)
    rate, way = contrast.faster(RATE)
    assert rate > 100 * RATE
    assert way == pytest.approx(WAY, abs=1e-4)
