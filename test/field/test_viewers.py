"""Viewers subscribe reliably by default, and one that is slow or has stopped is nobody else's trouble."""

import os
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.qos import QoSProfile, ReliabilityPolicy
from ros_messages import compressed_message
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Float32

from edgesr_ros.live.processes import chain_environment
from edgesr_ros.nodes.messages import nanoseconds
from edgesr_ros.nodes.node import LATCHED

VIEWER = Path(__file__).with_name("viewer.py")
FRAMES, HZ = 30, 25
DEFAULT = QoSProfile(depth=5)  # reliable: what `create_subscription(…, 5)` means
BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)


@pytest.fixture
def viewers(ros_domain, tmp_path):
    """Starts viewers as processes of their own: process and what it prints, a line a picture."""
    started = []

    def start(name):
        path = tmp_path / f"{name}.txt"
        with path.open("wb") as printed:
            environment = chain_environment() | {"ROS_DOMAIN_ID": str(ros_domain)}
            started.append(
                subprocess.Popen([sys.executable, str(VIEWER), name], stdout=printed, env=environment)
            )
        return started[-1], path

    yield start
    for process in started:
        process.kill()
        process.wait()


def send(bench, link, first, picture):
    """`FRAMES` frames of a camera of 640x480 at `HZ`."""
    due = time.monotonic()
    for number in range(first, first + FRAMES):
        link.publish(compressed_message(picture, number, (640, 480)))
        due += 1 / HZ
        bench.spin(max(due - time.monotonic(), 0.0))


@pytest.fixture
def ground(bench):
    """A ground station."""
    bench.start("ground_station", model="bicubic", overlay=False)
    return bench


@pytest.fixture
def low():
    return np.random.default_rng(3).integers(0, 256, (120, 160, 3), np.uint8)


def test_reliable_viewers_get_the_pictures_and_best_effort_ones_too(ground, low):
    reliable = ground.collect(Image, "image_sr", DEFAULT)
    infos = ground.collect(CameraInfo, "image_sr/camera_info", DEFAULT)
    others = ground.collect(Image, "image_sr", BEST_EFFORT)
    plotted = (
        ground.collect(Float32, "age", DEFAULT),
        ground.collect(DiagnosticArray, "image_sr/facts", DEFAULT),
    )
    latched = ground.node.create_publisher(CameraInfo, "image_lr/camera_info", LATCHED)
    latched.publish(CameraInfo(width=160, height=120))
    link = ground.publisher(CompressedImage, "image_lr/compressed")
    ground.wait(latched.get_subscription_count, "a subscriber of the camera info")
    first = count(1, FRAMES)

    def enough():
        send(ground, link, next(first), low)  # again where a busy machine has left some out
        return len(reliable) >= 0.8 * FRAMES

    ground.wait(enough, "pictures for who subscribes as RViz does")
    assert len(reliable) >= 0.8 * len(others)
    ground.wait(lambda: len(others) >= 0.8 * FRAMES, "pictures for who takes what comes")
    # image_transport's camera subscribers take a picture only with a camera info of the same stamp.
    stamps = {nanoseconds(info.header.stamp) for info in infos}
    pairs = [message for message in reliable if nanoseconds(message.header.stamp) in stamps]
    assert len(pairs) >= 0.8 * FRAMES
    assert len(plotted[1]) >= 0.8 * FRAMES


def test_a_stopped_viewer_delays_neither_the_others_nor_the_node(ground, viewers, low):
    (stopped, seen_by_stopped), (_, seen_by_other) = viewers("stopped"), viewers("other")
    watching = ground.collect(Image, "image_sr", BEST_EFFORT)
    link = ground.publisher(CompressedImage, "image_lr/compressed")

    def pictures(path):
        return len(path.read_text().splitlines())

    number = 0

    def both_see():
        nonlocal number
        number += 1
        link.publish(compressed_message(low, number, (640, 480)))
        ground.spin(0.1)
        return pictures(seen_by_stopped) and pictures(seen_by_other)

    ground.wait(both_see, "both viewers")
    os.kill(stopped.pid, signal.SIGSTOP)
    before = pictures(seen_by_stopped), pictures(seen_by_other), len(watching)
    send(ground, link, number + 1, low)
    send(ground, link, number + 1 + FRAMES, low)
    ground.wait(lambda: pictures(seen_by_other) - before[1] >= 1.6 * FRAMES, "pictures of the other viewer")
    ground.wait(lambda: len(watching) - before[2] >= 1.6 * FRAMES, "pictures of a third")
    # A node that is held up takes the next frame only when it is let go: it would have left frames out.
    ground.wait(
        lambda: ground.count("ground_station", "frames_out") >= 1.6 * FRAMES, "what the node says of itself"
    )
    assert ground.count("ground_station", "dropped.superseded") <= 0.2 * 2 * FRAMES
    assert pictures(seen_by_stopped) == before[0]
    os.kill(stopped.pid, signal.SIGCONT)

    def on_again():
        link.publish(compressed_message(low, number + 10 * FRAMES + int(1e3 * time.monotonic()), (640, 480)))
        ground.spin(0.1)
        return pictures(seen_by_stopped) > before[0]

    ground.wait(on_again, "the viewer that goes on")


def test_a_played_recording_is_a_camera_for_reliable_viewers_too(bench, tmp_path, low):
    import cv2

    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(10):
        cv2.imwrite(str(folder / f"{number:02}.png"), np.roll(low, number, axis=1))
    bench.start("frame_player", source=folder, rate=20.0)
    shown = bench.collect(Image, "image_raw", DEFAULT)
    infos = bench.collect(CameraInfo, "camera_info", DEFAULT)
    bench.wait(lambda: len(shown) >= 8, "pictures of the recording")
    bench.wait(lambda: len(infos) >= 8, "their camera infos")
