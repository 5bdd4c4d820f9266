"""A camera's JPEG: what it is taken for, and when the robot's end sends it as it is."""

import cv2
import numpy as np
import pytest

from edgesr_ros.codecs.camera_jpeg import CameraJpeg
from edgesr_ros.codecs.decoder import FrameDecoder
from edgesr_ros.codecs.stills import decode, encode
from edgesr_ros.defaults import defaults_of
from edgesr_ros.ends.robot import Robot
from edgesr_ros.ends.robot_settings import RobotSettings
from edgesr_ros.errors import InputError
from edgesr_ros.schema import convert


def robot(**settings):
    return Robot(convert(defaults_of("onboard") | settings, RobotSettings, "test"))


def unreported(end, image, now=10.0):
    """What goes out when nobody reports and there is no limit: the link carries anything."""
    end.frame(0.0)
    end.wait(0.0)
    end.sent(0.0, 1, end.encode(0.0, image))
    end.wait(now)
    return end.encode(now, image)


@pytest.fixture
def jpeg(photograph):
    found = CameraJpeg.of(encode(photograph, "jpeg", 60), "rgb8; jpeg compressed bgr8")
    assert found is not None
    return found


@pytest.mark.parametrize("text", ["jpeg", "", "image/jpeg", "rgb8; jpeg compressed bgr8"])
def test_the_bytes_say_that_it_is_one(photograph, text):
    data = encode(photograph, "jpeg", 60)
    found = CameraJpeg.of(data, text)
    assert (found.format.encoding, found.format.full_width, found.format.full_height) == ("rgb8", 480, 384)
    np.testing.assert_array_equal(found.picture(), decode(data))


def test_grey_by_the_format(photograph):
    grey = CameraJpeg.of(cv2.imencode(".jpg", photograph[:, :, 1])[1].tobytes(), "mono8; jpeg compressed ")
    assert grey.format.encoding == "mono8"
    assert grey.picture().shape == (384, 480)


def test_what_is_none(photograph):
    assert CameraJpeg.of(encode(photograph, "png", 60), "jpeg") is None
    assert CameraJpeg.of(encode(photograph, "jpeg", 60), "bayer_rggb8; jpeg compressed ") is None
    assert CameraJpeg.of(b"", "jpeg") is None
    with pytest.raises(InputError, match="cut short"):
        CameraJpeg.of(encode(photograph, "jpeg", 60)[:-50], "jpeg")


def test_goes_out_as_it_is_along_a_ladder(jpeg):
    packet = unreported(robot(), jpeg)
    assert packet.data is jpeg.data
    assert (packet.scale, packet.encoder, packet.quality) == (1, "jpeg", 0)
    received = FrameDecoder().decode(packet.data, packet.format.text())
    assert received.factor == 1
    np.testing.assert_array_equal(received.picture, jpeg.picture())


def test_is_encoded_anew_where_it_is_too_much(jpeg):
    assert len(robot().encode(0.0, jpeg).data) < 5000 < len(jpeg.data)  # the first frames are small
    packet = unreported(robot(max_frame_bytes=len(jpeg.data) - 1), jpeg)
    assert packet.data != jpeg.data
    assert len(packet.data) < len(jpeg.data)


def test_is_encoded_anew_where_frames_build_on_each_other(jpeg):
    assert unreported(robot(ladder="h264"), jpeg).encoder == "h264"


@pytest.mark.parametrize(
    ("settings", "untouched"),
    [
        ({"codec": "jpeg", "scale": 1}, True),
        ({"codec": "jpeg", "scale": 2}, False),
        ({"codec": "webp", "scale": 1}, False),
        ({"codec": "jpeg", "scale": 1, "max_frame_bytes": 10_000}, False),
    ],
)
def test_without_a_ladder_where_that_is_what_was_asked_for(jpeg, settings, untouched):
    assert 10_000 < len(jpeg.data) < 40_000
    packet = robot(ladder="none", **settings).encode(0.0, jpeg)
    assert (packet.data == jpeg.data) is untouched
