import cv2
import numpy as np
import pytest

from edgesr_ros.codecs.stills import decode, encode
from edgesr_ros.experiment.footage import Footage
from edgesr_ros.experiment.screen import Judge
from edgesr_ros.experiment.simulation import Glance, Picture
from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.frames.resize import enlarge_bicubic
from edgesr_ros.upscaling.bicubic import BicubicUpscaler


class Counting(BicubicUpscaler):
    """Bicubic, brighter, and counts."""

    calls = 0

    def _enlarge(self, rgb):
        self.calls += 1
        return np.minimum(super()._enlarge(rgb), 245) + 10


def picture(footage, number, scale=1, codec="png"):
    data = encode(reduce_frame(footage.frame(number), scale), codec, 50)
    return Picture(number, decode(data), scale, len(data))


@pytest.fixture
def network():
    return Counting(4)


@pytest.fixture
def judge(footage, network):
    return Judge(footage, {4: network}, 1)


def test_the_cameras_own_picture_is_perfect_and_an_old_one_is_not(judge, footage):
    perfect = judge.see(Glance(0.1, 3, picture(footage, 3), None), False)
    frozen = judge.see(Glance(0.5, 9, picture(footage, 3), None), False)
    assert (perfect.psnr_db, perfect.lpips) == (100, pytest.approx(0, abs=1e-3))
    assert frozen.lpips > 0.05
    assert frozen.psnr_db < 30


def test_an_empty_screen_is_black(judge):
    assert (judge.screen(None, True) == 0).all()
    assert judge.see(Glance(0.1, 3, None, None), True).psnr_db < 10


def test_reduced_frames_go_through_the_network_of_their_scale(judge, network, footage):
    reduced = reduce_frame(footage.frame(2), 4)
    plain = enlarge_bicubic(reduced, 4)
    assert (judge.screen(picture(footage, 2, 4), False) == plain).all()
    assert network.calls == 0
    assert (judge.screen(picture(footage, 2, 4), True) == np.minimum(plain, 245) + 10).all()
    assert judge.screen(picture(footage, 2, 8), True).shape == footage.picture(0).shape  # none of x8: bicubic


def test_nothing_is_computed_twice(judge, network, footage):
    for at in (1.0, 2.0):
        seen = judge.see(Glance(at, 5, picture(footage, 2, 4), picture(footage, 1, 4)), True)
    assert seen.at == 2.0
    assert network.calls == 2


def test_a_frame_of_full_size_stays_as_it_is(judge):
    decoded = np.full((96, 128, 3), 7, np.uint8)
    shown = judge.screen(Picture(0, decoded, 1, 0), True)
    assert (shown == 7).all()


def test_an_odd_size_is_cut_back(network):
    footage = Footage("odd", [np.full((90, 125, 3), 99, np.uint8)])
    assert Judge(footage, {4: network}, 1).screen(picture(footage, 0, 4), True).shape == (90, 125, 3)


def test_a_grey_cameras_pictures_are_grey(footage):
    grey = Footage("grey", [cv2.cvtColor(footage.frame(0), cv2.COLOR_RGB2GRAY)])
    shown = Judge(grey, {}, 1).screen(Picture(0, footage.frame(0), 1, 0), True)
    assert (shown[:, :, 0] == shown[:, :, 2]).all()
    assert np.abs(shown[:, :, 0].astype(int) - grey.frame(0)).max() <= 1


def test_flicker_is_what_changes_in_what_pictures_add(judge, footage):
    def flicker(numbers, brighter):
        before, now = (
            Picture(n, np.minimum(footage.frame(n), 255 - b) + np.uint8(b), 1, 0)
            for n, b in zip(numbers, brighter, strict=True)
        )
        return judge.see(Glance(0.5, 4, now, before), True).flicker

    assert flicker((3, 4), (0, 0)) == 0  # motion is none
    assert flicker((3, 4), (5, 5)) == pytest.approx(0, abs=0.2)  # nor is an error that stays
    assert flicker((3, 4), (0, 5)) == pytest.approx(5, abs=0.2)
    assert judge.see(Glance(0.5, 4, picture(footage, 4), None), True).flicker is None
