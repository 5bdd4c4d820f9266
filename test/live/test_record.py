"""What watchers wrote, as a run; the processes themselves: test/ros/test_experiment_live.py."""

import numpy as np
import pytest

from edgesr_ros.live.record import Window, read_record
from edgesr_ros.live.screens import write_screen

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
FRAMES = {1000 + number: number for number in range(40)}  # by fingerprint


@pytest.fixture
def record(tmp_path):
    """A camera of 10 Hz from one second before the window on; each frame but some are sent, 50 ms later."""
    stamps = [START - SECOND + number * SECOND // 10 for number in range(40)]
    # The watcher missed the first three frames, and one later on.
    seen = [(stamp, number) for number, stamp in enumerate(stamps) if number > 2 and number != 9]
    (tmp_path / "camera.txt").write_text("".join(f"{stamp} {1000 + number}\n" for stamp, number in seen))
    sent = stamps[::2]
    arrived = [stamp for stamp in sent if stamp not in (sent[7], sent[8])]
    numbers = {stamp: number for number, stamp in enumerate(sent) if number % 2}  # the others have none
    lines = (f"{s} {s + 50_000_000} 1000 {numbers.get(s, '')}\n" for s in sent)
    (tmp_path / "sent.txt").write_text("".join(lines))
    (tmp_path / "arrived.txt").write_text("".join(f"{numbers.get(s, s)}\n" for s in arrived))
    shown = "".join(f"{s} {s + 180_000_000}\n" for s in arrived)
    (tmp_path / "shown.txt").write_text(shown + "17000")  # its process was ended while it wrote
    for at, shown_stamps in ((START + SECOND // 2, [stamps[10], stamps[12]]), (START + 9 * SECOND, [])):
        pictures = [np.full((4, 4, 3), i, np.uint8) for i in range(len(shown_stamps))]
        write_screen(tmp_path, at, list(zip(shown_stamps, pictures, strict=True)))
    return tmp_path


def test_only_what_lies_in_the_window_counts(record):
    run, glances = read_record(record, Window(START, 2.0, 12345), FRAMES)
    assert len(run.sent) == 10
    assert run.lost == {"queue": 2}
    assert run.used_bytes == 12345
    assert [round(shown.age, 3) for shown in run.shown] == [0.18] * len(run.shown)
    assert all(0 <= shown.at < 2 for shown in run.shown)
    assert run.shown[0].size == 1000
    (glance,) = glances
    assert glance.at == pytest.approx(0.5)
    assert glance.number == 15
    assert (glance.picture.number, glance.before.number) == (12, 10)
    assert (glance.picture.received == 1).all()


def test_what_travels_in_parts_or_again_is_one_frame(record):
    sent = record / "sent.txt"
    stamps = [int(line.split()[0]) for line in sent.read_text(encoding="utf-8").splitlines()]
    more = "".join(f"{stamp} {stamp + 60_000_000} 300\n" for stamp in stamps)
    sent.write_text(sent.read_text(encoding="utf-8") + more)
    run, _ = read_record(record, Window(START, 2.0, 0), FRAMES)
    assert [size for _, size in run.sent] == [1300] * 10
    assert run.lost == {"queue": 2}
    assert run.shown[0].size == 1300


def test_a_screen_that_stays_empty(record):
    _, glances = read_record(record, Window(START + 8 * SECOND, 2.0, 0), FRAMES)
    (glance,) = glances
    assert (glance.picture, glance.before) == (None, None)
    assert glance.number == 39


def test_watchers_that_saw_nothing(tmp_path):
    run, glances = read_record(tmp_path, Window(START, 2.0, 0), FRAMES)
    assert (run.shown, run.sent, run.lost, glances) == ([], [], {}, [])
