"""Cameras whose header stamps are good for nothing, and cameras that show one picture: over DDS."""

import time

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from ros_messages import image_message
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Bool, Float32

S = 1_000_000_000
HZ = 20
SECONDS = 1.0  # of each kind
KINDS = {
    "zero": lambda _: 0,
    "constant": lambda _: 1_700_000_000 * S,
    "repeated": lambda n: 1_700_001_000 * S + (n - (n % 10 == 5)) * S // HZ,
    "backwards": lambda n: 1_700_002_000 * S - n * S // HZ,
    "whole_seconds": lambda n: 1_700_003_000 * S + n // HZ * S,
    "negative": lambda n: (n - 20_000) * S // HZ,
    "good": lambda n: 1_700_004_000 * S + n * S // HZ,
}


def scene(number):
    rng = np.random.default_rng(5)
    wide = rng.integers(0, 256, (12, 60, 3), np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    return np.ascontiguousarray(wide[:, 3 * number % 300 : 3 * number % 300 + 128])


def test_what_is_sent_is_shown_whatever_its_stamps(bench):
    # As users start them: what the one offers is what the other asks for.
    bench.processes.start("onboard", parameters={})
    bench.processes.start("ground_station", parameters={"model": "bicubic", "overlay": False})
    sent = bench.collect(CompressedImage, "image_lr/compressed")
    shown, ages = bench.collect(Image, "image_sr"), bench.collect(Float32, "age")
    camera = bench.publisher(Image, "image_raw")
    bench.wait(lambda: bench.heard_from("ground_station"), "the ground station")
    for number in range(100_000, 100_000 + 2 * HZ):  # both ends find each other, and the link is measured
        camera.publish(image_message(scene(number), (1_600_000_000 * HZ + number) * S // HZ))
        bench.spin(1 / HZ)
    bench.wait(lambda: shown, "a first picture")
    stale = bench.collect(Bool, "stale")
    counts, number = {}, 0
    for kind, stamp in KINDS.items():
        before, dated = (len(sent), len(shown)), len(ages)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            number += 1
            camera.publish(image_message(scene(number), stamp(number)))
            bench.spin(1 / HZ)
        bench.spin(0.2)
        counts[kind] = len(sent) - before[0], len(shown) - before[1], len(ages) - dated
    for kind, (frames, pictures, dated) in counts.items():
        assert frames >= 5, counts
        assert pictures >= 0.8 * frames, counts
        if kind in ("zero", "constant", "backwards"):
            assert dated <= 1, counts
    assert not any(message.data for message in stale)
    warnings = [line for line in bench.said().splitlines() if "header stamps" in line]
    assert len(warnings) == 1
    assert "/image_raw: header stamps" in warnings[0]
    assert "Traceback" not in bench.said()


LATCHED = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)


def test_a_picture_from_before_onboard_came_is_sent_once(bench):
    camera = bench.node.create_publisher(Image, "image_raw", LATCHED)
    camera.publish(image_message(scene(0), 5 * S))
    bench.start("onboard", ladder="none", codec="png", scale=1)
    sent = bench.collect(CompressedImage, "image_lr/compressed")
    bench.wait(lambda: sent, "the picture")
    bench.spin(1.2)
    assert len(sent) == 1
    for number in range(1, 6):  # and what comes after it, each once
        camera.publish(image_message(scene(number), (5 + number) * S))
        bench.wait(lambda number=number: len(sent) > number, "a later picture")
    bench.spin(0.3)
    assert [message.header.stamp.sec for message in sent] == [5, 6, 7, 8, 9, 10]
    assert "incompatible" not in bench.said()
