import numpy as np

from edgesr_ros.frames.colour import three_channels, without_colour


def test_grey_gets_equal_channels_and_colour_stays(picture):
    grey = picture[..., 0]
    np.testing.assert_array_equal(three_channels(grey), np.dstack([grey] * 3))
    assert three_channels(picture) is picture


def test_without_colour_the_luma_is_left(picture):
    found = without_colour(picture)
    assert (found == found[..., :1]).all()
    luma = picture @ np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
    assert np.abs(found[..., 0] - luma).max() <= 1
