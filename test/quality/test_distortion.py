import math

import numpy as np
import pytest

from edgesr_ros.frames.resize import resize_bicubic
from edgesr_ros.quality.distortion import luma, psnr, psnr_y, shave, ssim, ssim_y
from edgesr_ros.sources.files import list_images, read_image


def test_luma_of_black_white_and_the_primaries():
    colours = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    assert luma(colours)[0] == pytest.approx([16, 235, 81.481, 144.553, 40.966])


def test_shaving_takes_each_border():
    image = np.arange(48).reshape(6, 8)
    assert shave(image, 2).tolist() == [[18, 19, 20, 21], [26, 27, 28, 29]]
    assert shave(image, 0) is image


def test_psnr_of_a_known_error():
    dark = np.full((8, 8), 100, np.uint8)
    assert psnr(dark, dark + 1) == pytest.approx(48.1308, abs=1e-4)
    assert psnr(dark, dark - 10) == pytest.approx(28.1308, abs=1e-4)  # unsigned samples must not wrap
    assert psnr(dark, dark) == math.inf


def test_ssim_is_the_sum_over_each_window():
    """Against the definition, one 11x11 window at a time."""
    rng = np.random.default_rng(3)
    a = rng.integers(0, 256, (17, 20)).astype(np.float64)
    b = (a + rng.normal(0, 30, a.shape)).clip(0, 255)
    tap = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    window = np.outer(tap, tap) / tap.sum() ** 2
    scores = []
    for y in range(17 - 10):
        for x in range(20 - 10):
            p, q = a[y : y + 11, x : x + 11], b[y : y + 11, x : x + 11]
            mean_p, mean_q = (window * p).sum(), (window * q).sum()
            var_p, var_q = (window * (p - mean_p) ** 2).sum(), (window * (q - mean_q) ** 2).sum()
            shared = (window * (p - mean_p) * (q - mean_q)).sum()
            luminance = (2 * mean_p * mean_q + 2.55**2) / (mean_p**2 + mean_q**2 + 2.55**2)
            scores.append(luminance * (2 * shared + 7.65**2) / (var_p + var_q + 7.65**2))
    assert ssim(a, b) == pytest.approx(np.mean(scores), abs=1e-9)
    assert ssim(a, a) == pytest.approx(1)


def test_what_lies_in_the_border_does_not_count(photograph):
    damaged = photograph.copy()
    damaged[:4] = damaged[:, -4:] = 0
    assert psnr_y(photograph, damaged, 4) == math.inf
    assert ssim_y(photograph, damaged, 4) == pytest.approx(1)
    assert psnr_y(photograph, damaged, 3) < 40


def test_bicubic_on_set5_as_published(shared):
    scores = []
    for path in list_images(shared / "data" / "eval" / "set5" / "HR"):
        high, low = read_image(path), read_image(path.parents[1] / "LRx4" / path.name)
        enlarged = resize_bicubic(low, *high.shape[:2])
        scores.append((psnr_y(high, enlarged, 4), ssim_y(high, enlarged, 4)))
    assert np.mean(scores, axis=0) == pytest.approx([28.43, 0.811], abs=0.006)
