import sys
from array import array
from types import SimpleNamespace

import numpy as np
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.frames.message import fill_image, image_to_array

Image = pytest.importorskip("sensor_msgs.msg", reason="sensor_msgs of ROS 2 is not installed").Image


def message(encoding: str, pixels: np.ndarray, padding: int = 0, **changes) -> Image:
    """An Image of (H, W, C) or (H, W) pixels whose rows are followed by `padding` bytes of 99."""
    rows = pixels.reshape(pixels.shape[0], -1).view(np.uint8)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=99)
    fields = {
        "encoding": encoding,
        "height": pixels.shape[0],
        "width": pixels.shape[1],
        "step": rows.shape[1],
        "data": array("B", rows.tobytes()),
    }
    return Image(**{**fields, **changes})


@pytest.mark.parametrize("padding", [0, 5])
@pytest.mark.parametrize("is_bigendian", [0, 1])
@pytest.mark.parametrize(
    ("encoding", "order"), [("rgb8", "rgb"), ("bgr8", "bgr"), ("rgba8", "rgba"), ("bgra8", "bgra")]
)
def test_colour_becomes_contiguous_rgb(picture, encoding, order, padding, is_bigendian):
    alpha = np.full((48, 64, 1), 7, np.uint8)
    stored = np.concatenate([picture, alpha], axis=2)[:, :, ["rgba".index(name) for name in order]]
    rgb = image_to_array(message(encoding, stored, padding, is_bigendian=is_bigendian))
    assert np.array_equal(rgb, picture)
    assert rgb.flags.c_contiguous


@pytest.mark.parametrize("padding", [0, 3])
def test_mono_stays_one_channel(picture, padding):
    grey = image_to_array(message("mono8", picture[:, :, 1].copy(), padding))
    assert np.array_equal(grey, picture[:, :, 1])
    assert grey.flags.c_contiguous


def test_unpadded_rgb_is_not_copied(picture):
    msg = message("rgb8", picture)
    assert np.shares_memory(image_to_array(msg), np.frombuffer(msg.data, np.uint8))


@pytest.mark.parametrize("kind", [bytes, memoryview, lambda data: np.frombuffer(data, np.uint8)])
def test_data_may_be_any_buffer(picture, kind):
    for encoding in ("rgb8", "bgr8"):
        fields = {"encoding": encoding, "height": 48, "width": 64, "step": 192}
        rgb = image_to_array(SimpleNamespace(**fields, data=kind(picture.tobytes())))
        assert np.array_equal(rgb, picture if encoding == "rgb8" else picture[:, :, ::-1])


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"step": 191}, r"step is 191, expected at least 192 \(width 64 of encoding 'rgb8'\)"),
        ({"width": 0}, r"size is 0x48, expected at least 1x1"),
        ({"height": 0}, r"size is 64x0, expected at least 1x1"),
        ({"height": 49}, r"data holds 9216 bytes, expected 9408 \(step 192, height 49\)"),
        ({"data": array("B")}, r"data holds 0 bytes, expected 9216"),
        (
            {"height": 2**32 - 1, "width": 2**32 - 1, "step": 2**32 - 1},
            r"step is 4294967295, expected at least",
        ),
    ],
)
def test_a_contradiction_is_one_line_with_field_value_and_expectation(picture, changes, text):
    with pytest.raises(InputError, match=text) as caught:
        image_to_array(message("rgb8", picture, **changes))
    assert "\n" not in str(caught.value)


def test_an_unknown_encoding_is_named(picture):
    with pytest.raises(InputError, match=r"encoding is 'rgb9', expected rgb8, .* cv_bridge"):
        image_to_array(message("rgb9", picture))


def test_without_cv_bridge_other_encodings_are_refused(picture, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv_bridge", None)  # what an import finds where it is not installed
    with pytest.raises(InputError, match=r"encoding is '8SC2', expected rgb8, .* a working cv_bridge"):
        image_to_array(message("8SC2", picture[:, :, :2].copy()))


@pytest.mark.parametrize("padding", [0, 6])
def test_encodings_that_are_not_known_are_left_to_cv_bridge(picture, padding, monkeypatch):
    seen = []

    class CvBridge:
        def encoding_to_dtype_with_channels(self, _):
            return "uint8", 3

        def imgmsg_to_cv2(self, msg, wanted):
            seen.append((msg.step, msg.encoding, wanted))
            return 255 - np.frombuffer(msg.data, np.uint8).reshape(msg.height, msg.width, 3)

    monkeypatch.setitem(sys.modules, "cv_bridge", SimpleNamespace(CvBridge=CvBridge))
    assert np.array_equal(image_to_array(message("cmy8", 255 - picture, padding)), picture)
    assert seen == [(192, "cmy8", "rgb8")]


def test_what_cv_bridge_cannot_turn_into_rgb_is_one_line():
    pytest.importorskip("cv_bridge", reason="cv_bridge is not installed")
    with pytest.raises(InputError, match=r"encoding is '64FC2', expected rgb8") as caught:
        image_to_array(message("64FC2", np.ones((4, 6, 2), np.float64)))
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=r"step is 6, expected at least 12"):
        image_to_array(message("mono16", np.ones((4, 6), np.uint16), step=6))


@pytest.mark.parametrize("encoding", ["rgb8", "mono8"])
def test_filled_messages_give_back_the_picture(picture, encoding):
    image = picture if encoding == "rgb8" else picture[:, :, 0]  # the latter is not contiguous
    msg = Image()
    msg.header.frame_id = "camera"
    msg.header.stamp.sec = 12
    fill_image(msg, image, encoding)
    assert (msg.height, msg.width, msg.encoding, msg.is_bigendian) == (48, 64, encoding, 0)
    assert msg.step == (192 if encoding == "rgb8" else 64)
    assert isinstance(msg.data, array)
    assert np.array_equal(image_to_array(msg), image)
    assert (msg.header.frame_id, msg.header.stamp.sec) == ("camera", 12)


def test_filling_again_takes_no_new_memory(picture):
    msg = Image()
    fill_image(msg, picture)
    memory = msg.data
    fill_image(msg, picture[::-1])
    assert msg.data is memory
    assert np.array_equal(image_to_array(msg), picture[::-1])
    fill_image(msg, picture[:, :, 0], "mono8")
    assert np.array_equal(image_to_array(msg), picture[:, :, 0])


def test_filling_refuses_what_does_not_fit(picture):
    with pytest.raises(InputError, match="encoding is 'mono8'"):
        fill_image(Image(), picture, "mono8")
    with pytest.raises(InputError, match="encoding is 'rgb8'"):
        fill_image(Image(), picture[:, :, 0], "rgb8")
    with pytest.raises(InputError, match="encoding is 'bgr8'"):
        fill_image(Image(), picture, "bgr8")
    with pytest.raises(InputError, match="float32"):
        fill_image(Image(), picture.astype(np.float32))
    with pytest.raises(InputError, match="not empty"):
        fill_image(Image(), picture[:0])
