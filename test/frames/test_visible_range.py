import numpy as np
import pytest

from edgesr_ros.frames.visible_range import ValueRange, VisibleRange


def ramp(low, high, dtype=np.uint16):
    return np.linspace(low, high, 64 * 64).reshape(64, 64).astype(dtype)


def test_the_range_moves_slowly_and_jumps_at_another_scene():
    visible = VisibleRange()
    visible.show(ramp(1000, 2000), "measurement")
    before = visible.newest
    near = ramp(1000, 2000)
    near[:8] = 3000  # an eighth of the picture changes
    visible.show(near, "measurement")
    assert before.high < visible.newest.high < before.high + 150
    for _ in range(60):
        visible.show(near, "measurement")
    assert visible.newest.high == pytest.approx(3000, abs=5)
    visible.show(ramp(40_000, 45_000), "measurement")
    assert visible.newest.low == pytest.approx(40_050, abs=10)


def test_a_thing_keeps_its_brightness_while_another_passes():
    visible = VisibleRange()
    scene = ramp(1000, 2000)
    first = visible.show(scene, "measurement")
    passing = scene.copy()
    passing[:2] = 2600
    second = visible.show(passing, "measurement")
    assert np.abs(second[2:].astype(int) - first[2:]).max() < 30


def test_a_picture_without_values_leaves_the_range():
    visible = VisibleRange()
    assert not visible.show(np.zeros((4, 4), np.uint16), "measurement").any()
    assert visible.newest is None
    visible.show(ramp(1000, 2000), "measurement")
    before = visible.newest
    assert not visible.show(np.zeros((4, 4), np.uint16), "measurement").any()
    assert visible.newest == before


def test_small_spans_of_large_numbers_are_seen():
    shown = VisibleRange().show(ramp(1e6, 1e6 + 4000, np.float32), "measurement")
    assert len(np.unique(shown)) > 200


def test_noise_is_not_blown_up():
    noise = np.random.default_rng(2).integers(5000, 5003, (64, 64)).astype(np.uint16)
    assert np.ptp(VisibleRange().show(noise, "grey")) < 50


def test_what_uses_all_its_bits_is_shown_as_it_is():
    values = ramp(3000, 60_000)
    visible = VisibleRange()
    assert np.abs(visible.show(values, "grey") - values / 257).max() <= 0.5
    assert visible.newest == ValueRange(0, 65535)


def test_the_range_as_text():
    assert ValueRange(0.5, 2980).text() == "0.5..2980"
