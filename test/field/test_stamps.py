"""Cameras whose header stamps are good for nothing, and cameras that show one picture: over DDS."""

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from diagnostic_msgs.msg import DiagnosticArray
from ros_messages import image_message
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Bool

from edgesr_ros.nodes.messages import nanoseconds, pairs_of
from edgesr_ros.nodes.node import LATCHED

S = 1_000_000_000
HZ = 40
FRAMES = 15  # that are sent of each kind
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
    shown, facts = bench.collect(Image, "image_sr"), bench.collect(DiagnosticArray, "image_sr/facts")
    camera = bench.publisher(Image, "image_raw")
    stale, number = bench.collect(Bool, "stale", LATCHED), 0

    def play(stamp, enough):
        nonlocal number
        stamps = set()

        def played():
            nonlocal number
            number += 1
            stamps.add(stamp(number))
            camera.publish(image_message(scene(number), stamp(number)))
            bench.spin(1 / HZ)
            return enough(stamps)

        bench.wait(played, "enough frames")
        return stamps

    def of(stamps, messages):
        return [message for message in messages if nanoseconds(message.header.stamp) in stamps]

    # Both ends find each other, and the link is measured.
    play(lambda n: (1_600_000_000 * HZ + n) * S // HZ, lambda _: len(shown) >= 10)
    stale.clear()
    stamps = {
        kind: play(stamp, lambda stamps: len(of(stamps, sent)) >= FRAMES) for kind, stamp in KINDS.items()
    }
    bench.spin(0.5)
    for kind, used in stamps.items():
        frames, pictures, said = len(of(used, sent)), len(of(used, shown)), of(used, facts)
        assert pictures >= 0.8 * frames, kind
        dated = sum(pairs_of(message)["age_ms"] != "unknown" for message in said)
        assert dated <= 1 or kind not in ("zero", "constant", "backwards"), kind
    assert not any(message.data for message in stale)
    warnings = [line for line in bench.said().splitlines() if "header stamps" in line]
    assert len(warnings) == 1
    assert "/image_raw: header stamps" in warnings[0]
    assert "Traceback" not in bench.said()


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
