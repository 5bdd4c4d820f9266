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
    upscaled = fallback.upscale(picture(), 2)
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


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hopeless(primary, fallback, monkeypatch):
    """A network that takes two seconds by a clock of its own; what came of each frame of a camera of 5 Hz."""
    clock = Clock()
    monkeypatch.setattr(fallback, "_clock", clock)
    primary.go.clear()
    fallback.deadline = 0.001

    trying, began, tries = None, 0.0, 0

    def frames(seconds):
        nonlocal trying, began, tries
        before, made = tries, []
        for _ in range(round(seconds * 5)):
            clock.now += 0.2
            made.append(fallback.upscale(picture(), 2))
            if fallback._running is not trying:
                trying, began, tries = fallback._running, clock.now, tries + 1
            if clock.now >= began + 2:
                primary.go.set()
                trying.result(AMPLE)
                primary.go.clear()
        return made, tries - before

    yield frames
    primary.go.set()


def test_a_hopeless_network_is_tried_less_and_less(hopeless):
    made, tries = hopeless(300)
    assert {upscaled.method for upscaled in made} == {"bicubic"}
    assert tries <= 12
    made, tries = hopeless(120)
    assert 1 <= tries <= 3  # once a minute, for ever
    problems = [upscaled.problem for upscaled in made]
    assert all("too slow: late" in problem and "tried again after 60 s" in problem for problem in problems)
    assert len(set(problems)) <= 4  # who logs what is news says little


def test_a_network_in_time_again_is_used_for_good(hopeless, fallback, primary):
    hopeless(60)
    primary.go.set()
    fallback.deadline = AMPLE  # more time is another question: no pause
    assert fallback.upscale(picture(), 2).method == "sr"
    assert fallback.upscale(picture(1), 2).problem is None


def test_a_smaller_frame_is_tried_at_once(hopeless, fallback, primary):
    hopeless(60)
    primary.go.set()
    fallback.deadline = AMPLE / 2
    fallback._asked = fallback._asked[0], AMPLE  # not because there is more time now
    assert fallback.upscale(picture(), 2).method == "bicubic"
    assert fallback.upscale(picture()[:2], 2).method == "sr"
