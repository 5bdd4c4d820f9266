import numpy as np

from edgesr_ros.frames.resize import resize_bicubic
from edgesr_ros.quality.strip import detailed_region, picture_strip, stack_strips


def photo(height, width, detail_at):
    """A smooth picture with one checkered square of 60 pixels at `detail_at` (row, column)."""
    y, x = np.mgrid[:height, :width]
    picture = np.stack([x * 200 // width, y * 200 // height, np.full_like(x, 90)], axis=-1).astype(np.uint8)
    top, left = detail_at
    picture[top : top + 60, left : left + 60] = ((y + x) // 6 % 2 * 255)[:60, :60, None]
    return picture


def test_the_detailed_region_holds_the_detail():
    top, left, bottom, right = detailed_region(photo(480, 640, (300, 100)), 120, 160)
    assert (bottom - top, right - left) == (120, 160)
    assert top <= 300 and left <= 100 and bottom >= 360 and right >= 160


def test_the_region_may_be_the_whole_picture():
    assert detailed_region(photo(80, 100, (5, 5)), 80, 100) == (0, 0, 80, 100)


def test_panels_stand_side_by_side_whole_and_zoomed():
    original = photo(480, 640, (200, 300))
    colours = [np.full_like(original, value) for value in (60, 180)]
    received = np.full((120, 160, 3), 120, np.uint8)
    strip = picture_strip(original, received, *colours, "3120 bytes", "super-resolved")
    assert strip.dtype == np.uint8 and strip.shape[2] == 3
    middle = [(2 * panel + 1) * strip.shape[1] // 8 for panel in range(4)]
    for row in (strip.shape[0] // 3, strip.shape[0] * 3 // 4):  # in the whole pictures, in the zoomed ones
        assert strip[row, middle[1:], 0].tolist() == [120, 60, 180]


def test_the_pixels_received_are_seen_as_squares():
    rng = np.random.default_rng(1)
    received = rng.integers(0, 256, (60, 80, 3), np.uint8)
    full = resize_bicubic(received, 240, 320)
    strip = picture_strip(full, received, full, full, "", "super-resolved")
    # Zoomed by 2, a received pixel is 8 wide: along a line only every 8th step changes the value.
    line = strip[-60, strip.shape[1] // 4 + 20 : strip.shape[1] // 2 - 20].astype(int)
    changes = np.flatnonzero(np.abs(np.diff(line, axis=0)).sum(axis=1))
    assert len(changes) > 20
    assert set(np.diff(changes) % 8) == {0}


def test_labels_are_written():
    flat = np.zeros((240, 320, 3), np.uint8)
    blank = picture_strip(flat, flat[:60, :80], flat, flat, "", "super-resolved")
    captioned = picture_strip(flat, flat[:60, :80], flat, flat, "7 ms old", "super-resolved")
    changed = np.flatnonzero((blank != captioned).any(axis=(1, 2)))
    assert changed.size and changed.max() < 30  # the caption stands on top
    assert (blank[30:60] > 200).any()  # and the labels below it


def test_sizes_that_no_scale_divides():
    original = photo(483, 641, (200, 300))
    strip = picture_strip(original, np.zeros((121, 161, 3), np.uint8), original, original, "", "shown")
    assert strip.shape == picture_strip(original, original, original, original, "", "super-resolved").shape


def test_moments_stack():
    flat = np.zeros((240, 320, 3), np.uint8)
    tall = np.zeros((320, 240, 3), np.uint8)
    strips = [
        picture_strip(flat, flat, flat, flat, "a", "super-resolved"),
        picture_strip(tall, tall, tall, tall, "b", "shown"),
    ]
    stacked = stack_strips(strips)
    assert stacked.shape[0] == sum(strip.shape[0] for strip in strips)
    assert (stacked[: strips[0].shape[0]] == strips[0]).all()
