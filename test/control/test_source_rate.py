import numpy as np
import pytest

from edgesr_ros.control.source_rate import SourceRate


@pytest.mark.parametrize("hz", [5, 30, 120])
def test_finds_the_rate_in_spite_of_jitter_and_gaps(hz):
    rate, rng, now = SourceRate(), np.random.default_rng(0), 0.0
    for frame in range(40):
        now += 1 / hz + rng.uniform(-0.2, 0.2) / hz + (1.0 if frame % 10 == 9 else 0.0)
        rate.frame(now)
    assert rate.hz == pytest.approx(hz, rel=0.15)


def test_follows_a_camera_that_changes():
    rate = SourceRate()
    for frame in range(40):
        rate.frame(min(frame, 20) / 30 + max(0, frame - 20) / 10)
    assert rate.hz == pytest.approx(10)


def test_frames_that_come_together_are_no_infinite_rate():
    rate = SourceRate()
    for _ in range(20):
        rate.frame(1.0)
    assert rate.hz <= 1000
