"""Robot, a link that loses, and ground station as nodes over real DDS: what is shown, and that it adds up."""

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.serialization import serialize_message
from ros_messages import image_message
from sensor_msgs.msg import CompressedImage, Image

from edgesr_ros.codecs import av1
from edgesr_ros.codecs.parts import Part
from edgesr_ros.control.brief import from_pairs
from edgesr_ros.frames.message import image_to_array
from edgesr_ros.nodes.messages import nanoseconds, pairs_of

MS = 1_000_000  # ns
WIDTH, HEIGHT = 320, 240
LOSS = "capacity: {steps: [{seconds: 1, kbps: 4000}], repeat: true}\ndelay_ms: 10\nloss: 0.1\n"
RTPS = 72  # bytes of headers, before a message as it is serialized
PACKET = 600  # bytes

pytestmark = pytest.mark.skipif(av1.missing() is not None, reason=f"no AV1 here: {av1.missing()}")


def scene(number):
    texture = np.random.default_rng(3).integers(0, 256, (HEIGHT, 2 * WIDTH, 3), np.uint8)
    return np.ascontiguousarray(np.roll(cv2.GaussianBlur(texture, (0, 0), 3), -3 * number, axis=1)[:, :WIDTH])


def test_a_lossy_link_shows_only_good_pictures_and_all_adds_up(bench, tmp_path):
    (tmp_path / "lossy.yaml").write_text("description: lossy\n" + LOSS)
    bench.processes.start("link_emulator", parameters={"profile": tmp_path / "lossy.yaml", "seed": 3})
    bench.processes.start(
        "onboard", "/robot", {"ladder": "av1", "policy": "smooth", "max_packet_bytes": PACKET}
    )
    bench.processes.start("ground_station", "/ground", {"model": "bicubic", "overlay": False})
    shown = bench.collect(Image, "ground/image_sr")
    facts = bench.collect(DiagnosticArray, "ground/image_sr/facts")
    sent = bench.collect(CompressedImage, "robot/image_lr/compressed")
    reports = bench.collect(DiagnosticArray, "robot/link_report")
    camera = bench.publisher(Image, "robot/image_raw")

    for number in range(1, 500):
        camera.publish(image_message(scene(number), number * 33 * MS))
        bench.spin(0.033)
        if len(shown) > 60 and number > 150:
            break
    assert len(shown) > 60
    bench.spin(1.5)  # the counts of the last second

    stamps = [nanoseconds(message.header.stamp) for message in shown]
    assert stamps == sorted(stamps)
    assert {message.header.frame_id for message in shown} == {"camera"}
    for message, stamp in zip(shown[5:], stamps[5:], strict=True):
        error = image_to_array(message).astype(int) - scene(stamp // (33 * MS))
        assert np.abs(error).mean() < 12, f"picture {stamp // (33 * MS)}"

    assert any(Part.of(message.format) for message in sent)
    assert max(len(serialize_message(message)) for message in sent) + RTPS <= PACKET
    told = [from_pairs(pairs_of(message)) for message in reports]
    assert any(report.missing for report in told)
    assert max(report.decoded or 0 for report in told) > 0
    assert bench.count("onboard", "sent_again") > 0
    assert all("recovering" in pairs_of(message) for message in facts)
    into, out = (bench.count("ground_station", name) for name in ("frames_in", "frames_out"))
    assert into == out + bench.dropped("ground_station")
    assert bench.count("ground_station", "parts_in") > 0
