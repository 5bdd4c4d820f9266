from collections import Counter

import numpy as np
import pytest

from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.frames.resize import resize_bicubic
from edgesr_ros.quality.distortion import psnr
from edgesr_ros.training.degradation import DEGRADATIONS, reduce_bicubic, reduce_by_link

SCALE = 4


def smooth(height, width):
    y, x = np.mgrid[:height, :width]
    return np.stack([x, y, (x + y) / 2], axis=-1).astype(np.uint8)


def test_reducing_cuts_to_a_multiple_of_the_scale():
    image = np.random.default_rng(0).integers(0, 256, (11, 14, 3), np.uint8)
    low, high = reduce_bicubic(image, SCALE)
    np.testing.assert_array_equal(high, image[:8, :12])
    np.testing.assert_array_equal(low, resize_bicubic(image[:8, :12], 2, 3))


def test_through_the_link_is_area_reduction_with_noise_and_a_codec():
    image = smooth(203, 250)
    rng = np.random.default_rng(1)
    quality = []
    for _ in range(20):
        low, high = reduce_by_link(image, SCALE, rng)
        assert (low.shape, low.dtype) == ((50, 62, 3), np.uint8)
        quality.append(psnr(low, reduce_frame(high, SCALE)))
    assert 24 < min(quality) < max(quality) < 60  # damaged, each time differently, and never beyond use
    assert max(quality) - min(quality) > 5


def test_through_the_link_some_pictures_are_soft_or_grey_and_the_rest_as_they_were():
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    rng = np.random.default_rng(1)
    kinds = Counter()
    for _ in range(60):
        _, high = reduce_by_link(image, SCALE, rng)
        if (high == high[..., :1]).all():
            kinds["grey"] += 1
        elif (high == image).all():
            kinds["as it was"] += 1
        else:
            kinds["soft"] += 1
            assert high.std() < image.std()
    assert kinds["grey"] < kinds["soft"] < kinds["as it was"]
    assert kinds["grey"] > 0


def test_through_the_link_depends_on_the_generator_alone():
    image = smooth(64, 64)
    pairs = [reduce_by_link(image, SCALE, np.random.default_rng(seed)) for seed in (3, 3, 4)]
    np.testing.assert_array_equal(pairs[0][0], pairs[1][0])
    assert (pairs[0][0] != pairs[2][0]).any()


@pytest.mark.parametrize(("codec", "name"), [("webp", "WebP"), ("jpeg", "JPEG"), ("h264", "H.264")])
def test_the_words_name_every_codec_that_is_used(codec, name):
    """They go into model cards, which once left out H.264."""
    rng = Only(np.random.default_rng(0), codec)
    DEGRADATIONS["link"].reduce(smooth(64, 64), SCALE, rng)
    assert rng.offered == {"webp", "jpeg", "h264"}
    assert name in DEGRADATIONS["link"].words


class Only:
    """A generator that always chooses this."""

    def __init__(self, rng, choice):
        self._rng, self._choice = rng, choice

    def __getattr__(self, name):
        return getattr(self._rng, name)

    def choice(self, among, p):
        assert len(among) == len(p)
        self.offered = set(among)
        return self._choice
