"""`edgesr demo`: the whole chain on a recording that the test makes."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

from edgesr_ros.live.processes import chain_environment


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """Three seconds of a moving texture, 320x240 at 25 Hz."""
    rng = np.random.default_rng(1)
    texture = cv2.resize(
        rng.integers(0, 255, (60, 120, 3), np.uint8), (640, 240), interpolation=cv2.INTER_CUBIC
    )
    path = tmp_path_factory.mktemp("video") / "moving.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, (320, 240))
    for shift in range(75):
        writer.write(np.ascontiguousarray(texture[:, 2 * shift : 2 * shift + 320]))
    writer.release()
    return path


SHIPPED = {
    f"edgesrgan_tiny_{scale}{precision}"
    for scale in ("x2_link", "x4_link", "x8")
    for precision in ("", "_int8")
}


def start_demo(ros_domain, *arguments):
    environment = chain_environment() | {"ROS_DOMAIN_ID": str(ros_domain)}
    command = [sys.executable, "-m", "edgesr_ros.cli.main", "demo", *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def children(pid):
    """Processes that the demo started and that still run."""
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(line) for line in found.stdout.split()]


def run_demo(ros_domain, video, seconds, output):
    arguments = ("--input", video, "--link", "unlimited", "--seconds", seconds, "--output", output)
    said, errors = (demo := start_demo(ros_domain, *arguments)).communicate(timeout=180)
    assert demo.returncode == 0, said + errors
    return json.loads((output / "summary.json").read_text())


def test_several_inputs_are_cameras_on_one_link(tmp_path, ros_domain, video):
    output = tmp_path / "out"
    arguments = ("--input", video, "--input", video, "--link", "wifi_good", "--seconds", 2)
    said, errors = (demo := start_demo(ros_domain, *arguments, "--output", output)).communicate(timeout=180)
    assert demo.returncode == 0, said + errors
    for name in ("camera1", "camera2"):
        summary = json.loads((output / name / "summary.json").read_text())
        assert summary["frames_shown"] > 0
        assert str(output / name / "report.html") in said


def rows_of(output):
    return list(csv.DictReader((output / "frames.csv").read_text().splitlines()))


def test_leaves_figures_pictures_and_a_page_again_and_again(tmp_path, ros_domain, video):
    output = tmp_path / "out"
    summary = run_demo(ros_domain, video, 5, output)
    assert summary["frames_sent"] >= summary["frames_shown"] > 0
    assert summary["size"] == "320x240"
    assert summary["out_of_order"] == 0
    # Without a limit frames soon come at full size: which networks come before, and how often, is chance.
    enlarged = {name: count for name, count in summary["models"].items() if not name.startswith("bicubic")}
    assert {name.partition(" on ")[0] for name in enlarged} <= SHIPPED
    assert sum(enlarged.values()) == summary["methods"].get("sr", 0)
    if summary["models"]:  # a link without a limit carries the full size, which nothing has to enlarge
        assert f"{summary['model']} on {summary['backend']}" == next(iter(summary["models"]))
    assert 0 < summary["age_ms"]["p50"] <= summary["age_ms"]["p95"]
    assert summary["quality"]["measured_frames"] > 0
    assert 10 < summary["quality"]["bicubic"]["psnr_db"] < 60
    rows = rows_of(output)
    assert len(rows) == summary["frames_shown"]
    # Without a limit frames soon come at full size, and nothing is enlarged.
    assert {row["method"] for row in rows} <= {"sr", "bicubic", "none"}
    strip = cv2.imread(str(output / "strip.png"))
    assert strip is not None and strip.std() > 10
    assert "<svg" in (output / "report.html").read_text()
    # Into the same folder: nothing of the first run is left.
    summary = run_demo(ros_domain, video, 1, output)
    again = rows_of(output)
    assert len(again) == summary["frames_shown"] > 0
    assert min(float(row["shown_s"]) for row in again) > max(float(row["shown_s"]) for row in rows)


def test_ctrl_c_stops_every_node_and_keeps_what_there_was(tmp_path, ros_domain, video):
    output = tmp_path / "out"
    demo = start_demo(ros_domain, "--input", video, "--seconds", 600, "--output", output)
    frames = output / "frames.csv"
    deadline = time.monotonic() + 120
    while not (frames.exists() and len(frames.read_text().splitlines()) > 5) and time.monotonic() < deadline:
        time.sleep(0.2)
    started = children(demo.pid)
    assert len(started) == 5
    demo.send_signal(signal.SIGINT)
    said, errors = demo.communicate(timeout=120)
    assert demo.returncode == 130, said + errors
    assert json.loads((output / "summary.json").read_text())["frames_shown"] >= 5
    for pid in started:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--input", "/no/such/video.mp4"], "/no/such/video.mp4"),
        (["--topic", "/no/such/topic"], "only a rosbag2 has topics"),
        (["--link", "no_such_link"], "no_such_link"),
        (["--model", "no_such_model"], "no_such_model"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(tmp_path, ros_domain, video, arguments, word):
    given = ["--input", video, "--output", tmp_path / "out", *arguments]
    demo = start_demo(ros_domain, *given)
    said, errors = demo.communicate(timeout=60)
    assert demo.returncode == 2
    assert errors.count("\n") == 1 and word in errors
    assert not (tmp_path / "out").exists(), said
