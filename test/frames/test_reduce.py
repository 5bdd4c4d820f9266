import numpy as np
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.frames.reduce import crop_to, reduce_frame, reduction


def test_whole_blocks_become_their_average():
    image = np.array([[0, 10, 100, 100], [20, 30, 100, 104]], np.uint8)
    assert reduce_frame(image, 2).tolist() == [[15, 101]]


def test_a_partial_block_is_filled_by_repeating_the_border():
    image = np.array([[10, 20, 60]], np.uint8)
    assert reduce_frame(image, 2).tolist() == [[15, 60]]


@pytest.mark.parametrize("size", [(48, 64), (47, 61), (1, 1), (3, 64)])
@pytest.mark.parametrize("scale", [1, 2, 4, 8])
def test_sizes_are_rounded_up(size, scale):
    rng = np.random.default_rng(3)
    for shape in (size, (*size, 3)):
        reduced = reduce_frame(rng.integers(0, 256, shape, np.uint8), scale)
        assert reduced.shape == (-(-size[0] // scale), -(-size[1] // scale), *shape[2:])
        assert reduced.dtype == np.uint8


def test_enlarging_and_cropping_puts_every_block_back_in_place():
    blocks = np.random.default_rng(4).integers(0, 256, (12, 16, 3), np.uint8)
    full = blocks.repeat(4, axis=0).repeat(4, axis=1)[:46, :61]  # 4 divides neither
    reduced = reduce_frame(full, 4)
    assert np.array_equal(reduced, blocks)
    back = crop_to(reduced.repeat(4, axis=0).repeat(4, axis=1), 61, 46)
    assert np.array_equal(back, full)
    assert back.flags.c_contiguous


def test_mistakes_are_named(picture):
    with pytest.raises(InputError, match="scale is 0, expected at least 1"):
        reduce_frame(picture, 0)
    with pytest.raises(InputError, match="image is 64x48, expected at least the full size 65x48"):
        crop_to(picture, 65, 48)


@pytest.mark.parametrize("scale", [1, 2, 4, 8])
@pytest.mark.parametrize("size", [(640, 480), (63, 45), (961, 541)])
def test_the_reduction_is_found_again(size, scale):
    width, height = size
    assert reduction(size, (-(-width // scale), -(-height // scale))) == scale


@pytest.mark.parametrize("full", [(60000, 60000), (64, 12), (16, 48), (8, 6)])
def test_a_full_size_that_does_not_belong_is_refused(full):
    with pytest.raises(InputError, match=r"16x12.*reduction"):
        reduction(full, (16, 12))
