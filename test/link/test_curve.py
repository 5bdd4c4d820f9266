import math

import numpy as np
import pytest

from edgesr_ros.link.curve import Curve


@pytest.mark.parametrize("repeat", [False, True])
def test_what_went_through_until_the_finish_is_the_size(repeat: bool) -> None:
    rng = np.random.default_rng(4)
    for _ in range(200):
        pieces = int(rng.integers(1, 8))
        kbps = rng.choice([0.0, 8.0, 333.3, 5000.0], pieces)
        kbps[-1] = 80.0
        curve = Curve(rng.uniform(0.001, 3.0, pieces).tolist(), kbps.tolist(), repeat)
        start, size = float(rng.uniform(0, 50)), int(rng.integers(1, 100_000))
        end = curve.finish(start, size)
        assert curve.kbit(start, end) == pytest.approx(size * 8 / 1000, rel=1e-9)
        assert curve.kbit(start, end - 1e-6) < size * 8 / 1000  # and not before


def test_the_integral_is_that_of_the_pieces() -> None:
    curve = Curve([2.0, 3.0], [800.0, 80.0], repeat=True)
    assert curve.kbit(0.0, 5.0) == pytest.approx(1840)
    assert curve.kbit(1.0, 11.0) == pytest.approx(2 * 1840)
    assert curve.kbit(1.5, 2.5) == pytest.approx(440)
    assert curve.kbit(3.0, 3.0) == curve.kbit(3.0, 2.0) == 0.0


def test_the_last_piece_holds() -> None:
    curve = Curve([2.0, 3.0], [800.0, 80.0], repeat=False)
    assert curve.kbit(0.0, 12.0) == pytest.approx(1600 + 800)


def test_no_limit_is_infinite() -> None:
    curve = Curve([1.0, 1.0], [80.0, math.inf], repeat=True)
    assert curve.kbit(0.0, 1.0) == 80
    assert curve.kbit(0.5, 1.5) == curve.kbit(1.5, 1.6) == curve.kbit(2.5, 3.5) == math.inf
    assert curve.finish(0.5, 10**6) == 1.0
    assert curve.finish(1.5, 10**6) == 1.5
    assert curve.finish(2.0, 1000) == pytest.approx(2.1)
    assert curve.finish(2.0, 10**6) == 3.0


def test_frames_that_just_fit_do_not_wait_for_the_end_of_an_outage() -> None:
    # After 700 s the sum of a hundred thousand frames is off by roundings of 1e-10.
    curve = Curve([700.0, 60.0, 1.0], [8000.0, 0.0, 8.0], repeat=True)
    now = 0.0
    for _ in range(100_000):
        now = curve.finish(now, 7000)
    assert now == pytest.approx(700.0, abs=1e-6)
    assert curve.finish(now, 1000) == pytest.approx(761.0, abs=1e-3)
