import numpy as np
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.frames.reduce import crop_to, reduce_frame
from edgesr_ros.frames.resize import resize_bicubic
from edgesr_ros.quality.consistency import consistency_db, middle_consistency_db


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_the_original_itself_is_fully_consistent(photograph, scale):
    assert consistency_db(photograph, reduce_frame(photograph, scale)) == 100


@pytest.mark.parametrize(("height", "width"), [(381, 480), (384, 477), (382, 479)])
def test_a_size_that_the_scale_does_not_divide(photograph, height, width):
    cut = crop_to(photograph, width, height)
    assert consistency_db(cut, reduce_frame(cut, 4)) == 100


def test_one_grey_level_off_is_48_db(photograph):
    received = reduce_frame(photograph, 4).clip(1, 255)
    repeated = received.repeat(4, axis=0).repeat(4, axis=1)
    assert consistency_db(repeated - 1, received) == pytest.approx(48.13, abs=0.01)


def test_grey_pictures(photograph):
    grey = np.ascontiguousarray(photograph[:, :, 1])
    assert consistency_db(grey, reduce_frame(grey, 4)) == 100


def test_invented_content_shows(photograph):
    received = reduce_frame(photograph, 4)
    plain = resize_bicubic(received, *photograph.shape[:2])
    invented = plain.copy()
    invented[100:140, 200:260] = 255 - invented[100:140, 200:260]
    assert consistency_db(invented, received) < consistency_db(plain, received) - 5


def test_sizes_that_do_not_belong_together(photograph):
    with pytest.raises(InputError, match="no whole multiple"):
        consistency_db(photograph, np.zeros((96, 100, 3), np.uint8))


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize(("height", "width"), [(381, 479), (384, 2000), (1001, 480), (1003, 2001)])
def test_of_a_large_picture_the_middle_counts(photograph, height, width, scale):
    large = np.tile(photograph, (-(-height // 384), -(-width // 480), 1))[:height, :width]
    received = reduce_frame(large, scale)
    assert middle_consistency_db(large, received) == 100
    spoilt = received.copy()
    spoilt[height // scale // 2, width // scale // 2] ^= 255
    assert middle_consistency_db(large, spoilt) < 100
    top, left = (height - 480) // 2 // scale, (width - 640) // 2 // scale
    aside = received.copy()
    aside[: max(top, 0)], aside[:, : max(left, 0)] = 0, 0
    assert middle_consistency_db(large, aside) == 100
