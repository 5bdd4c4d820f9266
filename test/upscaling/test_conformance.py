"""What every backend must do alike, with the shipped network."""

import numpy as np
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.frames.resize import resize_bicubic
from edgesr_ros.upscaling.base import Upscaler
from edgesr_ros.upscaling.catalog import load_upscaler

MODEL = "edgesrgan_tiny_x4_psnr"
OWN_SIZE = (120, 160)  # of the models that have one
SIZES = [(1, 1), (1, 7), (33, 47), OWN_SIZE]
GREY_LEVELS = {"openvino": 4}  # between two runtimes: bfloat16 where the CPU has it
OTHER_GREY_LEVELS = 2  # the order of additions, and rounding


def picture(height, width):
    """Smooth colours, an edge and some noise."""
    y, x = np.mgrid[:height, :width]
    waves = 128 + 90 * np.sin(x[..., None] / (5, 9, 14) + y[..., None] / (13, 7, 4))
    waves[:, width // 2 :] /= 2
    noise = np.random.default_rng(height * width).normal(0, 4, waves.shape)
    return (waves + noise).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module", params=["bicubic", "onnxruntime", "openvino", "litert", "edgetpu"])
def upscaler(request):
    model = "bicubic_x4" if request.param == "bicubic" else MODEL
    try:
        loaded = load_upscaler(model, request.param)
    except InputError as error:
        pytest.skip(str(error))
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def reference(upscaler):
    """What the backend must come close to: onnxruntime for networks."""
    if upscaler.backend == "bicubic":
        return lambda rgb: resize_bicubic(rgb, 4 * rgb.shape[0], 4 * rgb.shape[1])
    pytest.importorskip("onnxruntime", reason="onnxruntime is the reference of the networks")
    return load_upscaler(MODEL, "onnxruntime").upscale


def test_says_what_it_is(upscaler):
    assert isinstance(upscaler, Upscaler)
    assert upscaler.scale == 4
    assert upscaler.name == ("bicubic_x4" if upscaler.backend == "bicubic" else MODEL)
    assert upscaler.parameters == (0 if upscaler.backend == "bicubic" else 95_555)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_shape_dtype_and_layout(upscaler, size):
    enlarged = upscaler.upscale(picture(*size))
    assert enlarged.shape == (4 * size[0], 4 * size[1], 3)
    assert enlarged.dtype == np.uint8
    assert enlarged.flags.c_contiguous
    assert enlarged.flags.writeable


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_agrees_with_the_reference(upscaler, reference, size):
    rgb = picture(*size)
    difference = np.abs(upscaler.upscale(rgb).astype(int) - reference(rgb))
    assert difference.max() <= GREY_LEVELS.get(upscaler.backend, OTHER_GREY_LEVELS)


def test_is_of_the_picture_that_came_in(upscaler):
    rgb = picture(*OWN_SIZE)
    reduced = upscaler.upscale(rgb).reshape(120, 4, 160, 4, 3).mean(axis=(1, 3))
    assert np.abs(reduced - rgb).mean() < 3
    assert np.abs(reduced - rgb[..., ::-1]).mean() > 10  # colours in the wrong order would be nearer


def test_input_stays_as_it_was(upscaler):
    rgb = picture(*OWN_SIZE)
    before = rgb.copy()
    rgb.flags.writeable = False
    upscaler.upscale(rgb)
    np.testing.assert_array_equal(rgb, before)


def test_input_need_not_be_contiguous(upscaler):
    rgb = picture(*OWN_SIZE)
    mirrored = rgb[:, ::-1]
    np.testing.assert_array_equal(upscaler.upscale(mirrored), upscaler.upscale(mirrored.copy()))


def test_again_gives_the_same_and_leaves_earlier_results_alone(upscaler):
    rgb = picture(*OWN_SIZE)
    first = upscaler.upscale(rgb)
    kept = first.copy()
    upscaler.upscale(255 - rgb)
    upscaler.upscale(rgb[:60, :80])
    np.testing.assert_array_equal(upscaler.upscale(rgb), kept)
    np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((120, 160, 3), np.float32),
        np.zeros((120, 160, 3), np.int8),
        np.zeros((120, 160), np.uint8),
        np.zeros((120, 160, 4), np.uint8),
        np.zeros((1, 120, 160, 3), np.uint8),
        np.zeros((0, 160, 3), np.uint8),
    ],
    ids=lambda array: f"{array.shape} {array.dtype}",
)
def test_other_arrays_are_refused_in_one_line(upscaler, wrong):
    with pytest.raises(InputError, match=r"expected \(H, W, 3\) uint8, got") as error:
        upscaler.upscale(wrong)
    assert "\n" not in str(error.value)
