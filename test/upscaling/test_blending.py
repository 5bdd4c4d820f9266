"""The slider in use. What a test waits for, it waits for at most `TIMEOUT`."""

import subprocess
import sys
import threading
import time
from functools import partial

import numpy as np
import pytest
from model_pairs import GAN, PSNR, make_pair

from edgesr_ros import resources
from edgesr_ros.errors import InputError
from edgesr_ros.upscaling.blend import Blend, find_pair
from edgesr_ros.upscaling.blending import BlendingUpscaler
from edgesr_ros.upscaling.catalog import load_upscaler
from edgesr_ros.upscaling.fallback import FallbackUpscaler

TIMEOUT = 30.0  # seconds; only a failing test waits so long
RGB = np.random.default_rng(3).integers(0, 256, (12, 16, 3), np.uint8)


@pytest.fixture
def pair(tmp_path):
    return make_pair(tmp_path)


@pytest.fixture
def expected(pair):
    """Pictures of both models."""
    return {alpha: load_upscaler(str(path)).upscale(RGB) for alpha, path in enumerate(pair)}


@pytest.fixture
def start(pair):
    """Starts at an α, with the pair or what else is to find one."""
    started = []

    def start(alpha=0.0, find=None):
        find = find or partial(find_pair, str(pair[0]))
        started.append(BlendingUpscaler(load_upscaler(str(pair[0])), find, 1, alpha))
        return started[-1]

    yield start
    for upscaler in started:
        upscaler.close()


class Gate:
    """Finds the pair when it is let to."""

    def __init__(self, model):
        self._model = model
        self.reached, self.open = threading.Event(), threading.Event()

    def __call__(self):
        self.reached.set()
        assert self.open.wait(TIMEOUT)
        return find_pair(str(self._model))


@pytest.fixture
def gate(pair):
    gate = Gate(pair[0])
    yield gate
    gate.open.set()


@pytest.fixture
def built(monkeypatch):
    """The α of each build."""
    alphas, at = [], Blend.at

    def recording(self, alpha):
        alphas.append(alpha)
        return at(self, alpha)

    monkeypatch.setattr(Blend, "at", recording)
    return alphas


def until(condition):
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def slide(upscaler, alpha):
    """Request an α and return the first picture that was made with it."""
    pictures = []
    upscaler.request(alpha)
    until(lambda: pictures.append(upscaler.upscaled(RGB)) or pictures[-1].alpha == alpha)
    return pictures[-1].picture


@pytest.mark.parametrize("alpha", [0, 1])
def test_starts_at_either_end_with_exactly_its_pictures(start, expected, alpha):
    upscaler = start(alpha)
    made = upscaler.upscaled(RGB)
    np.testing.assert_array_equal(made.picture, expected[alpha])
    assert (made.alpha, made.problem) == (alpha, None)
    assert (made.model, upscaler.scale, made.backend) == (GAN, 4, "onnxruntime")


def test_slides_from_end_to_end_and_back(start, expected):
    upscaler = start()
    far = [np.abs(slide(upscaler, alpha).astype(int) - expected[1]).mean() for alpha in (0.25, 0.5, 0.75)]
    assert np.abs(expected[0].astype(int) - expected[1]).mean() > far[0] > far[1] > far[2] > 0
    np.testing.assert_array_equal(slide(upscaler, 1.0), expected[1])
    np.testing.assert_array_equal(slide(upscaler, 0.0), expected[0])


def test_pictures_go_on_with_the_old_weights_while_new_ones_are_built(start, expected, gate):
    upscaler = start(find=gate)
    upscaler.request(1.0)
    assert gate.reached.wait(TIMEOUT)
    for _ in range(5):
        made = upscaler.upscaled(RGB)
        np.testing.assert_array_equal(made.picture, expected[0])
        assert made.alpha == 0
    gate.open.set()
    np.testing.assert_array_equal(slide(upscaler, 1.0), expected[1])


def test_of_several_requests_during_a_build_the_newest_is_built(start, expected, gate, built):
    upscaler = start(find=gate)
    upscaler.request(0.3)
    assert gate.reached.wait(TIMEOUT)
    for alpha in (0.4, 0.5, 0.6, 1.0):
        upscaler.request(alpha)
    gate.open.set()
    np.testing.assert_array_equal(slide(upscaler, 1.0), expected[1])
    assert built == [0.3, 1.0]


def test_the_same_request_builds_nothing(start, built):
    upscaler = start(0.5)
    slide(upscaler, 0.7)
    for _ in range(10):
        upscaler.request(0.7)
    slide(upscaler, 0.0)
    slide(upscaler, 0.7)
    assert built == [0.5, 0.7, 0.7]


def test_a_failed_build_keeps_the_old_weights_and_is_told(start, expected, pair, tmp_path):
    moved = pair[1].rename(tmp_path / "away")
    upscaler = start()
    upscaler.request(0.5)
    until(lambda: upscaler.upscaled(RGB).problem)
    made = upscaler.upscaled(RGB)
    assert made.problem.startswith(f"interpolation 0.5: {GAN}.onnx: no pixel-trained sibling {PSNR}.onnx")
    np.testing.assert_array_equal(made.picture, expected[0])
    assert made.alpha == 0
    moved.rename(pair[1])
    np.testing.assert_array_equal(slide(upscaler, 1.0), expected[1])
    assert upscaler.upscaled(RGB).problem is None


def test_what_cannot_be_built_at_the_start_is_an_error(start, pair):
    pair[1].unlink()
    with pytest.raises(InputError, match="no pixel-trained sibling"):
        start(0.5)


def test_closing_finishes_the_build_in_work_and_ends_the_thread(pair, gate, built):
    upscaler = BlendingUpscaler(load_upscaler(str(pair[0])), gate, 1)
    upscaler.request(0.3)
    assert gate.reached.wait(TIMEOUT)
    upscaler.request(0.4)
    closing = threading.Thread(target=upscaler.close)
    closing.start()
    gate.open.set()
    closing.join(TIMEOUT)
    assert not closing.is_alive()
    assert built[0] == 0.3
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("interpolation")]


def test_behind_the_fallback_the_method_stays_what_the_base_is():
    def none():
        raise AssertionError("nobody asked for a pair")

    for model, method in (("bicubic", "bicubic"), (PSNR, "sr")):
        base = load_upscaler(model)
        expected = base.upscale(RGB)
        upscaler = FallbackUpscaler([BlendingUpscaler(base, none, 1)], deadline=TIMEOUT)
        upscaled = upscaler.upscale(RGB, 4)
        assert (upscaled.method, upscaled.problem) == (method, None)
        np.testing.assert_array_equal(upscaled.picture, expected)
        upscaler.close()


def test_at_zero_neither_onnx_nor_the_second_model_is_touched(pair):
    pair[1].unlink()
    script = f"""
import sys
from functools import partial
import numpy as np
from edgesr_ros.upscaling.catalog import load_upscaler
from edgesr_ros.upscaling.blending import BlendingUpscaler
from edgesr_ros.upscaling.blend import find_pair
model = {str(pair[0])!r}
upscaler = BlendingUpscaler(load_upscaler(model), partial(find_pair, model), 1, 0.0)
upscaler.request(0.0)
upscaler.upscale(np.zeros((8, 8, 3), np.uint8))
upscaler.close()
sys.exit("onnx" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True, cwd=resources.share())
