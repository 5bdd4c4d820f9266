import time
from collections.abc import Iterator
from threading import Event

import numpy as np
import pytest

from edgesr_ros.frames.resize import resize_bicubic
from edgesr_ros.upscaling.base import Upscaler
from edgesr_ros.upscaling.bicubic import BicubicUpscaler
from edgesr_ros.upscaling.fallback import FallbackUpscaler

AMPLE, SHORT = 30.0, 0.02  # seconds


class Repeating(Upscaler):
    """Repeats each pixel twice; holds while `go` is clear, and fails with `error`."""

    backend = "test"

    def __init__(self) -> None:
        super().__init__("repeating_x2", 2, parameters=0)
        self.go = Event()
        self.go.set()
        self.error: Exception | None = None
        self.calls = 0
        self.closed = False

    def _enlarge(self, rgb: np.ndarray) -> np.ndarray:
        self.calls += 1
        assert self.go.wait(AMPLE)
        if self.error:
            raise self.error
        return repeated(rgb)

    def close(self) -> None:
        self.closed = True


def repeated(rgb):
    return rgb.repeat(2, axis=0).repeat(2, axis=1)


def picture(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (5, 7, 3), np.uint8)


def is_bicubic(upscaled, rgb, factor=2):
    height, width = rgb.shape[:2]
    np.testing.assert_array_equal(upscaled.picture, resize_bicubic(rgb, factor * height, factor * width))
    return upscaled.method == "bicubic"


@pytest.fixture
def primary() -> Iterator[Repeating]:
    primary = Repeating()
    yield primary
    primary.go.set()


@pytest.fixture
def fallback(primary) -> Iterator[FallbackUpscaler]:
    fallback = FallbackUpscaler([primary], AMPLE)
    yield fallback
    primary.go.set()
    fallback.close()


def test_in_time_it_is_super_resolved(fallback):
    for seed in range(3):
        upscaled = fallback.upscale(picture(seed), 2)
        assert (upscaled.method, upscaled.problem) == ("sr", None)
        np.testing.assert_array_equal(upscaled.picture, repeated(picture(seed)))


def test_late_is_bicubic_and_says_so(fallback, primary):
    primary.go.clear()
    fallback.deadline = SHORT
    upscaled = fallback.upscale(picture(), 2)
    assert is_bicubic(upscaled, picture())
    assert upscaled.problem == "late: more than 20 ms"


def test_while_it_is_busy_nothing_more_is_given_to_it(fallback, primary):
    primary.go.clear()
    fallback.deadline = SHORT
    fallback.upscale(picture(0), 2)
    fallback.deadline = AMPLE  # a busy network is not waited for, however long the deadline
    for seed in (1, 2):
        upscaled = fallback.upscale(picture(seed), 2)
        assert is_bicubic(upscaled, picture(seed))
        assert "still busy" in upscaled.problem
    assert primary.calls == 1


def test_when_it_has_caught_up_it_is_used_again_and_its_late_picture_is_not(fallback, primary):
    primary.go.clear()
    fallback.deadline = SHORT
    fallback.upscale(picture(0), 2)
    fallback.deadline = AMPLE
    primary.go.set()
    give_up = time.monotonic() + AMPLE
    while (upscaled := fallback.upscale(picture(1), 2)).method != "sr":
        assert time.monotonic() < give_up
    assert upscaled.problem is None
    np.testing.assert_array_equal(upscaled.picture, repeated(picture(1)))


@pytest.mark.parametrize("error", [ValueError("no such\nlayer"), RuntimeError("no such layer")])
def test_a_failure_is_bicubic_with_one_line_and_does_not_last(fallback, primary, error):
    primary.error = error
    upscaled = fallback.upscale(picture(), 2)
    assert is_bicubic(upscaled, picture())
    assert upscaled.problem == "failed: no such layer"
    primary.error = None
    assert fallback.upscale(picture(), 2).method == "sr"


@pytest.mark.parametrize("factor", [3, 4])
def test_another_factor_than_the_models_is_bicubic(fallback, primary, factor):
    upscaled = fallback.upscale(picture(), factor)
    assert is_bicubic(upscaled, picture(), factor)
    assert upscaled.problem == f"frame reduced {factor} times, no model enlarges that much, only 2 times"
    assert primary.calls == 0


def test_bicubic_on_request_is_no_problem(fallback, primary):
    upscaled = fallback.upscale(picture(), 2, "bicubic")
    assert is_bicubic(upscaled, picture())
    assert (upscaled.problem, primary.calls) == (None, 0)


def test_a_bicubic_model_does_not_pass_for_super_resolution():
    fallback = FallbackUpscaler([BicubicUpscaler(2)], AMPLE)
    upscaled = fallback.upscale(picture(), 2, period=0.0)  # there is nothing faster to stand in for it
    fallback.close()
    assert is_bicubic(upscaled, picture())
    assert upscaled.problem is None


def test_each_factor_has_its_network(primary):
    fallback = FallbackUpscaler([primary, BicubicUpscaler(4), BicubicUpscaler(2)], AMPLE)
    assert fallback.upscale(picture(), 2).method == "sr"  # of two for one factor the first counts
    assert fallback.upscale(picture(), 4).method == "bicubic"
    assert "only 2, 4 times" in fallback.upscale(picture(), 8).problem
    fallback.close()


def test_closing_lets_all_networks_go(primary):
    second = Repeating()
    FallbackUpscaler([primary, second], AMPLE).close()
    assert primary.closed and second.closed


LARGE = np.zeros((121, 160, 3), np.uint8)  # more than a sample


class Timed(Upscaler):
    """Takes so long for each pixel, by a clock of its own."""

    backend = "test"

    def __init__(self) -> None:
        super().__init__("timed_x2", 2, parameters=0)
        self.now = 0.0
        self.per_pixel = 1e-3
        self.shapes: list[tuple[int, ...]] = []

    def _enlarge(self, rgb: np.ndarray) -> np.ndarray:
        self.shapes.append(rgb.shape)
        self.now += self.per_pixel * rgb.shape[0] * rgb.shape[1]
        return repeated(rgb)

    def full(self) -> int:
        """Runs on a whole large picture."""
        return self.shapes.count(LARGE.shape)


@pytest.fixture
def timed() -> Timed:
    return Timed()


@pytest.fixture
def camera(timed):
    """What comes of frames of a camera of 5 Hz, with what is done in the background done at once."""
    fallback = FallbackUpscaler([timed], AMPLE, lambda: timed.now)

    def frames(seconds=0.2, rgb=LARGE, period=0.2):
        made = []
        for _ in range(round(seconds * 5)):
            timed.now += 0.2
            made.append(fallback.upscale(rgb, 2, period=period))
            if fallback._running:
                fallback._running.exception(AMPLE)
        return made

    yield frames
    fallback.close()


def test_a_large_frame_is_timed_on_a_part_first(camera, timed):
    timed.per_pixel = 1e-7
    assert {upscaled.method for upscaled in camera(1)} == {"sr"}
    assert timed.shapes == [(120, 160, 3)] * 3 + [LARGE.shape] * 5


def test_what_would_be_too_slow_is_never_begun(camera, timed):
    made = camera(150)
    assert {upscaled.method for upscaled in made} == {"bicubic"}
    assert timed.full() == 0
    assert len(timed.shapes) <= 3 * 7  # in pauses of 2, 4, 8 … 60 s
    assert made[-1].problem == "too slow: 160x121 would take about 19360 ms"
    before = len(timed.shapes)
    made = camera(150)
    assert 0 < len(timed.shapes) - before <= 3 * 3  # about once a minute, for ever
    assert len({upscaled.problem for upscaled in made}) == 1  # who logs what is news says it once


def test_what_is_late_with_a_part_is_not_begun_with_the_whole(fallback, primary):
    primary.go.clear()
    fallback.deadline = SHORT
    upscaled = fallback.upscale(LARGE, 2)
    assert is_bicubic(upscaled, LARGE)
    assert upscaled.problem == "late: 160x120 take more than 20 ms"
    primary.go.set()
    fallback._running.exception(AMPLE)
    fallback.deadline = AMPLE
    assert fallback.upscale(LARGE, 2).method == "sr"


def test_a_network_that_became_fast_is_used_after_the_pause(camera, timed):
    camera(60)
    timed.per_pixel = 1e-7
    assert camera(60)[-1].method == "sr"


def test_a_smaller_frame_is_enlarged_at_once(camera, timed):
    timed.per_pixel = 1e-5
    assert camera(1)[-1].method == "bicubic"
    assert camera(rgb=LARGE[:40, :40])[-1].method == "sr"


def test_the_next_frame_must_not_wait(camera, timed):
    timed.per_pixel = 5e-6  # 97 ms
    camera(period=1.0)
    for period, method in ((0.2, "sr"), (0.11, "sr"), (0.1, "bicubic"), (0.11, "bicubic"), (0.2, "sr")):
        assert camera(period=period)[-1].method == method, period


def test_what_fails_is_told_on_a_frame_and_not_taken_for_slow(fallback, primary):
    primary.error = ValueError("no such layer")
    assert fallback.upscale(LARGE, 2).problem == "failed: no such layer"
    primary.error = None
    assert fallback.upscale(LARGE, 2).method == "sr"


def test_large_pictures_are_made_quickly_and_lie_where_they_did():
    small = np.zeros((500, 1000, 3), np.uint8)
    small[200:300, 400:600] = 40, 90, 140
    fallback = FallbackUpscaler([], AMPLE)
    made = fallback.upscale(small, 2, "bicubic")
    fallback.close()
    assert made.picture.shape == (1000, 2000, 3)
    assert made.method == "bicubic"
    exact = BicubicUpscaler(2).upscale(small)
    assert 0 < np.abs(made.picture.astype(int) - exact).max() <= 12  # only the kernel is another
