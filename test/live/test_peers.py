"""What peers of ours share, without browsers and links; with them: test/ros/test_experiment_live.py."""

import shutil
from itertools import islice

import cv2
import numpy as np
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.experiment.footage import Footage
from edgesr_ros.experiment.plan import Camera, Experiment, Ours, Srt, WebRtc
from edgesr_ros.frames.colour import planar_420
from edgesr_ros.live import browser
from edgesr_ros.live.peers.bar_code import mark, marked, number_in
from edgesr_ros.live.peers.record import Recorder, read_peer
from edgesr_ros.live.peers.start import check_peers
from edgesr_ros.live.peers.y4m import read_y4m, write_y4m
from edgesr_ros.live.record import Window
from edgesr_ros.live.screens import Looks

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
FRAME = SECOND // 20


def experiment(*contenders, **changes):
    return Experiment(description="x", contenders=contenders, links=("demo",), time="real", **changes)


@pytest.fixture
def picture():
    return np.random.default_rng(2).integers(0, 256, (240, 320, 3), np.uint8)


@pytest.mark.parametrize("number", [0, 1, 2, 1023, 1024, 2222, 4095])
def test_a_coarse_codec_leaves_the_number_legible(picture, number):
    _, data = cv2.imencode(".jpg", mark(picture, number), [cv2.IMWRITE_JPEG_QUALITY, 5])
    assert number_in(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)) == number


def test_only_the_bar_code_is_changed(picture):
    footage = marked(Footage("x", [picture, cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)]))
    assert (footage.frame(0)[:-16] == picture[:-16]).all()
    assert footage.frame(1).ndim == 2
    assert [number_in(planar_420(footage.frame(n), 320, 240)[:240]) for n in (0, 1, 2)] == [0, 1, 0]


def test_a_recording_longer_than_the_bar_code_is_refused(picture):
    with pytest.raises(InputError, match="long: expected at most 4096 frames, got 4097"):
        marked(Footage("long", [picture] * 4097))


def test_a_file_for_the_camera_goes_forwards_and_back_for_ever(tmp_path, picture):
    footage = marked(Footage("x", [picture] * 3))
    write_y4m(tmp_path / "x.y4m", footage, 29.97)
    assert (tmp_path / "x.y4m").read_bytes().startswith(b"YUV4MPEG2 W320 H240 F2997:100 ")
    frames = list(islice(read_y4m(tmp_path / "x.y4m", 320, 240), 6))
    assert [number_in(frame[:240]) for frame in frames] == [0, 1, 2, 1, 0, 1]
    rgb = cv2.cvtColor(frames[0], cv2.COLOR_YUV2RGB_I420)
    assert np.abs(rgb[-12:-4, 4:12].mean((0, 1)) - 40).max() < 3  # of the bar code, which has no colour


def test_the_screen_is_looked_at_once_in_each_period_but_not_regularly():
    now = [0.0]
    looks = Looks(2, lambda: now[0])
    seen = []
    while now[0] < 50:
        if looks.due():
            seen.append(now[0])
        now[0] += 0.001
    waits = np.diff(seen)
    assert len(seen) == pytest.approx(100, abs=10)
    assert waits.min() > 0.24 and waits.max() < 0.76
    assert waits.std() > 0.1


@pytest.fixture
def record(tmp_path):
    """Ten frames forwards and back at 20 Hz, each shown 120 ms later, but for three where it turns."""
    positions = [*range(10), *range(8, -1, -1)]
    with Recorder(tmp_path) as recorder:
        for number, position in enumerate(positions):
            recorder.camera(START + number * FRAME, position)
            recorder.sent(START + number * FRAME + SECOND // 100, 500)
            if not 7 <= number <= 9:
                recorder.arrived(START + number * FRAME + SECOND // 10)
                recorder.shown(START + number * FRAME + 12 * SECOND // 100, position)
        recorder.shown(START + len(positions) * FRAME, 99)  # a bar code that was damaged
        pictures = [(2, np.full((4, 4, 3), 2, np.uint8)), (3, np.full((4, 4, 3), 3, np.uint8))]
        recorder.screen(START + 6 * FRAME + SECOND // 100, pictures)
        recorder.screen(START + 60 * SECOND, pictures)
    return tmp_path


def test_the_age_of_a_picture_is_since_its_frame_was_taken_also_where_the_recording_turns(record):
    run, _ = read_peer(record, Window(START, 2.0, 777))
    assert len(run.shown) == 16
    assert [round(shown.age, 3) for shown in run.shown] == [0.12] * 16
    assert (len(run.sent), run.lost, run.used_bytes) == (19, {"queue": 3}, 777)
    assert run.sent[0] == (pytest.approx(0.01), 500)


def test_a_peers_screen_is_judged_against_what_its_camera_sees_then(record):
    _, glances = read_peer(record, Window(START, 2.0, 0))
    (glance,) = glances
    assert (glance.number, glance.picture.number, glance.before.number) == (6, 3, 2)
    assert (glance.picture.received == 3).all()


def test_a_window_holds_only_what_is_in_it(record):
    run, glances = read_peer(record, Window(START + SECOND // 2, 0.2, 0))
    assert len(run.sent) == 4
    assert glances == []


@pytest.mark.parametrize(
    ("contender", "missing", "message"),
    [
        (WebRtc(name="x", codec="VP8"), "chromium", r"expected `chromium` \(Debian's package chromium\)"),
        (WebRtc(name="x", codec="VP8"), "selenium", r"pip install -r requirements/peers\.txt"),
        (Srt(name="x", kbps=1), "srt-live-transmit", r"\(Debian's package srt-tools\)"),
    ],
)
def test_what_is_not_installed_is_one_line_that_names_the_package(monkeypatch, contender, missing, message):
    found = {"chromium", "chromedriver", "srt-live-transmit"} - {missing}
    monkeypatch.setattr(shutil, "which", lambda tool: tool if tool in found else None)
    monkeypatch.setattr(browser, "LIBRARY", "no_such_package" if missing == "selenium" else "numpy")
    with pytest.raises(InputError, match=message):
        check_peers(experiment(contender))


@pytest.mark.parametrize("size", [(160, 120), (321, 240)])
def test_a_camera_without_room_for_the_bar_code_is_refused(size):
    camera = Camera(width=size[0], height=size[1])
    with pytest.raises(InputError, match="camera: expected even sides of 192x32 at least"):
        check_peers(experiment(Srt(name="x", kbps=1), camera=camera))


def test_without_peers_nothing_has_to_be_installed(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert not check_peers(experiment(Ours(name="ours")))
