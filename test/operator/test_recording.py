import numpy as np
import pytest
from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_typestore

from edgesr_ros.codecs.stills import encode
from edgesr_ros.errors import InputError
from edgesr_ros.operator.recording import Recording
from edgesr_ros.sources.opening import open_source

STORE = get_typestore(Stores.ROS2_JAZZY)
KINDS = {"sensor_msgs/msg/CompressedImage", "std_msgs/msg/Bool"}
SECOND = 1_000_000_000


def compressed(picture, stamp_s):
    types = STORE.types
    stamp = types["builtin_interfaces/msg/Time"](sec=stamp_s, nanosec=0)
    header = types["std_msgs/msg/Header"](stamp=stamp, frame_id="optical")
    data = np.frombuffer(encode(picture, "jpeg", 95), np.uint8)
    kind = "sensor_msgs/msg/CompressedImage"
    message = types[kind](header=header, format="rgb8; jpeg compressed bgr8", data=data)
    return kind, bytes(STORE.serialize_cdr(message, kind))


def test_a_recording_plays_here_and_with_rosbags(tmp_path, picture):
    recording = Recording(tmp_path / "recordings")
    for number in range(5):
        kind, data = compressed(np.roll(picture, number, axis=1), 10 + number)
        recording.put("/ground/image_sr/compressed", kind, (100 + number) * SECOND, data)
    kind = "std_msgs/msg/Bool"
    message = STORE.types[kind](data=True)
    recording.put("/ground/stale", kind, 105 * SECOND, bytes(STORE.serialize_cdr(message, kind)))
    recording.close()
    state = recording.state()
    assert (state.pictures, state.dropped, state.problem) == (5, 0, "")
    source = open_source(state.path)
    frames = list(source)
    source.close()
    assert [frame.stamp_ns for frame in frames] == [(10 + number) * SECOND for number in range(5)]
    for number, frame in enumerate(frames):
        error = np.abs(frame.array.astype(int) - np.roll(picture, number, axis=1))
        assert error.mean() < 8  # JPEG halves the chroma
    with AnyReader([recording.path]) as bag:
        assert {(one.topic, one.msgtype, one.msgcount) for one in bag.connections} == {
            ("/ground/image_sr/compressed", "sensor_msgs/msg/CompressedImage", 5),
            ("/ground/stale", "std_msgs/msg/Bool", 1),
        }


def test_two_of_one_second_do_not_overwrite_each_other(tmp_path):
    recordings = [Recording(tmp_path) for _ in range(3)]
    for recording in recordings:
        recording.close()
    assert len({recording.path for recording in recordings}) == 3


def test_a_folder_that_cannot_be_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        Recording(tmp_path / "file" / "recordings")


def test_a_disk_that_fails_is_told_and_the_rest_is_dropped(tmp_path, monkeypatch, picture):
    recording = Recording(tmp_path)

    def full(*_):
        raise OSError(28, "No space left")

    monkeypatch.setattr(recording._bag, "write", full)
    kind, data = compressed(picture, 1)
    for _ in range(3):
        recording.put("/x", kind, SECOND, data)
    recording.close()
    assert "No space left" in recording.state().problem
    assert recording.state().pictures == 0
