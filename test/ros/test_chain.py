"""Robot and ground station over DDS as they are used: what the camera saw is on the screen."""

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from ros_messages import image_message
from sensor_msgs.msg import CompressedImage, Image

from edgesr_ros.codecs import av1
from edgesr_ros.codecs.format import FrameFormat
from edgesr_ros.frames.message import image_to_array
from edgesr_ros.nodes.messages import nanoseconds

SHOWN = 15
PERIOD_NS = 33_000_000
# Between the two as ever; only what the bench sends is heard reliably.
BETWEEN_THEM = {
    f"qos_overrides./{topic}.subscription.reliability": "best_effort"
    for topic in ("image_lr/compressed", "image_lr/time_reference", "link_report")
}


def panning(number):
    """(120, 160, 3) uint8 RGB: as a camera that turns sees a texture."""
    rough = np.random.default_rng(2).integers(0, 256, (12, 120, 3), np.uint8)
    scene = cv2.resize(rough, (1200, 120), interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(scene[:, 2 * number % 1000 :][:, :160])


@pytest.mark.parametrize("ladder", ["webp", "h264", "av1"])
def test_each_ladder_brings_the_camera_to_the_screen(bench, ladder):
    if ladder == "av1" and (reason := av1.missing()) is not None:
        pytest.skip(reason)
    bench.start("onboard", ladder=ladder, **BETWEEN_THEM)
    bench.start("ground_station", model="bicubic", overlay=False, deadline=10.0, **BETWEEN_THEM)
    sent = bench.collect(CompressedImage, "image_lr/compressed")
    reported = bench.collect(DiagnosticArray, "link_report")
    shown = bench.collect(Image, "image_sr")
    camera = bench.publisher(Image, "image_raw")
    number = 0

    def enough():
        nonlocal number
        number += 1
        camera.publish(image_message(panning(number), number * PERIOD_NS, "front"))
        bench.spin(0.03)
        return sum(message.header.frame_id == "front" for message in shown) > SHOWN and len(reported) > SHOWN

    bench.wait(enough, f"{SHOWN} pictures and reports")
    assert {FrameFormat.parse(message.format, 160, 120).codec for message in sent} == {ladder}
    pictures = [message for message in shown if message.header.frame_id == "front"]
    stamps = [nanoseconds(message.header.stamp) for message in pictures]
    assert stamps == sorted(set(stamps))
    for stamp, message in zip(stamps, pictures, strict=True):
        seen = image_to_array(message).astype(float)
        own, other = (np.abs(seen - panning(stamp // PERIOD_NS + ahead)).mean() for ahead in (0, 8))
        assert own < 25 and own < other
