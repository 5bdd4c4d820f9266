"""Cameras that publish compressed pictures alone: they feed the robot's end and the recorder."""

import json

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from rclpy.qos import QoSProfile
from ros_messages import compressed_message, image_message
from sensor_msgs.msg import CompressedImage, Image

from edgesr_ros.codecs.format import FrameFormat
from edgesr_ros.codecs.h264 import H264Encoder
from edgesr_ros.codecs.stills import decode, encode
from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.nodes.messages import as_array, nanoseconds, to_time

DEFAULT = QoSProfile(depth=10)


def packed(data, text, stamp):
    message = CompressedImage(format=text, data=as_array(data))
    message.header.stamp = to_time(stamp)
    message.header.frame_id = "camera"
    return message


def jpeg_of(rgb, quality=90):
    return cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])[
        1
    ].tobytes()


@pytest.fixture
def camera(bench):
    """A publisher of compressed pictures on a topic whose name does not say so."""

    def create(topic="image_raw"):
        return bench.publisher(CompressedImage, topic)

    return create


def test_a_jpeg_goes_out_untouched_where_the_link_carries_it(bench, camera, picture):
    bench.start("onboard", ladder="none", codec="jpeg", scale=1)
    sent = bench.collect(CompressedImage, "image_lr/compressed")
    link = camera()
    data = jpeg_of(picture)
    bench.deliver(
        link,
        packed(data, "rgb8; jpeg compressed bgr8", 5),
        lambda: sent and bytes(sent[-1].data) == data,
        "the frame as it is",
    )
    form = FrameFormat.parse(sent[-1].format, 1, 1)
    assert (form.codec, form.encoding, form.full_width, form.full_height) == ("jpeg", "rgb8", 64, 48)
    assert (nanoseconds(sent[-1].header.stamp), sent[-1].header.frame_id) == (5, "camera")
    bench.wait(lambda: bench.diagnosed("onboard").get("codec") == "jpeg", "what the node says of it")
    assert bench.diagnosed("onboard")["scale"] == "1"


def test_what_others_send_is_decoded_and_encoded_anew(bench, camera, picture):
    bench.start("onboard", ladder="none", codec="png", scale=2)
    sent = bench.collect(CompressedImage, "image_lr/compressed")
    link = camera()

    def shown(data, text, stamp):
        bench.deliver(
            link,
            packed(data, text, stamp),
            lambda: sent and nanoseconds(sent[-1].header.stamp) == stamp,
            f"frame {stamp}, {text!r}",
        )
        return decode(sent[-1].data), sent[-1].format

    np.testing.assert_array_equal(shown(encode(picture, "png", 100), "png", 1)[0], reduce_frame(picture, 2))
    jpeg = jpeg_of(picture)
    np.testing.assert_array_equal(shown(jpeg, "jpeg", 2)[0], reduce_frame(decode(jpeg), 2))
    grey = picture[:, :, 1].copy()
    got, text = shown(cv2.imencode(".jpg", grey)[1].tobytes(), "mono8; jpeg compressed ", 3)
    assert "mono8" in text
    assert np.abs(got[:, :, 0].astype(int) - reduce_frame(grey, 2)).mean() < 5
    # A packet of a video counts, whatever the pace: the first is a key frame, the second builds on it.
    encoder = H264Encoder(64, 48, 12.0)
    first, second = encoder.encode(picture), encoder.encode(np.roll(picture, 4, axis=1))
    assert np.abs(shown(first, "h264", 4)[0].astype(int) - reduce_frame(picture, 2)).mean() < 8
    expected = reduce_frame(np.roll(picture, 4, axis=1), 2)
    assert np.abs(shown(second, "h264", 5)[0].astype(int) - expected).mean() < 8
    before = bench.count("onboard", "dropped.malformed")
    for stamp, (data, form) in enumerate([(jpeg[:-30], "jpeg"), (b"", "jpeg"), (b"nothing", "h264")], 6):
        bench.deliver(
            link,
            packed(data, form, stamp),
            lambda before=before, n=stamp: bench.count("onboard", "dropped.malformed") >= before + n - 5,
            "the drop",
        )
    np.testing.assert_array_equal(shown(jpeg, "jpeg", 20)[0], reduce_frame(decode(jpeg), 2))
    assert "Traceback" not in bench.said()


def test_the_name_tells_the_type_before_anybody_publishes_and_the_publisher_after(bench, picture):
    bench.processes.start("onboard", remappings={"image_raw": "/cam/image_raw/compressed"})
    sent = bench.collect(CompressedImage, "image_lr/compressed")
    topic = "/cam/image_raw/compressed"

    def kinds():
        return {info.topic_type for info in bench.node.get_subscriptions_info_by_topic(topic)}

    bench.wait(lambda: kinds() == {"sensor_msgs/msg/CompressedImage"}, "the subscription by name")
    raw = bench.node.create_publisher(Image, topic, DEFAULT)
    bench.wait(raw.get_subscription_count, "the subscription by what is published")
    bench.deliver(raw, image_message(picture, 9), lambda: sent, "a frame of a camera that is not compressed")
    assert nanoseconds(sent[0].header.stamp) == 9


def test_the_recorder_measures_against_compressed_originals(bench, camera, picture, tmp_path):
    bench.start("quality_recorder", output=tmp_path / "record", sample_rate=50.0)
    link = camera()
    shown = bench.publisher(Image, "image_sr")
    received = bench.publisher(CompressedImage, "image_lr/compressed")
    for stamp in range(1, 4):
        for publisher, message in (
            (link, packed(jpeg_of(np.roll(picture, stamp, 1)), "jpeg", stamp)),
            (received, compressed_message(reduce_frame(np.roll(picture, stamp, 1), 4), stamp, (64, 48))),
            (shown, image_message(np.roll(picture, stamp, 1), stamp)),
        ):
            publisher.publish(message)
            bench.spin(0.05)
    bench.spin(0.5)
    bench.processes.stop("quality_recorder", patience=30.0)
    summary = json.loads((tmp_path / "record/summary.json").read_text())
    assert summary["frames_shown"] == 3
    assert summary["quality"]["sr"]["psnr_db"] > 25
