import numpy as np
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.experiment.footage import Footage, fit
from edgesr_ros.experiment.plan import Camera


def test_at_its_end_a_recording_goes_on_backwards():
    frames = [np.full((8, 8), value, np.uint8) for value in (10, 20, 30)]
    footage = Footage("short", frames)
    assert [int(footage.frame(number)[0, 0]) for number in range(7)] == [10, 20, 30, 20, 10, 20, 30]


def test_a_single_picture_stands_still():
    footage = Footage("still", [np.zeros((8, 8), np.uint8)])
    assert footage.position(5) == 0


def test_the_middle_is_cut_to_the_cameras_shape():
    frame = np.zeros((100, 300, 3), np.uint8)
    frame[:, 100:200] = 255
    assert fit(frame, 50, 50).shape == (50, 50, 3)
    assert (fit(frame, 50, 50) == 255).all()
    tall = np.zeros((300, 100), np.uint8)
    tall[100:200] = 255
    assert (fit(tall, 200, 200) == 255).all()


def test_a_grey_frame_is_shown_in_colour():
    frame = np.arange(64, dtype=np.uint8).reshape(8, 8)
    picture = Footage("grey", [frame]).picture(0)
    assert picture.shape == (8, 8, 3)
    assert (picture == frame[:, :, None]).all()


def test_a_recording_is_read_in_the_cameras_size(recording):
    footage = Footage.read("shapes", str(recording), Camera(width=64, height=64))
    assert len(footage) == 12
    assert footage.frame(3).shape == (64, 64, 3)


def test_frames_are_spread_over_the_whole(footage):
    assert footage.spread(3) == [0, 10, 19]
    assert footage.spread(99) == list(range(20))


def test_a_missing_recording_is_named():
    with pytest.raises(InputError, match=r"no/such\.mp4"):
        Footage.read("x", "no/such.mp4", Camera())
