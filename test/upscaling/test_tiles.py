import cv2
import numpy as np
import pytest

from edgesr_ros.upscaling.card import InputSize
from edgesr_ros.upscaling.tiles import upscale_in_tiles

SIZE = InputSize(width=40, height=30)


def blurred_twice_as_large(rgb: np.ndarray) -> np.ndarray:
    """Each pixel of it depends on those up to 7 away; borders are repeated."""
    blurred = cv2.blur(rgb, (15, 15), borderType=cv2.BORDER_REPLICATE)
    return blurred.repeat(2, axis=0).repeat(2, axis=1)


def one_size_only(rgb: np.ndarray) -> np.ndarray:
    assert rgb.shape == (SIZE.height, SIZE.width, 3)
    assert rgb.flags.c_contiguous
    return blurred_twice_as_large(rgb)


@pytest.mark.parametrize("shape", [(30, 40), (31, 41), (47, 99), (90, 160)])
def test_tiles_join_without_a_seam(shape):
    rgb = np.random.default_rng(3).integers(0, 256, (*shape, 3), np.uint8)
    assert np.array_equal(upscale_in_tiles(one_size_only, rgb, 2, SIZE, 7), blurred_twice_as_large(rgb))


def test_too_small_a_margin_shows():
    rgb = np.random.default_rng(3).integers(0, 256, (47, 99, 3), np.uint8)
    assert not np.array_equal(upscale_in_tiles(one_size_only, rgb, 2, SIZE, 2), blurred_twice_as_large(rgb))


@pytest.mark.parametrize("shape", [(12, 100), (50, 11), (5, 3), (1, 1)])
def test_a_smaller_picture_keeps_its_middle(shape):
    """Away from the sides that are continued, and where there is none, it is the picture's own."""
    rgb = np.random.default_rng(4).integers(0, 256, (*shape, 3), np.uint8)
    enlarged, expected = upscale_in_tiles(one_size_only, rgb, 2, SIZE, 7), blurred_twice_as_large(rgb)
    assert enlarged.shape == expected.shape
    inner = np.s_[: 2 * max(shape[0] - 7, 0), : 2 * max(shape[1] - 7, 0)]
    assert np.array_equal(enlarged[inner], expected[inner])
