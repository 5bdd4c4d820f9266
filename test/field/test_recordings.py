"""Recordings as they are found on robots: files that were cut, damaged, or hold what was not expected."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_typestore

from edgesr_ros.errors import InputError
from edgesr_ros.sources.opening import open_source

RECORDINGS = Path(__file__).with_name("recordings")
START = 1_700_000_000_000_000_000
PERIOD = 40_000_000
STAMPS = [START + number * PERIOD for number in range(10)]


def stamps(source):
    return [frame.stamp_ns for frame in source]


def stored(name, topic):
    """The data of each message, read by the library alone."""
    store = get_typestore(Stores.ROS2_JAZZY)
    with AnyReader([RECORDINGS / name], default_typestore=store) as reader:
        connections = [c for c in reader.connections if c.topic == topic]
        return [reader.deserialize(raw, c.msgtype).data for c, _, raw in reader.messages(connections)]


def decoded(data):
    return cv2.cvtColor(cv2.imdecode(np.asarray(data), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def test_a_cut_jpeg_is_skipped():
    source = open_source(str(RECORDINGS / "jpeg_one_cut.mcap"))
    frames = list(source)
    topic = "/cam/image_raw/compressed"
    assert [frame.stamp_ns for frame in frames] == STAMPS[:4] + STAMPS[5:]
    whole = [data for number, data in enumerate(stored("jpeg_one_cut.mcap", topic)) if number != 4]
    for frame, data in zip(frames, whole, strict=True):
        np.testing.assert_array_equal(frame.array, decoded(data))
    reason = "compressed image: cut short after 600 bytes"
    assert source.notes() == [f"{topic}: 1 of 10 messages skipped: message 5 ({reason})"]


def test_an_empty_image_is_skipped():
    source = open_source(str(RECORDINGS / "raw_one_empty.mcap"))
    frames = list(source)
    assert [frame.stamp_ns for frame in frames] == STAMPS[:4] + STAMPS[5:]
    whole = [data for data in stored("raw_one_empty.mcap", "/camera/image_raw") if len(data)]
    for frame, data in zip(frames, whole, strict=True):
        np.testing.assert_array_equal(frame.array, data.reshape(60, 80, 3))
    (note,) = source.notes()
    assert note.startswith("/camera/image_raw: 1 of 10 messages skipped: message 5 (image: ")


def test_a_recording_cut_by_power_loss_plays_to_there():
    source = open_source(str(RECORDINGS / "power_lost.mcap"))
    for _ in range(2):
        frames = list(source)
        assert [frame.stamp_ns for frame in frames] == STAMPS[:5]
        for frame, data in zip(
            frames, stored("jpeg_one_cut.mcap", "/cam/image_raw/compressed"), strict=False
        ):
            if len(data) > 600:  # the same camera
                np.testing.assert_array_equal(frame.array, decoded(data))
    (note,) = source.notes()
    assert "power_lost.mcap: breaks off after 5 messages" in note
    assert source.rate_hz == pytest.approx(25)


@pytest.mark.parametrize("share", [0.55, 0.75, 0.95])
def test_wherever_power_is_lost(tmp_path, share):
    data = (RECORDINGS / "raw_one_empty.mcap").read_bytes()
    path = tmp_path / "cut.mcap"
    path.write_bytes(data[: int(share * len(data))])
    source = open_source(str(path))
    frames = list(source)
    assert 2 < len(frames) <= 9
    expected = STAMPS[:4] + STAMPS[5:]
    assert [frame.stamp_ns for frame in frames] == expected[: len(frames)]
    assert any("breaks off" in note for note in source.notes())


def test_zeros_after_power_loss(tmp_path):
    path = tmp_path / "zeros.mcap"
    path.write_bytes((RECORDINGS / "power_lost.mcap").read_bytes() + bytes(4096))
    assert stamps(open_source(str(path))) == STAMPS[:5]


def test_a_folder_of_parts_without_metadata_plays_in_their_order(tmp_path):
    shutil.copy(RECORDINGS / "jpeg_one_cut.mcap", tmp_path / "bag_2.mcap")
    shutil.copy(RECORDINGS / "power_lost.mcap", tmp_path / "bag_10.mcap")
    (tmp_path / "bag_11.mcap").write_bytes(b"")  # where the disk was full
    source = open_source(str(tmp_path))
    assert stamps(source) == STAMPS[:4] + STAMPS[5:] + STAMPS[:5]
    notes = source.notes()
    assert "bag_11.mcap: cannot be read" in notes[0] and "bag_10.mcap: breaks off" in notes[1]
    assert "1 of 15 messages skipped" in notes[2] and len(notes) == 3


@pytest.mark.parametrize("metadata", ["", "{half a: file", "rosbag2_bagfile_information:\n  version: 5\n"])
def test_metadata_that_is_not_whole_is_no_obstacle(tmp_path, metadata):
    shutil.copy(RECORDINGS / "depth_before_colour.mcap", tmp_path / "bag_0.mcap")
    (tmp_path / "metadata.yaml").write_text(metadata)
    source = open_source(str(tmp_path))
    assert stamps(source) == STAMPS
    (note,) = source.notes()
    assert "cannot be read as a rosbag2" in note and "\n" not in note


def test_a_ros_1_bag_plays():
    source = open_source(str(RECORDINGS / "ros1.bag"))
    frames = list(source)
    topic = "/camera/image_raw/compressed"
    assert f"topic {topic}: 10 frames, 80x60 rgb8, 25 Hz" in source.description
    assert [frame.stamp_ns for frame in frames] == STAMPS
    for frame, data in zip(frames, stored("ros1.bag", topic), strict=True):
        np.testing.assert_array_equal(frame.array, decoded(data))
    assert source.notes() == []


def test_a_ros_1_bag_without_its_index_names_the_remedy(tmp_path):
    data = (RECORDINGS / "ros1.bag").read_bytes()
    (tmp_path / "cut.bag").write_bytes(data[: len(data) // 2])
    with pytest.raises(
        InputError, match=r"cut.bag: cannot be read as a ROS 1 bag .*'rosbag reindex' mends it"
    ):
        open_source(str(tmp_path / "cut.bag"))
    (tmp_path / "robot.bag.active").write_bytes(data)
    with pytest.raises(InputError, match="'rosbag reindex' mends it"):
        open_source(str(tmp_path / "robot.bag.active"))
    (tmp_path / "bag_0.mcap.zstd").write_bytes(data)
    with pytest.raises(InputError, match="'zstd -d' unpacks it"):
        open_source(str(tmp_path / "bag_0.mcap.zstd"))


def test_colour_is_played_though_depth_was_recorded_first():
    path = str(RECORDINGS / "depth_before_colour.mcap")
    colour, depth = "/camera/color/image_raw/compressed", "/camera/depth/image_raw/compressed"
    source = open_source(path)
    assert source.description.startswith(f"bag depth_before_colour.mcap, topic {colour}: 10 frames")
    assert source.description.endswith(f"; other images on {depth}")
    for frame, data in zip(source, stored("depth_before_colour.mcap", colour), strict=True):
        np.testing.assert_array_equal(frame.array, decoded(data))
    assert stamps(source) == STAMPS
    assert stamps(open_source(path, depth)) == STAMPS


def grey_of_depth(values):
    """The range of its percentiles 2 and 98, linearly."""
    low, high = np.percentile(values, (2, 98))
    return (1 + 254 * np.clip((values - low) / (high - low), 0, 1)).round()


def test_depth_is_visible():
    source = open_source(str(RECORDINGS / "compressed_depth.mcap"))
    frames = list(source)
    assert [frame.stamp_ns for frame in frames] == STAMPS
    for frame, data in zip(
        frames, stored("compressed_depth.mcap", "/depth/image_raw/compressedDepth"), strict=True
    ):
        values = cv2.imdecode(data[12:], cv2.IMREAD_UNCHANGED)
        assert frame.encoding == "mono8"
        assert np.abs(frame.array - grey_of_depth(values)).max() <= 1
    plain = next(
        iter(open_source(str(RECORDINGS / "depth_before_colour.mcap"), "/camera/depth/image_raw/compressed"))
    )
    assert plain.array.std() > 40


def test_a_mosaic_in_jpeg_is_coloured():
    pytest.importorskip("cv_bridge", reason="turns the mosaic into colours")
    source = open_source(str(RECORDINGS / "bayer_jpeg.mcap"))
    frames = list(source)
    assert [frame.stamp_ns for frame in frames] == STAMPS
    for frame, data in zip(frames, stored("bayer_jpeg.mcap", "/cam/image_raw/compressed"), strict=True):
        mosaic = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        # Where the mosaic has a red, green or blue sample, the picture has the same.
        inner = np.s_[2:-2:2], np.s_[2:-2:2]
        np.testing.assert_array_equal(frame.array[..., 0][inner], mosaic[inner])
        np.testing.assert_array_equal(frame.array[..., 2][3:-1:2, 3:-1:2], mosaic[3:-1:2, 3:-1:2])


def test_pictures_beside_some_yaml_are_pictures(tmp_path):
    for number in (1, 2, 10):
        picture = np.full((8, 8, 3), number, np.uint8)
        cv2.imwrite(str(tmp_path / f"frame{number}.png"), picture)
    (tmp_path / "metadata.yaml").write_text("camera: left\n")
    assert [int(frame.array[0, 0, 0]) for frame in open_source(str(tmp_path))] == [1, 2, 10]
    (tmp_path / "metadata.yaml").write_text("")
    assert len(list(open_source(str(tmp_path)))) == 3
