"""Disks that are full or read-only: one line with the system's reason, status 2, and nothing lost."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from edgesr_ros.cli.main import main
from edgesr_ros.errors import InputError
from edgesr_ros.quality.record import FRAMES, Recording, UnwritableError, read_rows
from edgesr_ros.quality.rows import FrameRow
from edgesr_ros.quality.session import Session
from edgesr_ros.schema import check_writable, write_text
from edgesr_ros.sources.files import list_images, read_image, write_image
from edgesr_ros.sources.video_writer import VideoWriter

FULL, READ_ONLY = "No space left on device", "Read-only file system"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mounts a file system of some kB."""
    mounted = []

    def mount(kilobytes: int, read_only: bool = False) -> Path:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        options = f"size={kilobytes}k{',ro' if read_only else ''}"
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        try:
            done = subprocess.run(command, check=False, capture_output=True, text=True)
        except FileNotFoundError:
            pytest.skip("no mount command here")
        if done.returncode:
            pytest.skip(f"needs root and tmpfs: {done.stderr.strip()}")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=True)


def row(number):
    return FrameRow(
        stamp_s=float(number),
        shown_s=number + 0.25,
        age_ms=250.0,
        method="sr",
        bytes=1000,
        model="network",
        backend="runtime",
    )


def noise(seed, height=120, width=160):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def test_rows_are_kept_up_to_the_full_disk(disk):
    folder = disk(16)
    recording = Recording(folder)
    with pytest.raises(UnwritableError, match=rf"{FRAMES}: cannot be written \({FULL}\)"):
        for number in range(10_000):
            recording.add(row(number))
    assert recording.kept == number > 100
    with pytest.raises(UnwritableError, match=FULL):
        recording.close()
    assert [kept.stamp_s for kept in read_rows(folder / FRAMES)] == list(range(number))
    assert [path.name for path in folder.iterdir()] == [FRAMES]


def test_a_disk_that_is_full_already_is_found_at_the_start(disk):
    folder = disk(8)
    (folder / "full").write_bytes(bytes(8192))
    with pytest.raises(UnwritableError, match=FULL):
        Recording(folder / "record")
    with pytest.raises(InputError, match=FULL):
        check_writable(folder / "summary.json")
    with pytest.raises(UnwritableError, match=READ_ONLY):
        Recording(disk(8, read_only=True) / "record")


def test_a_session_keeps_its_rows_where_the_report_has_no_space(disk):
    folder = disk(12)
    session = Session(folder, 1.0, "", "")
    for number in range(40):
        session.picture(number * 10**9, number + 0.1, np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(InputError, match=rf"cannot be written \({FULL}\)$"):
        session.finish(0.0)
    assert session.kept == 40
    assert len(read_rows(folder / FRAMES)) == 40
    assert not (folder / "report.html").exists()  # half of one would look like a whole one


def test_what_is_written_at_once_is_whole_or_not_there(disk):
    folder = disk(64)
    with pytest.raises(InputError, match=rf"large.txt: cannot be written \({FULL}\)$"):
        write_text(folder / "large.txt", "x" * 100_000)
    with pytest.raises(InputError, match=rf"large.png: cannot be written \({FULL}\)$"):
        write_image(folder / "large.png", noise(1, 240, 320))
    assert list(folder.iterdir()) == []
    write_image(folder / "small.png", noise(1, 16, 16))
    np.testing.assert_array_equal(read_image(folder / "small.png"), noise(1, 16, 16))


def test_a_video_says_how_far_it_came(disk):
    video = VideoWriter(disk(96) / "out.mp4", 160, 120)
    with pytest.raises(InputError, match=rf"out.mp4: cannot be written \({FULL}\) after \d+ pictures"), video:
        for number in range(200):
            video.write(noise(number), number * 40_000_000)


@pytest.fixture
def pictures(tmp_path):
    for number in range(12):
        write_image(tmp_path / "pictures" / f"p{number}.png", noise(number, 48, 64))
    return tmp_path / "pictures"


def fails(capsys, reason, *arguments):
    assert main([str(argument) for argument in arguments]) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and reason in said.err, said.err
    return said


def test_upscale_keeps_the_pictures_before_the_disk_was_full(disk, pictures, capsys):
    output = disk(200)
    said = fails(capsys, FULL, "upscale", pictures, "--output", output, "--model", "bicubic_x2")
    kept = list_images(output)
    assert 0 < len(kept) < 12
    assert [path.name for path in kept] == [f"p{number}.png" for number in range(len(kept))]
    assert all(read_image(path).shape == (96, 128, 3) for path in kept)
    assert f"p{len(kept)}.png: cannot be written" in said.err


def test_commands_look_before_they_work(disk, pictures, capsys):
    folder = disk(64, read_only=True)
    commands = [
        ("upscale", pictures / "p1.png", "--model", "bicubic", "--output", folder / "out.png"),
        ("upscale", pictures, "--model", "bicubic", "--output", folder / "out"),
        ("ladder", "--input", pictures, "--codec", "jpeg", "--output", folder / "ladder.json"),
        ("experiment", "link", "--recordings", pictures, "--output", folder / "out"),
        ("demo", "--input", pictures, "--model", "bicubic", "--output", folder / "out"),
        ("evaluate", "bicubic", "--data", pictures, "--json", folder / "out.json"),
        ("bench", "bicubic_x2", "--quick", "--json", folder / "out.json"),
    ]
    for command in commands:
        said = fails(capsys, READ_ONLY, *command)
        assert said.out == "", command


def test_upscale_skips_what_is_no_image(pictures, tmp_path, capsys):
    (pictures / "p3.png").write_text("text")
    (pictures / "p10.png").write_bytes(b"")
    assert main(["upscale", str(pictures), "--output", str(tmp_path / "out"), "--model", "bicubic_x2"]) == 0
    said = capsys.readouterr()
    reason = "not an image that can be decoded"
    assert f"2 of 12 images skipped: p3.png ({reason}), p10.png ({reason})" in said.err
    assert len(list_images(tmp_path / "out")) == 10
    for path in pictures.iterdir():
        path.write_text("text")
    fails(capsys, f"12 of 12 images skipped: p0.png ({reason})", "upscale", pictures, "--model", "bicubic_x2")
