import threading

import msgspec
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.quality.record import (
    FRAMES,
    REPORT,
    STRIP,
    SUMMARY,
    Recording,
    read_rows,
    read_summary,
    summarise,
)
from edgesr_ros.quality.rows import FrameRow, Scores
from edgesr_ros.schema import write_json

GOOD = Scores(psnr_db=31.25, ssim=0.875, lpips=0.125)
POOR = Scores(psnr_db=28.5, ssim=0.75, lpips=0.375)
NAMES = {"model": "tiny", "backend": "onnxruntime", "link": "lte", "source": "clip.mp4"}


def row(index, **changes):
    stamp_s = 1.7e9 + index / 25
    values = {"stamp_s": stamp_s, "shown_s": stamp_s + 0.05, "age_ms": 50.0, "method": "sr", "bytes": 3000}
    return FrameRow(**(values | changes))


def times(rows):
    return [(round(r.stamp_s, 6), round(r.shown_s, 6)) for r in rows]


def test_rows_are_on_disk_before_the_recording_is_closed(tmp_path):
    recording = Recording(tmp_path)
    recording.add(row(0))
    recording.add(row(1, method=None, bytes=None))
    recording.set_scores(row(0).stamp_s, GOOD, POOR, 41.5)
    read = read_rows(tmp_path / FRAMES)
    recording.close()
    assert times(read) == times(recording.rows)
    assert (read[0].sr, read[0].bicubic, read[0].consistency_db) == (GOOD, POOR, 41.5)
    assert (read[1].method, read[1].bytes, read[1].sr, read[1].consistency_db) == (None, None, None, None)


def test_closing_leaves_one_line_a_picture_and_nothing_else(tmp_path):
    with Recording(tmp_path) as recording:
        for index in range(5):
            recording.add(row(index))
            recording.set_scores(row(index).stamp_s, GOOD, POOR, 40.0)
    recording.close()
    assert len((tmp_path / FRAMES).read_text().splitlines()) == 1 + 5
    assert [path.name for path in tmp_path.iterdir()] == [FRAMES]
    assert times(read_rows(tmp_path / FRAMES)) == times(recording.rows)


def test_of_two_pictures_with_one_stamp_the_newer_gets_the_scores(tmp_path):
    with Recording(tmp_path) as recording:
        recording.add(row(0))
        recording.add(row(0, shown_s=1.7e9 + 9, age_ms=9000.0))
        recording.set_scores(row(0).stamp_s, GOOD, POOR, 40.0)
    assert [r.sr for r in read_rows(tmp_path / FRAMES)] == [None, GOOD]


def test_scores_of_a_picture_that_was_never_shown_are_an_error(tmp_path):
    with Recording(tmp_path) as recording, pytest.raises(KeyError):
        recording.set_scores(5.0, GOOD, POOR, 40.0)


def test_pictures_and_scores_may_come_from_two_threads(tmp_path):
    number = 500
    added = threading.Semaphore(0)
    with Recording(tmp_path) as recording:

        def measure():
            for index in range(number):
                added.acquire()
                recording.set_scores(row(index).stamp_s, GOOD, POOR, 40.0)

        thread = threading.Thread(target=measure)
        thread.start()
        for index in range(number):
            recording.add(row(index))
            added.release()
        thread.join()
    read = read_rows(tmp_path / FRAMES)
    assert [r.sr for r in read] == [GOOD] * number
    assert times(read) == times(row(index) for index in range(number))


def test_what_an_earlier_run_left_does_not_pass_for_this_one(tmp_path):
    for name in (SUMMARY, STRIP, REPORT, FRAMES):
        (tmp_path / name).write_text("old")
    Recording(tmp_path).close()
    assert [path.name for path in tmp_path.iterdir()] == [FRAMES]
    assert read_rows(tmp_path / FRAMES) == []


def test_a_folder_that_cannot_be_written_to_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file: cannot be recorded to"):
        Recording(tmp_path / "file")


def test_a_run_cut_short_within_a_line_keeps_the_whole_ones(tmp_path):
    with Recording(tmp_path) as recording:
        recording.add(row(0))
        recording.add(row(1))
    path = tmp_path / FRAMES
    path.write_bytes(path.read_bytes()[:-20])
    assert times(read_rows(path)) == times([row(0)])
    path.write_text("")
    assert read_rows(path) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "line 1: expected the columns stamp_s,shown_s"),
        ("{header}\n{row}\n1,2\n", "line 3: expected a value"),
        ("{header}\n{row}\n{row},7\n", "line 3: expected a value"),
        ("{header}\nsoon{row}\n", "line 2: expected a value"),
        ("{header}\n\n", "line 2: expected a value"),
    ],
)
def test_a_file_that_is_none_of_ours_is_named_with_its_line(tmp_path, text, message):
    with Recording(tmp_path) as recording:
        recording.add(row(0))
    path = tmp_path / FRAMES
    header, line = path.read_text().splitlines()
    path.write_text(text.format(header=header, row=line))
    with pytest.raises(InputError, match=message):
        read_rows(path)


def test_summary_of_a_run():
    rows = [row(i, age_ms=float(i), method="bicubic" if i < 3 else "sr") for i in range(101)]
    rows[10] = row(10, age_ms=10.0, sr=GOOD, bicubic=POOR, consistency_db=40.0)
    rows[20] = row(20, age_ms=20.0, sr=POOR, bicubic=POOR, consistency_db=44.0)
    counters = {
        "frames_sent": 120,
        "bytes_received": 330_000,
        "dropped.paced": 7,
        "dropped.malformed": 2,
        "x": 1,
    }
    summary = summarise(rows, counters, **NAMES, duration_s=4.0, size="640x480")
    assert (summary.frames_sent, summary.frames_shown, summary.fps_shown) == (120, 101, 25.25)
    ages = summary.age_ms
    assert (ages.p50, ages.p95, ages.p99, ages.max) == (50, 95, 99, 100)
    assert summary.bytes_per_frame == 3000
    assert summary.link_kbps == 660
    assert summary.dropped == {"paced": 7, "malformed": 2}
    assert summary.methods == {"sr": 98, "bicubic": 3}
    assert summary.out_of_order == 0
    assert summary.quality.measured_frames == 2
    assert summary.quality.sr.lpips == 0.25
    assert summary.quality.bicubic.psnr_db == 28.5
    assert summary.consistency_db == 42
    assert (summary.model, summary.backend, summary.link, summary.source) == tuple(NAMES.values())


def test_pictures_older_than_one_already_shown_are_counted():
    rows = [row(i) for i in (0, 3, 1, 2, 3, 4)]  # 1 and 2 after 3; 3 again is no step back
    assert summarise(rows, {}, **NAMES, duration_s=1.0).out_of_order == 2


def test_without_a_count_of_bytes_those_of_the_pictures_shown_stand_in():
    rows = [row(0, bytes=1000), row(1, bytes=None), row(2, bytes=2000)]
    summary = summarise(rows, {}, **NAMES, duration_s=2.0)
    assert (summary.link_kbps, summary.bytes_per_frame) == (12, 1500)


@pytest.mark.parametrize("rows", [[], [row(0, bytes=None)]])
def test_figures_that_nothing_defines_are_null(tmp_path, rows):
    path = tmp_path / SUMMARY
    summary = summarise(rows, {}, **NAMES, duration_s=0.0)
    write_json(path, summary)
    assert read_summary(path) == summary
    plain = msgspec.json.decode(path.read_bytes())
    assert plain["frames_shown"] == len(rows)
    assert plain["age_ms"]["p95"] == (50 if rows else None)
    for figure in ("frames_sent", "fps_shown", "bytes_per_frame", "link_kbps", "consistency_db", "size"):
        assert plain[figure] is None, figure
    nothing = {"psnr_db": None, "ssim": None, "lpips": None}
    assert plain["quality"] == {"measured_frames": 0, "sr": nothing, "bicubic": nothing}
