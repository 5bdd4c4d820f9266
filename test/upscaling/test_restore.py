import cv2
import numpy as np
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.frames.resize import enlarge_bicubic
from edgesr_ros.upscaling.base import Upscaled
from edgesr_ros.upscaling.bicubic import BicubicUpscaler
from edgesr_ros.upscaling.restore import enlarge_by, restore

SIZE = (61, 47)  # width, height; no scale divides both


class Brighter(BicubicUpscaler):
    def _enlarge(self, rgb):
        return np.minimum(super()._enlarge(rgb), 245) + 10


@pytest.fixture
def frame():
    return np.random.default_rng(3).integers(0, 256, (SIZE[1], SIZE[0], 3), np.uint8)


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_without_a_network_it_is_bicubic_cut_to_the_cameras_size(frame, scale):
    received = reduce_frame(frame, scale)
    made = restore(received, SIZE)
    np.testing.assert_array_equal(made.picture, enlarge_bicubic(received, scale)[: SIZE[1], : SIZE[0]])
    assert made.picture.flags.c_contiguous
    assert (made.method, made.model, made.backend) == ("bicubic", f"bicubic_x{scale}", "bicubic")


def test_each_reduction_goes_through_its_network_and_is_told(frame):
    networks = {2: Brighter(2), 4: Brighter(4)}
    for scale in (2, 4):
        received = reduce_frame(frame, scale)
        whole = networks[scale].upscale(received)
        made = restore(received, SIZE, enlarge_by(networks))
        np.testing.assert_array_equal(made.picture, whole[: SIZE[1], : SIZE[0]])
    assert restore(reduce_frame(frame, 8), SIZE, enlarge_by(networks)).model == "bicubic_x8"


def test_a_frame_of_full_size_stays_as_it_is(frame):
    def never(*_) -> Upscaled:
        raise AssertionError

    made = restore(frame, SIZE, never)
    np.testing.assert_array_equal(made.picture, frame)
    assert (made.method, made.problem) == ("none", None)


def test_a_grey_camera_has_one_channel_whatever_a_network_makes_of_it(frame):
    made = restore(reduce_frame(frame, 2), SIZE, grey=True)
    assert made.picture.shape == (SIZE[1], SIZE[0])


@pytest.mark.parametrize(
    ("scale", "width", "step", "method"),
    [
        (4, 61, 4, "bicubic"),
        (4, 99, 4, "bicubic"),  # no more than the camera has
        (4, 31, 4, "bicubic"),
        (4, 30, 2, "bicubic"),
        (4, 16, 2, "bicubic"),
        (4, 15, 1, "none"),
        (2, 15, 1, "none"),
        (1, 30, 1, "none"),
        (3, 30, 3, "bicubic"),
        (8, 1, 1, "none"),
    ],
)
def test_who_wants_less_pixels_gets_them_with_no_more_enlarging_than_that(frame, scale, width, step, method):
    steps = []

    def enlarge(rgb, factor):
        steps.append(factor)
        return BicubicUpscaler(factor).upscaled(rgb)

    made = restore(reduce_frame(frame, scale), SIZE, enlarge, width=width)
    shown = min(width, SIZE[0])
    assert made.picture.shape == (max(round(SIZE[1] * shown / SIZE[0]), 1), shown, 3)
    assert made.picture.flags.c_contiguous
    assert (made.method, steps) == (method, [step] if step > 1 else [])


def test_a_smaller_picture_shows_the_same():
    grey = np.add.outer(np.arange(SIZE[1]), np.arange(SIZE[0])).astype(np.uint8)
    smooth = np.dstack([grey, grey, grey])
    whole = restore(reduce_frame(smooth, 2), SIZE).picture
    made = restore(reduce_frame(smooth, 4), SIZE, width=40).picture
    expected = cv2.resize(whole, (40, made.shape[0]), interpolation=cv2.INTER_AREA)
    assert np.abs(made[2:-2, 2:-2].astype(int) - expected[2:-2, 2:-2]).max() <= 2


def test_a_frame_that_no_reduction_leads_to_is_one_line(frame):
    with pytest.raises(InputError, match="61x47"):
        restore(frame[:20, :20], SIZE)
