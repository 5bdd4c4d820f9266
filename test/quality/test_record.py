import threading

import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.quality.record import FRAMES, REPORT, STRIP, SUMMARY, Recording, read_progress, read_rows
from edgesr_ros.quality.rows import FrameRow, Scores

GOOD = Scores(psnr_db=31.25, ssim=0.875, lpips=0.125)
POOR = Scores(psnr_db=28.5, ssim=0.75, lpips=0.375)


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


def test_progress_counts_whole_lines_while_the_file_grows(tmp_path):
    path = tmp_path / FRAMES
    assert read_progress(path) == (0, None)
    with Recording(tmp_path) as recording:
        assert read_progress(path) == (0, None)
        for index in range(3):
            recording.add(row(index, age_ms=float(index)))
            shown, newest = read_progress(path)
            assert (shown, newest.age_ms) == (index + 1, index)
        with path.open("a") as file:
            file.write("1700000000.5,17")
        assert read_progress(path)[0] == 3
