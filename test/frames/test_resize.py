import numpy as np
import pytest

from edgesr_ros.frames.resize import enlarge_bicubic, resize_bicubic
from edgesr_ros.sources.files import list_images, read_image


@pytest.mark.parametrize("size", [(12, 16), (96, 128), (7, 301), (48, 64)])
def test_a_constant_stays_constant(size):
    constant = np.full((48, 64, 3), 137, np.uint8)
    assert np.array_equal(resize_bicubic(constant, *size), np.full((*size, 3), 137, np.uint8))


def test_the_same_size_changes_nothing(picture):
    assert np.array_equal(resize_bicubic(picture, 48, 64), picture)


def test_doubling_a_step_gives_the_values_of_keys_kernel():
    # A quarter pixel off the samples the kernel (a = -1/2) weighs -3, 29, 111, -9 of 128.
    step = np.array([[0, 0, 0, 128, 128, 128]], np.uint8)
    expected = [0, 0, 0, 0, 0, 29 - 3, 111 - 9, 128 + 9, 128 + 3, 128, 128, 128]
    assert resize_bicubic(step, 1, 12).tolist() == [expected]


def test_grey_is_resized_as_each_channel_of_rgb(picture):
    rgb = resize_bicubic(picture, 12, 16)
    for channel in range(3):
        assert np.array_equal(resize_bicubic(picture[:, :, channel], 12, 16), rgb[:, :, channel])


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 7, 3), (5, 4), (6, 3, 1), (33, 47, 3)], ids=str)
def test_enlarging_is_resizing(shape, scale):
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    enlarged = enlarge_bicubic(image, scale)
    np.testing.assert_array_equal(enlarged, resize_bicubic(image, scale * shape[0], scale * shape[1]))
    assert enlarged.flags.c_contiguous and enlarged.flags.writeable


def test_reducing_smooths_first():
    checkerboard = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    reduced = resize_bicubic(checkerboard, 16, 16)
    assert np.abs(reduced.astype(int) - 128).max() <= 3  # without smoothing 0 or 255


def test_set5_matches_the_supplied_low_resolution(shared):
    pairs = shared / "data" / "eval" / "set5"
    for path in list_images(pairs / "HR"):
        expected = read_image(pairs / "LRx4" / path.name)
        high = read_image(path)
        high = high[: expected.shape[0] * 4, : expected.shape[1] * 4]
        reduced = resize_bicubic(high, *expected.shape[:2])
        assert np.abs(reduced.astype(int) - expected.astype(int)).max() <= 1, path.name
