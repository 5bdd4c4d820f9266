from itertools import pairwise

import av
import numpy as np
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.sources.video import VideoSource
from edgesr_ros.sources.video_writer import VideoWriter


def picture(index, height=48, width=64):
    """Bright bar on a coloured ground, further right in each picture."""
    rgb = np.full((height, width, 3), (40, 90, 160), np.uint8)
    rgb[:, 4 * index : 4 * index + 8] = (220, 200, 30)
    return rgb


def write(path, stamps_ns, rate_hz=None, **size):
    with VideoWriter(path, size.get("width", 64), size.get("height", 48), rate_hz) as video:
        for index, stamp_ns in enumerate(stamps_ns):
            video.write(picture(index, **size), stamp_ns)


def test_pictures_and_stamps_come_back(tmp_path):
    stamps = [0, 40_000_000, 90_000_000, 120_000_000, 300_000_000]  # not evenly spaced
    write(tmp_path / "video.mp4", stamps)
    frames = list(VideoSource(tmp_path / "video.mp4"))
    assert [frame.stamp_ns for frame in frames] == pytest.approx(stamps, abs=20_000)  # 90 kHz ticks
    for index, frame in enumerate(frames):
        # Not at the bar's edges, where colour has half the resolution.
        assert np.abs(frame.array.astype(int) - picture(index)).mean() < 8
        assert np.abs(frame.array[:, -8:].astype(int) - picture(index)[:, -8:]).max() <= 4


def test_rate_and_length_are_the_originals(tmp_path):
    path = tmp_path / "video.mp4"
    write(path, [round(index * 1e9 / 12.5) for index in range(10)], rate_hz=12.5)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, float(stream.average_rate)) == ("h264", 12.5)
        assert container.duration / av.time_base == pytest.approx(0.8, abs=1e-3)


def test_odd_sides_are_made_even(tmp_path):
    write(tmp_path / "odd.mkv", [0, 40_000_000], height=31, width=45)
    assert next(iter(VideoSource(tmp_path / "odd.mkv"))).array.shape == (32, 46, 3)


def test_an_exception_leaves_a_whole_file(tmp_path):
    path = tmp_path / "video.mp4"
    with pytest.raises(RuntimeError, match="stopped"), VideoWriter(path, 64, 48) as video:
        for index in range(3):
            video.write(picture(index), index * 40_000_000)
        raise RuntimeError("stopped")
    stamps = [frame.stamp_ns for frame in VideoSource(path)]
    assert len(stamps) == 3
    assert all(b > a for a, b in pairwise(stamps))


@pytest.mark.parametrize("name", ["video.xyz", "video", "video.webm", "video.png", "file.txt/video.mp4"])
def test_what_cannot_be_written_is_one_line(tmp_path, name):
    (tmp_path / "file.txt").touch()
    with pytest.raises(InputError, match="cannot be written as an H") as error:
        VideoWriter(tmp_path / name, 64, 48)
    assert "\n" not in str(error.value)
