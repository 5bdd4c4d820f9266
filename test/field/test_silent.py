"""Wrong and silent: the diagnostics say what is wrong and what to do, and so does the picture."""

import itertools
import json

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import QoSProfile
from ros_messages import compressed_message, image_message
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String

from edgesr_ros.frames.message import image_to_array
from edgesr_ros.nodes.messages import NO_PICTURE, as_array, is_picture
from edgesr_ros.nodes.watch import ERROR, OK, WARN

HZ = 10
DEFAULT = QoSProfile(depth=5)


def until(bench, node, level, words, act=lambda _: None):
    """Goes on with `act` at `HZ` until the node's diagnostics have this level and these words."""
    number = 0

    def said():
        nonlocal number
        number += 1
        act(number)
        bench.spin(1 / HZ)
        state = bench.state(node)
        return state[0] == level and words in state[1]

    bench.wait(said, f"{words!r} of {node}; it says {bench.state(node)}")


@pytest.fixture
def stranger(bench):
    """A node of another process, as far as DDS can tell: one process cannot give a topic two types."""
    context = Context()
    context.init(domain_id=bench.context.get_domain_id())
    node = Node("stranger", context=context)
    yield node
    node.destroy_node()
    context.try_shutdown()


def test_a_ground_station_that_gets_nothing_of_use_says_so_in_the_picture(bench, picture, tmp_path):
    bench.start("quality_recorder", output=tmp_path / "record")
    bench.start("ground_station", model="bicubic", overlay=True)
    shown = bench.collect(Image, "image_sr", DEFAULT)
    until(bench, "ground_station", WARN, "/image_lr/compressed: no publisher yet")
    bench.wait(lambda: shown, "a picture that says why there is none")
    assert not is_picture(shown[0])
    assert shown[0].header.frame_id == NO_PICTURE
    drawn = image_to_array(shown[0])
    assert drawn.shape == (360, 640, 3)
    assert drawn.max() > 200 > 50 > drawn.min()

    link = bench.publisher(CompressedImage, "image_lr/compressed")
    whole = compressed_message(picture[:12, :16], 1, (64, 48))
    broken = CompressedImage(format=whole.format, data=as_array(bytes(whole.data[:-20])))
    until(bench, "ground_station", ERROR, "malformed (image_lr/compressed", lambda _: link.publish(broken))
    explained = len(shown)
    bench.wait(lambda: len(shown) > explained, "another reason")
    assert (image_to_array(shown[-1]) != drawn).any()
    assert bench.count("ground_station", "frames_out") == 0

    def good(number):
        link.publish(compressed_message(np.roll(picture[:12, :16], number, 1), number, (64, 48)))

    until(bench, "ground_station", OK, "running", good)
    bench.wait(lambda: is_picture(shown[-1]), "a picture")
    first = next(number for number, message in enumerate(shown) if is_picture(message))
    assert all(is_picture(message) for message in shown[first:])
    bench.wait(lambda: bench.heard_from("quality_recorder"), "the recorder")
    bench.processes.stop("quality_recorder", patience=20.0)
    summary = json.loads((tmp_path / "record/summary.json").read_text())
    assert 0 < summary["frames_shown"] <= len([message for message in shown if is_picture(message)])


def test_two_senders_a_still_picture_and_another_type_on_the_link(bench, picture, stranger):
    bench.start("ground_station", model="bicubic", overlay=False)
    shown = bench.collect(Image, "image_sr", DEFAULT)
    link = bench.publisher(CompressedImage, "image_lr/compressed")
    stamps = itertools.count(1)

    def send(number):
        link.publish(compressed_message(np.roll(picture[:12, :16], number, 1), next(stamps), (64, 48)))

    until(bench, "ground_station", OK, "running", send)
    second = bench.node.create_publisher(CompressedImage, "image_lr/compressed", DEFAULT)
    until(bench, "ground_station", WARN, "2 publishers", send)
    bench.node.destroy_publisher(second)
    until(bench, "ground_station", WARN, "the same picture for", lambda _: send(0))
    wrong = stranger.create_publisher(String, "image_lr/compressed", DEFAULT)
    until(bench, "ground_station", WARN, "/stranger publishes std_msgs/msg/String, expected", send)
    bench.node.destroy_publisher(link)
    until(bench, "ground_station", ERROR, "/stranger publishes std_msgs/msg/String, expected")
    stranger.destroy_publisher(wrong)
    until(bench, "ground_station", WARN, "no publisher yet")
    assert all(is_picture(message) for message in shown)  # no overlay, no picture that is none


def test_a_camera_that_stands_still_or_is_not_what_it_should_be(bench, picture, stranger):
    wrong = stranger.create_publisher(String, "image_raw", DEFAULT)
    bench.start("onboard", ladder="none", codec="png")  # nobody listens yet: this shows before
    until(bench, "onboard", ERROR, "/stranger publishes std_msgs/msg/String, expected sensor_msgs/msg/Image")
    stranger.destroy_publisher(wrong)
    bench.collect(CompressedImage, "image_lr/compressed")
    camera = bench.publisher(Image, "image_raw")
    until(bench, "onboard", WARN, "/image_raw: nothing for")
    stamps = itertools.count(1)

    def send(number):
        camera.publish(image_message(np.roll(picture, number, axis=1), 10**8 * next(stamps)))

    until(bench, "onboard", OK, "running", send)
    until(bench, "onboard", WARN, "the same picture for", lambda _: send(0))
    dark = Image(encoding="rainbow", height=2, width=2, step=2, data=as_array(bytes(4)))
    until(bench, "onboard", ERROR, "malformed (image: encoding is 'rainbow'", lambda _: camera.publish(dark))


def test_quality_of_service_that_does_not_fit(bench):
    from edgesr_ros.nodes.node import COMPRESSED

    # The bench's nodes ask for reliability; a driver that does not offer it is not heard.
    bench.start("onboard", ladder="none")
    bench.collect(CompressedImage, "image_lr/compressed")
    bench.node.create_publisher(Image, "image_raw", COMPRESSED)
    until(bench, "onboard", ERROR, "/image_raw: nothing can come from /bench (")
