"""Frames of every shape, from the camera to the operator and back to their size; and bytes that are none."""

import os
import subprocess
import sys
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from edgesr_ros.codecs.format import FrameFormat
from edgesr_ros.codecs.h264 import H264Encoder
from edgesr_ros.ends.ground import Ground
from edgesr_ros.ends.restorer import facts_of
from edgesr_ros.ends.robot import Robot
from edgesr_ros.ends.robot_settings import RobotSettings
from edgesr_ros.errors import InputError
from edgesr_ros.frames import encodings
from edgesr_ros.frames.message import image_to_array
from edgesr_ros.frames.visible_range import ValueRange
from edgesr_ros.quality.facts import PictureFacts
from edgesr_ros.quality.measure import Measurer
from edgesr_ros.quality.strip import picture_strip
from edgesr_ros.upscaling.restore import restore


def robot(ladder="none", scale=4, codec="png"):
    return Robot(
        RobotSettings(
            ladder=ladder,
            encoder="software",
            policy="smooth",
            scale=scale,
            codec=codec,
            quality=90,
            max_frame_bytes=60_000,
            max_packet_bytes=0,
            max_rate=0.0,
            rate_bytes_per_s=0.0,
            cameras="",
            weights="",
            focus="",
        )
    )


@pytest.mark.parametrize(
    "size", [(1, 1), (2, 1), (1, 2), (3, 3), (17, 9), (1, 700), (4000, 20), (20, 4000), (4001, 3)]
)
@pytest.mark.parametrize(
    ("ladder", "scale", "codec"),
    [("none", 8, "png"), ("none", 4, "webp"), ("none", 2, "jpeg"), ("still", 4, "webp"), ("h264", 4, "webp")],
)
@pytest.mark.parametrize("grey", [True, False])
def test_every_shape_comes_back_at_its_size_with_its_colour(size, ladder, scale, codec, grey):
    colour = np.uint8(120) if grey else np.array([150, 110, 90], np.uint8)
    image = np.broadcast_to(colour, size[::-1] if grey else (*size[::-1], 3)).copy()
    packet = robot(ladder, scale, codec).encode(0.0, image)
    received = Ground().decode(1, packet.data, packet.format.text())
    made = restore(received.picture, size, grey=received.format.encoding == "mono8")
    assert made.picture.shape == image.shape
    assert np.abs(made.picture.astype(int) - image).max() <= 8


def test_what_a_codec_cannot_hold_is_one_line_of_ours():
    wide = np.zeros((2, 70_000, 3), np.uint8)
    for ladder, codec in (("none", "webp"), ("none", "jpeg"), ("h264", "webp")):
        with pytest.raises(InputError, match=r"an image of \d+x\d+ is more than \w+ can hold$"):
            robot(ladder, 1, codec).encode(0.0, wide)
    with pytest.raises(InputError, match="an image of 16385x2 is more than h264 can hold"):
        H264Encoder(16_385, 2, 20)


def test_opencv_itself_says_nothing_on_stderr():
    script = """
import numpy as np
from edgesr_ros.codecs.stills import encode
from edgesr_ros.errors import InputError
for _ in range(3):
    try:
        encode(np.zeros((1, 20_000, 3), np.uint8), "webp", 50)
    except InputError as error:
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout == 3 * "an image of 20000x1 is more than webp can hold\n"
    assert done.stderr == ""


def test_what_opencv_refuses_inside_a_conversion_is_one_line(monkeypatch):
    def refuse(values, _):
        return cv2.cvtColor(values[:, :0], cv2.COLOR_GRAY2RGB)

    monkeypatch.setitem(encodings.LAYOUTS, "mono8", encodings.Layout("u1", 1, refuse))
    message = SimpleNamespace(encoding="mono8", height=2, width=2, step=2, data=bytes(4), is_bigendian=0)
    with pytest.raises(InputError, match=r"^image of encoding 'mono8': .*cvtColor") as caught:
        image_to_array(message)
    assert "\n" not in str(caught.value)


def test_the_range_of_depth_rides_to_the_ground():
    image = np.full((48, 64), 100, np.uint8)
    packet = robot().encode(0.0, image)
    form = packet.format.showing(ValueRange(0.5, 2980.25))
    text = form.text()
    assert text == f"mono8; png compressed mono8_b{form.report_ms}_n0; full=64x48; range=0.5..2980.25"
    received = Ground().decode(1, packet.data, text)
    assert received.format.shown == (0.5, 2980.25)
    assert FrameFormat.parse(text, 1, 1) == form
    made = restore(received.picture, (64, 48), grey=True)
    pairs = facts_of(made, received, None, consistency=False).to_pairs()
    assert (pairs["range_low"], pairs["range_high"]) == ("0.5", "2980.25")
    assert PictureFacts.from_pairs(pairs).range_high == 2980.25
    for odd in ("range=1..x", "range=1.2.3..4", "range="):
        assert FrameFormat.parse(f"mono8; png compressed; {odd}", 4, 4).shown is None


@pytest.mark.parametrize("size", [(1, 1), (700, 2), (3000, 1), (4000, 20), (20, 4000)])
def test_a_record_takes_pictures_of_every_shape(size):
    width, height = size
    image = np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)
    strip = picture_strip(image, image, image, image, "caption", "shown")
    assert strip.shape[1] == 1320
    assert strip.nbytes < 10_000_000
    with pytest.raises(InputError, match="LPIPS: expected two pictures of one size, 32x32 or more"):
        Measurer().measure(image, image, image, 1)
