import numpy as np
import pytest

from edgesr_ros.frames.overlay import RED, WHITE, draw_label


@pytest.mark.parametrize("size", [(48, 64), (480, 640), (1080, 1920)])
def test_the_label_stands_in_the_upper_left_corner_and_leaves_the_rest(size):
    picture = np.full((*size, 3), 90, np.uint8)
    labelled = picture.copy()
    draw_label(labelled, "sr  80 ms")
    rows, columns = np.nonzero((labelled != picture).any(axis=-1))
    assert rows.size > 0
    assert rows.max() < max(24, size[0] // 10)
    assert columns.min() < size[1] // 10


@pytest.mark.parametrize("colour", [WHITE, RED])
@pytest.mark.parametrize("background", [0, 255])
def test_it_is_readable_on_black_and_on_white(colour, background):
    labelled = np.full((480, 640, 3), background, np.uint8)
    draw_label(labelled, "STALE", colour)

    def nearest_to(wanted):
        return np.abs(labelled.astype(int) - wanted).max(axis=-1).min()

    assert nearest_to(colour) < 80  # letters this thin are smoothed everywhere
    assert nearest_to((0, 0, 0)) < 20  # the outline, on white


def test_grey_pictures_have_labels_too():
    labelled = np.full((480, 640), 90, np.uint8)
    draw_label(labelled, "STALE", RED)
    assert labelled.max() > 200
    assert labelled.min() == 0
