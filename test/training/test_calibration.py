import numpy as np
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.sources.files import list_images, read_image
from edgesr_ros.training.calibration import calibration_pictures
from edgesr_ros.training.degradation import reduce_bicubic
from edgesr_ros.upscaling.card import InputSize

SCALE = 4


def test_whole_pictures_are_the_reduced_photographs(photographs):
    folder = photographs((40, 50), (61, 30))
    pictures = calibration_pictures(folder, SCALE, None, 5, 0)  # more than there are
    assert [picture.shape for picture in pictures] == [(10, 12, 3), (15, 7, 3)]
    for path, picture in zip(list_images(folder), pictures, strict=True):
        np.testing.assert_array_equal(picture, reduce_bicubic(read_image(path), SCALE)[0])


def test_pictures_of_a_size_are_parts_of_them(photographs):
    folder = photographs((80, 100))
    (whole,) = calibration_pictures(folder, SCALE, None, 1, 0)
    for seed in range(4):
        (part,) = calibration_pictures(folder, SCALE, InputSize(width=9, height=8), 1, seed)
        assert part.flags.c_contiguous
        views = np.lib.stride_tricks.sliding_window_view(whole, part.shape)
        assert (views == part).all(axis=(-3, -2, -1)).any()


def test_a_smaller_picture_is_mirrored(photographs):
    folder = photographs((40, 48))
    (whole,) = calibration_pictures(folder, SCALE, None, 1, 0)
    (large,) = calibration_pictures(folder, SCALE, InputSize(width=30, height=20), 1, 0)
    np.testing.assert_array_equal(large[:10, :12], whole)
    np.testing.assert_array_equal(large[10:, :12], whole[::-1])
    np.testing.assert_array_equal(large[:10, 12:24], whole[:, ::-1])


def test_the_choice_depends_on_the_seed_alone(photographs):
    folder = photographs(*[(40 + SCALE * i, 40) for i in range(8)])

    def heights(seed):
        return [len(picture) for picture in calibration_pictures(folder, SCALE, None, 3, seed)]

    assert heights(1) == heights(1)
    assert len({tuple(heights(seed)) for seed in range(6)}) > 1
    assert all(len(set(heights(seed))) == 3 for seed in range(6))  # no photograph twice


def test_the_degradation_is_the_recipes(photographs):
    folder = photographs((64, 64))
    (clean,), (sent,) = (
        calibration_pictures(folder, SCALE, None, 1, 0, degradation) for degradation in ("bicubic", "link")
    )
    assert clean.shape == sent.shape
    assert (clean != sent).any()


def test_a_photograph_that_is_too_small_is_one_line(photographs):
    with pytest.raises(InputError, match=r"000\.png: 50x3 is too small for scale 4"):
        calibration_pictures(photographs((3, 50)), SCALE, None, 1, 0)


def test_no_folder(tmp_path):
    with pytest.raises(InputError, match="none: no such folder"):
        calibration_pictures(tmp_path / "none", SCALE, None, 1, 0)
