"""Whole sessions with the real measures, on small pictures; `finish` waits until all is measured."""

import json

import numpy as np
import pytest

from edgesr_ros.codecs.format import FrameFormat
from edgesr_ros.codecs.h264 import H264Encoder
from edgesr_ros.codecs.stills import encode
from edgesr_ros.errors import InputError
from edgesr_ros.frames.reduce import crop_to, reduce_frame
from edgesr_ros.frames.resize import resize_bicubic
from edgesr_ros.quality.measure import Measurer
from edgesr_ros.quality.record import FRAMES, REPORT, STRIP, SUMMARY, read_rows
from edgesr_ros.quality.session import Session
from edgesr_ros.quality.summary import read_summary
from edgesr_ros.sources.files import read_image

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
PATIENCE = 60.0  # seconds
SCALE = 4


@pytest.fixture
def original(photograph) -> np.ndarray:
    """(45, 70, 3): a size that the scale does not divide."""
    return np.ascontiguousarray(photograph[:45, :70])


@pytest.fixture
def session(tmp_path) -> Session:
    return Session(tmp_path, sample_rate=1000.0, source="clip.mp4", link="lte")


FACTS = {"method": "sr", "age_ms": "50.0", "model": "tiny", "backend": "onnxruntime"}


def received_of(original):
    return reduce_frame(original, SCALE)


def shown_of(original):
    """As the ground station would show it, a little brighter than bicubic."""
    small = received_of(original)
    large = resize_bicubic(small, small.shape[0] * SCALE, small.shape[1] * SCALE)
    return crop_to(
        np.clip(large.astype(int) + 3, 0, 255).astype(np.uint8), original.shape[1], original.shape[0]
    )


def feed(session, stamp_ns, original, shown_s=None, leave_out=(), order="original received facts picture"):
    """One frame on all topics, in that order."""
    shown_s = stamp_ns * 1e-9 + 0.05 if shown_s is None else shown_s
    data = encode(received_of(original), "png", 100)
    come = {
        "original": lambda: session.original(stamp_ns, original),
        "received": lambda: session.received(stamp_ns, data, "png"),
        "facts": lambda: session.facts(stamp_ns, FACTS | {"bytes": str(len(data))}),
        "picture": lambda: session.picture(stamp_ns, shown_s, shown_of(original)),
    }
    for topic in order.split():
        if topic not in leave_out:
            come[topic]()
    return data


def test_a_picture_is_measured_against_its_own_original(session, tmp_path, original):
    others = [np.ascontiguousarray(np.roll(original, 9 * i, axis=1)) for i in range(3)]
    for index, picture in enumerate(others):
        session.original(START + index * SECOND, picture)
    for index in (2, 0):  # the frame between them is lost, and these two change places
        feed(session, START + index * SECOND, others[index], leave_out=["original"])
    session.finish(PATIENCE)
    rows = read_rows(tmp_path / FRAMES)
    assert [row.stamp_s - START / SECOND for row in rows] == [2, 0]
    for row, picture in zip(rows, (others[2], others[0]), strict=True):
        sr, bicubic, consistency = Measurer().measure(picture, received_of(picture), shown_of(picture), SCALE)
        assert row.sr.psnr_db == pytest.approx(sr.psnr_db, abs=1e-4)
        assert row.sr.lpips == pytest.approx(sr.lpips, abs=1e-4)
        assert row.bicubic.ssim == pytest.approx(bicubic.ssim, abs=1e-4)
        assert row.consistency_db == pytest.approx(consistency, abs=1e-4)
    assert read_summary(tmp_path / SUMMARY).out_of_order == 1


def test_frames_of_a_stream_are_measured_like_those_that_stand_alone(session, tmp_path, original):
    small = received_of(original)
    encoder = H264Encoder(small.shape[1], small.shape[0], 10)
    form = FrameFormat(encoding="rgb8", codec="h264", full_width=70, full_height=45).text()
    for index in range(3):
        packet, stamp = encoder.encode(small), START + index * SECOND
        if index != 1:  # lost: the picture after it cannot be decoded
            session.received(stamp, packet, form)
        feed(session, stamp, original, leave_out=["received"])
    session.finish(PATIENCE)
    first, _, third = read_rows(tmp_path / FRAMES)
    assert first.bicubic.psnr_db > 15
    assert (third.bicubic, third.consistency_db) == (None, None)
    assert third.sr == first.sr  # what is shown can be measured all the same
    assert read_summary(tmp_path / SUMMARY).frames_shown == 3


@pytest.mark.parametrize(
    ("order", "measured", "compared"),
    [
        ("original received picture facts", True, True),
        ("received picture original facts", True, True),
        ("facts received original picture", True, True),
        ("original facts picture received", True, False),  # too late: the picture and its facts have met
        ("received picture facts original", False, False),
    ],
)
def test_topics_may_overtake_each_other(session, tmp_path, original, order, measured, compared):
    data = feed(session, START, original, order=order)
    session.finish(PATIENCE)
    (row,) = read_rows(tmp_path / FRAMES)
    assert (row.method, row.bytes) == ("sr", len(data))
    assert row.age_ms == pytest.approx(50, abs=1e-3)
    assert (row.sr is not None, row.bicubic is not None) == (measured, compared)


def test_pictures_whose_facts_are_lost_are_recorded_without_them_and_in_order(session, tmp_path, original):
    for index in range(4):
        feed(session, START + index * SECOND, original, leave_out=["facts"])
    assert session.shown == 1  # three may still be explained
    feed(session, START + 4 * SECOND, original)
    session.facts(START + 3 * SECOND, {"method": "bicubic", "bytes": "1"})
    session.finish(PATIENCE)
    rows = read_rows(tmp_path / FRAMES)
    assert [row.stamp_s - START / SECOND for row in rows] == [0, 1, 2, 3, 4]
    assert [row.method for row in rows] == [None, None, None, "bicubic", "sr"]
    assert all(row.sr is not None for row in rows)


def test_an_age_comes_from_the_ground_station_and_not_from_two_machines_clocks(session, tmp_path, original):
    """The recorder's clock is an hour ahead of the robot's; the ground station learns of that."""
    hour = 3600.0
    for index, age in enumerate(["unknown", "61.5"]):
        stamp_ns = START + index * SECOND
        session.facts(stamp_ns, FACTS | {"age_ms": age})
        session.picture(stamp_ns, stamp_ns * 1e-9 + hour, shown_of(original))
    session.finish(PATIENCE)
    assert [row.age_ms for row in read_rows(tmp_path / FRAMES)] == [None, 61.5]
    ages = read_summary(tmp_path / SUMMARY).age_ms
    assert (ages.p50, ages.max) == (61.5, 61.5)


def test_a_picture_shown_again_counts_once(session, tmp_path, original):
    for _ in range(3):
        feed(session, START, original)
    session.finish(PATIENCE)
    assert len(read_rows(tmp_path / FRAMES)) == 1


def test_no_more_pictures_are_measured_than_the_rate_says(tmp_path, original):
    session = Session(tmp_path, sample_rate=2.0, source="", link="")
    for index in range(13):
        feed(session, START + index * SECOND // 8, original, shown_s=1000 + index / 8)
    session.finish(PATIENCE)
    measured = [row.shown_s - 1000 for row in read_rows(tmp_path / FRAMES) if row.sr]
    assert measured == [0, 0.5, 1, 1.5]


def test_a_clock_that_is_set_back_does_not_end_the_measuring(tmp_path, original):
    session = Session(tmp_path, sample_rate=2.0, source="", link="")
    for index, shown_s in enumerate([1000.0, 900.0, 900.125, 900.5]):
        feed(session, START + index * SECOND, original, shown_s=shown_s)
    session.finish(PATIENCE)
    assert [row.sr is not None for row in read_rows(tmp_path / FRAMES)] == [True, True, False, True]


def test_originals_that_wait_too_long_make_room(session, tmp_path, original):
    huge = np.broadcast_to(np.uint8(0), (8000, 8000, 3))  # 192 MB of 200, by what it says of itself
    arrivals = [original, huge, original, huge, huge, original]
    for index, array in enumerate(arrivals[:2]):
        session.original(START + index * SECOND, array)
    feed(session, START, original, leave_out=["original"])
    for index, array in enumerate(arrivals[2:], start=2):
        session.original(START + index * SECOND, array)
    for index in (2, 5):
        feed(session, START + index * SECOND, original, leave_out=["original"])
    session.finish(PATIENCE)
    assert [row.sr is not None for row in read_rows(tmp_path / FRAMES)] == [True, False, True]


def test_without_the_original_a_picture_is_counted_but_not_measured(session, tmp_path, original):
    feed(session, START, original, leave_out=["original"])
    feed(session, START + SECOND, original)
    session.finish(PATIENCE)
    assert [row.sr is not None for row in read_rows(tmp_path / FRAMES)] == [False, True]


@pytest.mark.parametrize(("method", "compared"), [("sr", False), ("none", True)])
def test_who_cannot_decode_a_stream_that_runs_measures_what_is_shown(
    session, tmp_path, original, method, compared
):
    session.original(START, original)
    session.facts(START, FACTS | {"method": method})
    session.picture(START, START / SECOND, original)
    session.finish(PATIENCE)
    (row,) = read_rows(tmp_path / FRAMES)
    assert row.sr.psnr_db == 100
    assert (row.bicubic is not None) == compared
    assert (tmp_path / STRIP).exists() == compared
    assert "Means of the pictures measured" in (tmp_path / REPORT).read_text()


def test_what_cannot_be_measured_stays_without_scores_and_stops_nothing(session, tmp_path, original):
    shown = shown_of(original)
    good = encode(received_of(original), "png", 100)
    faulty = [
        (original, b"no image", shown),
        (original, good, shown[:40]),
        (original, encode(original[:7, :9], "png", 100), shown),
        (original[:20], encode(received_of(original[:20]), "png", 100), shown[:20]),  # LPIPS needs 32
    ]
    for index, (whole, data, picture) in enumerate([*faulty, (original, good, shown)]):
        stamp_ns = START + index * SECOND
        session.original(stamp_ns, whole)
        session.received(stamp_ns, data, "png")
        session.facts(stamp_ns, {"method": "sr", "bytes": str(len(data))})
        session.picture(stamp_ns, stamp_ns * 1e-9, picture)
    session.finish(PATIENCE)
    assert [row.sr is not None for row in read_rows(tmp_path / FRAMES)] == [False] * 4 + [True]


def test_grey_pictures_are_measured_too(session, tmp_path, original):
    grey = np.ascontiguousarray(original[:, :, 1])
    session.original(START, grey)
    session.received(START, encode(reduce_frame(grey, SCALE), "png", 100), "png")
    session.facts(START, {"method": "sr", "bytes": "100"})
    session.picture(START, START * 1e-9, grey)
    session.finish(PATIENCE)
    (row,) = read_rows(tmp_path / FRAMES)
    assert (row.sr.psnr_db, row.sr.ssim) == (100, 1)
    assert row.bicubic.psnr_db < 40


def test_the_summary_adds_up(session, tmp_path, original):
    sizes = [len(feed(session, START + index * SECOND, original)) for index in range(5)]
    session.received(START + 9 * SECOND, b"superseded", "png")
    session.diagnostics("onboard", 1.0, {"frames_out": "3", "dropped.paced": "1"})
    session.diagnostics("onboard", 2.0, {"frames_out": "8", "dropped.paced": "4", "encode_ms.mean": "1.5"})
    session.diagnostics("link_emulator", 2.0, {"dropped.link_loss": "2", "capacity_kbps": "250"})
    session.diagnostics("link_emulator", 3.0, {"dropped.link_loss": "2", "capacity_kbps": "unlimited"})
    session.diagnostics(
        "ground_station", 3.0, {"model": "first", "backend": "litert", "dropped.malformed": "1"}
    )
    session.diagnostics("other", 3.0, {"dropped.malformed": "2"})
    session.finish(PATIENCE)
    summary = read_summary(tmp_path / SUMMARY)
    assert (summary.frames_sent, summary.frames_shown) == (8, 5)
    assert summary.dropped == {"paced": 4, "link_loss": 2, "malformed": 3}
    assert summary.methods == {"sr": 5}
    assert summary.quality.measured_frames == 5
    assert summary.bytes_per_frame == round(sum(sizes) / 5, 1)
    received = (sum(sizes) + len(b"superseded")) * 8e-3
    assert summary.link_kbps / summary.fps_shown == pytest.approx(received / 5, rel=1e-3)
    assert (summary.model, summary.backend) == ("tiny", "onnxruntime")
    assert (summary.source, summary.link, summary.size) == ("clip.mp4", "lte", "70x45")


def test_leaves_a_report_a_strip_and_nothing_half_done(session, tmp_path, original):
    for index in range(7):
        feed(session, START + index * SECOND, original)
    session.diagnostics("link_emulator", START / SECOND, {"capacity_kbps": "250"})
    session.diagnostics("link_emulator", START / SECOND + 3, {"capacity_kbps": "unlimited"})
    report = session.finish(PATIENCE)
    assert report == tmp_path / REPORT
    assert {path.name for path in tmp_path.iterdir()} == {FRAMES, SUMMARY, STRIP, REPORT}
    html = report.read_text()
    for expected in ("clip.mp4", "70x45", "LPIPS", "capacity", "data:image/png;base64"):
        assert expected in html, expected
    height, width = read_image(tmp_path / STRIP).shape[:2]
    assert width > 4 * 320
    assert height > 3 * 400  # of seven moments some, not the first alone and not all


def test_a_session_that_saw_nothing_leaves_a_report_that_says_so(session, tmp_path):
    report = session.finish(PATIENCE)
    assert "No picture was shown" in report.read_text()
    assert not (tmp_path / STRIP).exists()
    summary = json.loads((tmp_path / SUMMARY).read_text())
    assert (summary["frames_shown"], summary["duration_s"], summary["fps_shown"]) == (0, 0.0, None)


def test_frames_that_never_become_pictures_still_make_a_report(session, tmp_path, original):
    feed(session, START, original, leave_out=["facts", "picture"])
    assert "No picture was shown" in session.finish(PATIENCE).read_text()
    assert read_summary(tmp_path / SUMMARY).frames_shown == 0


def test_without_patience_what_waits_stays_unmeasured(session, tmp_path, original):
    for index in range(16):
        feed(session, START + index * SECOND, original)
    session.finish(0.0)
    rows = read_rows(tmp_path / FRAMES)
    assert len(rows) == 16
    assert rows[-1].sr is None


def test_a_folder_that_cannot_be_written_to_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be recorded to"):
        Session(tmp_path / "file", 1.0, "", "")


def test_after_the_stop_only_counts_are_taken_in(session, tmp_path, original):
    feed(session, START, original)
    session.stop()
    feed(session, START + SECOND, original)
    session.diagnostics("onboard", START / SECOND + 1, {"frames_out": "2"})
    session.finish(PATIENCE)
    summary = read_summary(tmp_path / SUMMARY)
    assert (summary.frames_sent, summary.frames_shown) == (2, 1)


def test_nonsense_from_other_publishers_is_one_clear_line(session, tmp_path, original):
    with pytest.raises(InputError, match=r"image_sr/facts: .*int.*bytes"):
        session.facts(START, {"method": "sr", "bytes": "many"})
    with pytest.raises(InputError, match=r"diagnostics of onboard: .*int"):
        session.diagnostics("onboard", START / SECOND, {"frames_out": "several"})
    with pytest.raises(InputError, match="capacity_kbps"):
        session.diagnostics("link_emulator", START / SECOND, {"capacity_kbps": "wide"})
    feed(session, START, original)
    session.finish(PATIENCE)
    assert read_summary(tmp_path / SUMMARY).frames_shown == 1


@pytest.mark.parametrize("kind", ["constant", "whole_seconds", "repeated"])
def test_pictures_whose_stamps_do_not_tell_them_apart_are_recorded_but_not_judged_by_others(
    session, tmp_path, original, kind
):
    stamps = {"constant": [0] * 12, "whole_seconds": [n // 4 * SECOND for n in range(12)]}.get(
        kind, [START + (n - (n == 5)) * SECOND // 10 for n in range(12)]
    )
    pictures = [np.ascontiguousarray(np.roll(original, 9 * n, axis=1)) for n in range(12)]
    ahead = 2  # the camera has taken two more when a picture is shown
    for n in range(12 + ahead):
        if n < 12:
            session.original(stamps[n], pictures[n])
        if (m := n - ahead) >= 0:
            session.received(stamps[m], encode(received_of(pictures[m]), "png", 100), "png")
            session.facts(stamps[m], FACTS | {"bytes": "900", "number": str(m)})
            session.picture(stamps[m], 100 + m, shown_of(pictures[m]))
    session.picture(stamps[-1], 120, shown_of(pictures[-1]))  # stale: shown again
    session.finish(PATIENCE)
    rows = read_rows(tmp_path / FRAMES)
    assert [row.shown_s for row in rows] == [100 + m for m in range(12)]
    assert {row.bytes for row in rows} == {900}
    judged = [m for m, row in enumerate(rows) if row.sr is not None and row.sr.psnr_db is not None]
    assert judged == {"repeated": [m for m in range(12) if m not in (4, 5)]}.get(kind, [])
    for m in judged:
        sr, _, _ = Measurer().measure(pictures[m], received_of(pictures[m]), shown_of(pictures[m]), SCALE)
        assert rows[m].sr.psnr_db == pytest.approx(sr.psnr_db, abs=1e-4)
