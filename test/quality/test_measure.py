import cv2
import numpy as np
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.frames.resize import resize_bicubic
from edgesr_ros.quality.measure import Measurer


@pytest.fixture(scope="module")
def measurer():
    return Measurer()


def photo(height, width):
    """Smooth colour fields with sharp borders between them."""
    fields = np.random.default_rng(7).normal(size=(height, width, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(fields, (0, 0), 6)
    picture = 128 + 60 * np.sign(smooth) + 300 * smooth
    return picture.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("size", [(128, 160), (129, 163)])
def test_the_original_itself_is_perfect_and_bicubic_is_not(measurer, size):
    original = photo(*size)
    received = reduce_frame(original, 4)
    sr, bicubic, consistency = measurer.measure(original, received, original, 4)
    assert (sr.psnr_db, consistency) == (100, 100)
    assert sr.ssim == pytest.approx(1)
    assert sr.lpips == pytest.approx(0, abs=1e-5)
    assert 10 < bicubic.psnr_db < 40
    assert 0.2 < bicubic.ssim < 0.99
    assert bicubic.lpips > 0.05


def test_bicubic_is_made_from_what_was_received(measurer):
    original = photo(128, 160)
    received = reduce_frame(original, 4)
    shown = resize_bicubic(received, 128, 160)
    sr, bicubic, _ = measurer.measure(original, received, shown, 4)
    assert sr == bicubic
    spoilt = np.full_like(received, 128)
    assert measurer.measure(original, spoilt, shown, 4)[1].psnr_db < bicubic.psnr_db - 3


def test_a_picture_that_contradicts_what_was_received_is_inconsistent(measurer):
    original = photo(128, 160)
    received = reduce_frame(original, 4)
    invented = original.copy()
    invented[40:80, 40:80] = 255 - invented[40:80, 40:80]
    assert measurer.measure(original, received, invented, 4)[2] < 30


@pytest.mark.parametrize(("received", "shown"), [((32, 39), (128, 160)), ((32, 40), (128, 156))])
def test_sizes_that_do_not_fit_each_other_are_refused(measurer, received, shown):
    with pytest.raises(InputError, match="original 160x128, scale 4"):
        measurer.measure(photo(128, 160), photo(*received), photo(*shown), 4)
