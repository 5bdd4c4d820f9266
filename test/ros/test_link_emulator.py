"""The link emulator over real DDS: what the profile says happens to frames, and nothing else."""

import time
from array import array

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from ros_messages import compressed_message
from sensor_msgs.msg import CompressedImage, Image, TimeReference

from edgesr_ros.frames.message import image_to_array
from edgesr_ros.nodes.messages import nanoseconds


def write_profile(folder, text):
    path = folder / "link.yaml"
    path.write_text(f"description: for a test\n{text}")
    return path


ROBOT, GROUND = "/robot/image_lr/compressed", "/ground/image_lr/compressed"


def patient(topic):
    """Parameters of a node that loses nothing on its doorstep while a busy machine lets it wait."""
    prefix = f"qos_overrides.{topic}.subscription"
    return {f"{prefix}.reliability": "reliable", f"{prefix}.depth": 200}


def test_an_unlimited_link_changes_nothing(bench, picture):
    bench.start("link_emulator", profile="unlimited", **patient(ROBOT))
    arrived = bench.collect(CompressedImage, "ground/image_lr/compressed")
    robot = bench.publisher(CompressedImage, "robot/image_lr/compressed")
    sent = [compressed_message(picture, stamp, (64, 48)) for stamp in range(20)]
    for message in sent:
        robot.publish(message)
        bench.spin(0.02)
    bench.wait(lambda: len(arrived) == 20, "every frame")
    assert arrived == sent
    bench.wait(lambda: bench.count("link_emulator", "frames_out") == 20, "the counts")
    assert bench.dropped("link_emulator") == 0


def test_a_slow_link_drops_what_does_not_fit_its_queue(bench, picture, tmp_path):
    # 100 kbit/s carries 12.5 kB/s: of 60 frames of about 3 kB a second most are dropped.
    profile = write_profile(tmp_path, "capacity: {steps: [{seconds: 1, kbps: 100}]}\nqueue_bytes: 8000\n")
    bench.start("link_emulator", profile=profile, **patient(ROBOT))
    arrived = bench.collect(CompressedImage, "ground/image_lr/compressed")
    robot = bench.publisher(CompressedImage, "robot/image_lr/compressed")
    for stamp in range(60):
        robot.publish(compressed_message(picture, stamp, (64, 48)))
        bench.spin(0.02)

    def settled():
        frames_out = bench.count("link_emulator", "frames_out")
        return frames_out == len(arrived) == 60 - bench.dropped("link_emulator")

    bench.wait(settled, "the counts")
    assert bench.count("link_emulator", "frames_in") == 60
    assert bench.count("link_emulator", "dropped.link_queue") > 20
    stamps = [nanoseconds(message.header.stamp) for message in arrived]
    assert stamps == sorted(stamps)


def test_frames_go_as_packets_as_they_do_in_the_simulation(bench, tmp_path):
    """Of the second frame two packets fit into the queue beside the first, and no packet of the third."""
    profile = write_profile(tmp_path, "capacity: {steps: [{kbps: 0}]}\nqueue_bytes: 12000\n")
    bench.start("link_emulator", profile=profile)
    bench.collect(CompressedImage, "ground/image_lr/compressed")
    robot = bench.publisher(CompressedImage, "robot/image_lr/compressed")
    for size in (8000, 8000, 1400):
        robot.publish(CompressedImage(format="jpeg", data=array("B", bytes(size))))
        bench.spin(0.05)
    bench.wait(lambda: bench.count("link_emulator", "frames_in") == 3, "the frames")
    assert bench.count("link_emulator", "dropped.link_queue") == 2


def test_a_lossy_link_loses_by_seed(bench, picture, tmp_path):
    profile = write_profile(tmp_path, "capacity: {steps: [{seconds: 1, kbps: null}]}\nloss: 0.3\n")
    bench.start("link_emulator", profile=profile, seed=7, **patient(ROBOT))
    arrived = bench.collect(CompressedImage, "ground/image_lr/compressed")
    robot = bench.publisher(CompressedImage, "robot/image_lr/compressed")
    for stamp in range(100):
        robot.publish(compressed_message(picture[:8, :8], stamp, (8, 8)))
        bench.spin(0.01)
    bench.wait(lambda: len(arrived) + bench.count("link_emulator", "dropped.link_loss") == 100, "the counts")
    assert 15 <= bench.count("link_emulator", "dropped.link_loss") <= 45


def test_duplicates_are_counted_apart(bench, picture, tmp_path):
    profile = write_profile(tmp_path, "capacity: {steps: [{kbps: null}]}\nduplicate: 1\njitter_ms: 20\n")
    bench.start("link_emulator", profile=profile, **patient(ROBOT))
    arrived = bench.collect(CompressedImage, "ground/image_lr/compressed")
    robot = bench.publisher(CompressedImage, "robot/image_lr/compressed")
    for stamp in range(20):
        robot.publish(compressed_message(picture[:8, :8], stamp, (8, 8)))
        bench.spin(0.03)
    bench.wait(lambda: bench.count("link_emulator", "duplicates") == 20, "the duplicates")
    assert bench.count("link_emulator", "frames_out") == 20
    stamps = [nanoseconds(message.header.stamp) for message in arrived]
    assert sorted(stamps) == sorted([*range(20), *range(20)])


def test_reports_come_back(bench):
    bench.start("link_emulator", profile="unlimited")
    back = bench.collect(DiagnosticArray, "robot/link_report")
    ground = bench.publisher(DiagnosticArray, "ground/link_report")
    message = DiagnosticArray()
    message.header.stamp.sec = 5
    ground.publish(message)
    bench.wait(lambda: back, "the report")
    assert back[0] == message


def test_the_time_reference_travels_as_long_as_a_frame(bench, tmp_path):
    profile = write_profile(tmp_path, "capacity: {steps: [{kbps: null}]}\ndelay_ms: 400\n")
    bench.start("link_emulator", profile=profile)
    arrived = bench.collect(TimeReference, "ground/image_lr/time_reference")
    robot = bench.publisher(TimeReference, "robot/image_lr/time_reference")
    message = TimeReference(source="ros_time", time_ref=Time(sec=7))
    sent = time.monotonic()
    robot.publish(message)
    bench.wait(lambda: arrived, "the time reference")
    assert time.monotonic() - sent >= 0.4
    assert arrived[0] == message


@pytest.mark.parametrize(
    "losses",
    [
        "loss: 0.05",
        "loss: 0.2",
        "burst: {enter: 0.02, leave: 0.2, loss: 0.9}",
    ],
)
def test_every_frame_that_arrives_whole_is_shown_or_counted(bench, tmp_path, losses):
    profile = write_profile(
        tmp_path,
        "capacity: {steps: [{kbps: null}]}\nduplicate: 0.2\njitter_ms: 150\nreorder: true\n" + losses + "\n",
    )
    bench.processes.start("link_emulator", "/", {"profile": profile, **patient(ROBOT)})
    ground = {"model": "bicubic", "overlay": False}
    # What comes through the link is sent best effort.
    ground[f"qos_overrides.{GROUND}.subscription.depth"] = 200
    bench.processes.start("ground_station", "/ground", ground)
    shown = bench.collect(Image, "/ground/image_sr")
    bench.wait(lambda: bench.node.count_subscribers("/ground/image_lr/compressed"), "the ground station")
    robot = bench.publisher(CompressedImage, "/robot/image_lr/compressed")
    noise = np.random.default_rng(0).integers(0, 256, (24, 40, 3), np.uint8)  # a frame of 2 packets
    sources = {stamp: np.roll(noise, stamp, axis=1) for stamp in range(1, 121)}
    for stamp, source in sources.items():
        robot.publish(compressed_message(source, stamp, (40, 24)))
        bench.spin(0.0125)

    def add_up():
        link = {key: bench.count("link_emulator", key) for key in ("frames_in", "frames_out", "duplicates")}
        whole, again = link["frames_out"], link["duplicates"]
        ground_in = bench.count("ground_station", "frames_in")
        ground_out = bench.count("ground_station", "frames_out")
        drops = {
            reason: bench.count("ground_station", f"dropped.{reason}")
            for reason in ("duplicate", "out_of_order", "superseded")
        }
        return (
            link["frames_in"] == 120 == whole + bench.dropped("link_emulator")
            and ground_in == whole + again == ground_out + sum(drops.values())
            and drops["duplicate"] == again
            and ground_out == len(shown)
            and sum(drops.values()) == bench.dropped("ground_station")
        )

    bench.wait(add_up, f"counts that add up: {bench.diagnosed('ground_station')}")
    assert bench.dropped("link_emulator") > 0
    assert bench.count("link_emulator", "duplicates") > 0
    assert bench.count("ground_station", "dropped.out_of_order") > 0
    stamps = [nanoseconds(message.header.stamp) for message in shown]
    assert stamps == sorted(set(stamps))
    for stamp, message in zip(stamps, shown, strict=True):
        np.testing.assert_array_equal(image_to_array(message), sources[stamp])
