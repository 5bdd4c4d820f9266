"""The frame player over real DDS: every picture of the recording, in order, with the right stamp."""

import time
from pathlib import Path

import numpy as np
import pytest
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image

from edgesr_ros.frames.message import image_to_array
from edgesr_ros.nodes.messages import nanoseconds
from edgesr_ros.sources.files import write_image


@pytest.fixture
def folder(tmp_path, picture):
    """Five pictures that tell their number by their first pixel."""
    for number in range(5):
        numbered = picture.copy()
        numbered[0, 0] = number
        write_image(tmp_path / "frames" / f"{number}.png", numbered)
    return tmp_path / "frames"


def numbers(messages):
    return [int(image_to_array(message)[0, 0, 0]) for message in messages]


def test_plays_a_folder_once_and_ends(bench, picture, folder):
    bench.start("frame_player", source=folder, rate=20.0, frame_id="front")
    played = bench.collect(Image, "image_raw")
    infos = bench.collect(CameraInfo, "camera_info")
    bench.wait(lambda: bench.processes.ended("frame_player"), "the end")
    bench.spin(0.2)
    assert numbers(played) == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(image_to_array(played[4])[1:], picture[1:])
    assert {message.header.frame_id for message in played} == {"front"}
    assert abs(nanoseconds(played[-1].header.stamp) - time.time_ns()) < 60e9
    assert (infos[0].width, infos[0].height) == (64, 48)
    assert bench.processes.status("frame_player") == 0


def test_loops(bench, folder):
    bench.start("frame_player", source=folder, rate=50.0, loop=True)
    played = bench.collect(Image, "image_raw")
    bench.wait(lambda: len(played) >= 12, "more pictures than there are")
    assert numbers(played)[:12] == [0, 1, 2, 3, 4] * 2 + [0, 1]


def test_keeps_the_stamps_of_a_bag_and_ticks_its_clock(bench, shared):
    bag = shared / "data" / "recordings" / "euroc_micro_cam0"
    bench.start("frame_player", source=bag, stamps="recording", publish_clock=True, rate=100.0)
    clock = bench.collect(Clock, "/clock")
    played = bench.collect(Image, "image_raw")
    bench.wait(lambda: bench.processes.ended("frame_player"), "the end")
    bench.spin(0.2)
    stamps = [nanoseconds(message.header.stamp) for message in played]
    assert len(played) == 95
    assert stamps == sorted(stamps)
    assert 1.3e18 < stamps[0] < 1.5e18  # the flight was in 2014
    assert {message.encoding for message in played} == {"mono8"}
    ticks = [nanoseconds(message.clock) for message in clock]
    assert ticks == sorted(ticks)
    assert ticks[-1] == stamps[-1]


RECORDINGS = Path(__file__).parents[1] / "field" / "recordings"


def test_stamps_that_jump_by_years_do_not_stop_the_playing(bench):
    bench.start("frame_player", source=RECORDINGS / "stamps_jump_forward.mcap", stamps="recording")
    played = bench.collect(Image, "image_raw")
    bench.wait(lambda: bench.processes.ended("frame_player"), "the end")
    bench.spin(0.2)
    stamps = [nanoseconds(message.header.stamp) // 10**9 for message in played]
    assert stamps == [3600] * 5 + [1_700_000_000] * 5
    (warning,) = bench.processes.warnings("frame_player")
    assert "the times of recording are followed" in warning


def test_a_bad_message_is_skipped_and_named_once(bench):
    bag = RECORDINGS / "jpeg_one_cut.mcap"
    bench.start("frame_player", source=bag, topic="/cam/image_raw/compressed", loop=True, rate=100.0)
    played = bench.collect(Image, "image_raw")
    bench.wait(lambda: len(played) >= 25, "more than two passes")
    bench.processes.stop("frame_player")
    assert bench.processes.status("frame_player") == 0
    (warning,) = bench.processes.warnings("frame_player")
    assert "1 of 10 messages skipped: message 5 (compressed image: cut short" in warning


def test_what_was_skipped_is_told_of_a_pass_that_is_interrupted(bench):
    bench.start("frame_player", source=RECORDINGS / "jpeg_one_cut.mcap", loop=True, rate=2.0)
    played = bench.collect(Image, "image_raw")
    bench.wait(lambda: len(played) >= 5, "the picture after the bad one")
    bench.processes.stop("frame_player")
    (warning,) = bench.processes.warnings("frame_player")
    assert "messages skipped: message 5 (compressed image: cut short" in warning
