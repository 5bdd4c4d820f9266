import itertools

import cv2
import numpy as np
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.sources.video import CameraSource, VideoSource


@pytest.fixture
def video(tmp_path):
    """Eight frames at 10 Hz, frame i a uniform red of 30 * i."""
    path = tmp_path / "reds.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10.0, (64, 48))
    for number in range(8):
        writer.write(np.full((48, 64, 3), (0, 0, 30 * number), np.uint8))
    writer.release()
    return path


def test_frames_are_rgb_in_order_with_the_times_of_the_container(video):
    source = VideoSource(video)
    assert source.rate_hz == pytest.approx(10.0)
    assert source.description == "video reds.avi: 64x48, 10 Hz"
    for _ in range(2):  # iterating again starts over
        frames = list(source)
        assert [frame.stamp_ns for frame in frames] == [number * 100_000_000 for number in range(8)]
        for number, frame in enumerate(frames):
            assert (frame.array.shape, frame.encoding) == ((48, 64, 3), "rgb8")
            red, green, blue = frame.array.reshape(-1, 3).mean(axis=0)
            assert red == pytest.approx(30 * number, abs=6)
            assert max(green, blue) < 12


def test_two_iterations_do_not_disturb_each_other(video):
    source = VideoSource(video)
    pairs = zip(source, itertools.islice(source, 1, None), strict=False)
    assert [(b.stamp_ns - a.stamp_ns) for a, b in pairs] == [100_000_000] * 7


def test_a_video_cut_short_gives_the_frames_it_has(video, tmp_path, capfd):
    data = video.read_bytes()
    cut = tmp_path / "cut.avi"
    pictures = data.index(b"movi")
    cut.write_bytes(data[: (pictures + len(data)) // 2])
    assert 0 < len(list(VideoSource(cut))) < 8
    cut.write_bytes(data[: pictures + 4])  # a header and no picture
    with pytest.raises(InputError, match=r"cut\.avi: (no picture|not a video)"):
        VideoSource(cut)
    assert capfd.readouterr().err == ""


def test_a_recording_of_a_car_is_read_frame_by_frame(shared):
    source = VideoSource(shared / "data" / "recordings" / "solidWhiteRight.mp4")
    frames = itertools.islice(source, 50)
    stamps = [frame.stamp_ns for frame in frames]
    assert stamps == [number * 40_000_000 for number in range(50)]


def test_a_camera_that_is_not_there(capfd):
    with pytest.raises(InputError, match=r"^camera:97: no such camera"):
        CameraSource(97)
    assert capfd.readouterr().err == ""
