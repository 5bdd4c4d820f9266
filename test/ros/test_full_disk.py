"""The recorder on a disk that fills up: it ends in one line, and what it recorded stays."""

import subprocess

import pytest
from sensor_msgs.msg import Image

from edgesr_ros.frames.message import fill_image
from edgesr_ros.nodes.messages import to_time
from edgesr_ros.quality.record import FRAMES, read_rows


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("no mount command here")
    if done.returncode:
        pytest.skip(f"needs root and tmpfs: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_the_recorder_ends_in_one_line_and_keeps_its_rows(small_disk, bench, picture):
    bench.start("quality_recorder", output=small_disk)
    shown = bench.publisher(Image, "image_sr")
    message = Image()
    fill_image(message, picture)

    def ended():
        for _ in range(20):
            message.header.stamp = to_time(message.header.stamp.sec * 10**9 + 10**9)
            shown.publish(message)
        return bench.processes.status("quality_recorder") is not None

    bench.wait(ended, "the end")
    assert bench.processes.status("quality_recorder") == 2
    lines = (bench.logs / "quality_recorder.log").read_text().splitlines()
    assert lines[-1] == f"{small_disk / FRAMES}: cannot be written (No space left on device)"
    kept = len(read_rows(small_disk / FRAMES))
    assert kept > 50
    assert any(line.startswith(f"kept {kept} of ") for line in lines)
    assert not any("Traceback" in line for line in lines)
