import numpy as np
import pytest

from edgesr_ros.codecs.h264 import REFRESH_FRAMES
from edgesr_ros.codecs.stills import encode
from edgesr_ros.codecs.streams import STREAM_CODECS
from edgesr_ros.errors import InputError
from edgesr_ros.ladder.measure import (
    Figures,
    PointMeter,
    Setting,
    first_frames,
    means,
    spread_frames,
    still_codec,
)
from edgesr_ros.sources.files import write_image
from edgesr_ros.sources.opening import open_source
from edgesr_ros.upscaling.bicubic import BicubicUpscaler

WEBP, PNG = still_codec("webp"), still_codec("png")


@pytest.fixture(scope="module")
def meter():
    return PointMeter({1: None, 2: BicubicUpscaler(2), 4: BicubicUpscaler(4)})


@pytest.fixture(scope="module")
def pan(photograph):
    """A camera that pans over the photograph, 97x131."""
    return [
        np.ascontiguousarray(photograph[number : number + 97, 2 * number : 2 * number + 131])
        for number in range(4 * REFRESH_FRAMES)
    ]


def test_each_setting_is_measured_on_each_frame(meter, photograph):
    frames = [photograph[:98, :130], photograph[200:301, 100:201, 0]]
    rows = list(meter.stills(WEBP, (20, 80), frames))
    assert [setting for setting, _ in rows[:6]] == [Setting(s, q) for s in (1, 2, 4) for q in (20, 80)]
    assert len(rows) == 12
    size = len(encode(frames[0], "webp", 20))
    assert rows[0][1].bytes == pytest.approx(size * 640 * 480 / (98 * 130))


def test_better_settings_take_more_bytes_and_look_better(meter, photograph):
    rows = dict(meter.stills(WEBP, (10, 90), [photograph[:160, :192]]))
    for scale in (1, 2, 4):
        low, high = rows[Setting(scale, 10)], rows[Setting(scale, 90)]
        assert low.bytes < high.bytes
        assert low.lpips > high.lpips
        assert low.psnr_db < high.psnr_db
    assert rows[Setting(4, 90)].bytes < rows[Setting(1, 90)].bytes / 4


@pytest.mark.parametrize("grey", [False, True])
def test_nothing_lost_is_a_perfect_figure(meter, photograph, grey):
    frame = photograph[:64, :64, 1] if grey else photograph[:64, :64]
    figures = dict(meter.stills(PNG, (1,), [frame]))[Setting(1, 1)]
    assert figures.lpips == pytest.approx(0, abs=1e-6)
    assert figures.psnr_db == 100


@pytest.mark.parametrize("name", ["h264", "av1"])
def test_a_stream_is_weighed_in_its_steady_state(meter, pan, name):
    codec = STREAM_CODECS[name]
    rows = means(meter.stream(codec, (20, 70), pan, 2))
    assert rows.keys() == {Setting(s, q) for s in (1, 2, 4) for q in (20, 70)}
    for scale in (1, 2, 4):
        assert rows[Setting(scale, 20)].bytes < rows[Setting(scale, 70)].bytes
        assert rows[Setting(scale, 20)].psnr_db < rows[Setting(scale, 70)].psnr_db
    still = [pan[0]] * len(pan)
    standing = means(meter.stream(codec, (70,), still, 1))[Setting(1, 70)]
    # A scene that stands still costs little but its refresh, and its first frame is not counted.
    assert standing.bytes < 0.8 * rows[Setting(1, 70)].bytes


def test_a_clip_too_short_for_a_stream_is_refused(meter, pan):
    with pytest.raises(InputError, match=r"clip of 59 frames, expected at least 60 for a stream"):
        next(meter.stream(STREAM_CODECS["h264"], (50,), pan[:59], 1))


def test_means_are_taken_for_each_setting():
    a, b = Setting(1, 50), Setting(2, 50)
    rows = [(a, Figures(100, 0.25, 30)), (b, Figures(10, 0.5, 20)), (a, Figures(300, 0.75, 40))]
    assert means(rows) == {a: Figures(200, 0.5, 35), b: Figures(10, 0.5, 20)}


@pytest.mark.parametrize(("count", "expected"), [(1, [0]), (3, [0, 4, 9]), (20, range(10))])
def test_frames_are_spread_over_a_source(tmp_path, count, expected):
    for number in range(10):
        write_image(tmp_path / f"{number}.png", np.full((48, 64, 3), number, np.uint8))
    found = spread_frames(open_source(str(tmp_path)), count)
    assert [int(frame[0, 0, 0]) for frame in found] == list(expected)


def test_wide_frames_are_reduced_to_the_usual_width(tmp_path):
    for number in range(3):
        write_image(tmp_path / f"{number}.png", np.full((540, 960, 3), number, np.uint8))
    assert [frame.shape for frame in spread_frames(open_source(str(tmp_path)), 2)] == [(360, 640, 3)] * 2
    assert [int(frame[0, 0, 0]) for frame in first_frames(open_source(str(tmp_path)))] == [0, 1, 2]
