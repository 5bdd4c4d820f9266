"""An experiment with real nodes in the two namespaces of a kernel link."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

from edgesr_ros.cli.main import main
from edgesr_ros.errors import InputError
from edgesr_ros.link.namespaces import SIDES, Namespaces
from edgesr_ros.live.peers.srt import check_srt
from edgesr_ros.live.peers.webrtc import check_webrtc
from edgesr_ros.live.processes import chain_environment

pytestmark = [pytest.mark.ros, pytest.mark.slow]

TIMEOUT = 60  # seconds; only a failing test waits so long
RATE_HZ, SECONDS = 15, 2
QUEUE = 30_000  # bytes: less than a frame of jpeg

PLAN = f"""
description: real
time: real
contenders:
  - {{name: ours, kind: ours}}
  - {{name: jpeg, kind: fixed, codec: jpeg, quality: 95}}
  - {{name: video, kind: h264, kbps: 200}}
links: [link.yaml]
recordings: [pictures/]
camera: {{width: 256, height: 192, rate_hz: {RATE_HZ}}}
models: [bicubic]
seconds: {SECONDS}
samples_per_s: 2
curves: false
"""


@pytest.fixture
def plan(tmp_path):
    if os.geteuid() != 0 or shutil.which("tc") is None:
        pytest.skip("needs root, ip and tc")
    try:
        with Namespaces(f"probe_{os.getpid()}"):
            pass
    except InputError as error:
        pytest.skip(f"this system has no kernel link: {error}")
    rng = np.random.default_rng(3)
    (tmp_path / "pictures").mkdir()
    for number in range(6):
        texture = rng.integers(0, 256, (192, 256, 3), np.uint8)  # far beyond the link, also if few are sent
        cv2.imwrite(str(tmp_path / "pictures" / f"{number}.png"), cv2.blur(texture, (3, 3)))
    (tmp_path / "link.yaml").write_text(
        f"description: x\ncapacity: {{steps: [{{kbps: 400}}]}}\nqueue_bytes: {QUEUE}"
    )
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN)
    return path


def test_each_contender_has_a_row_and_nothing_is_left_behind(plan, ros_domain, tmp_path):
    assert ros_domain
    output = tmp_path / "found"
    assert main(["experiment", str(plan), "--output", str(output)]) == 0
    ours, jpeg, video = rows = json.loads((output / "results.json").read_text())["rows"]
    assert [row["contender"] for row in rows] == ["ours", "jpeg", "video"]
    assert {row["time"] for row in rows} == {"real"}
    # On a machine too busy to send, little comes: what is true of each frame is true of few as well.
    assert jpeg["bytes_per_frame"] is None or jpeg["bytes_per_frame"] > QUEUE
    assert jpeg["frames_shown"] == 0 and jpeg["lost"].get("queue", 0) == jpeg["frames_sent"]
    assert ours["lost_overload"] < 0.5 and video["lost_overload"] < 0.1  # half of what the link carries
    if video["frames_sent"] > 0.8 * RATE_HZ * SECONDS:  # it was not
        assert ours["frames_shown"] > 0 and video["frames_shown"] > 0.5 * video["frames_sent"]
        assert jpeg["frames_sent"] > 0
        assert video["bytes_per_frame"] == pytest.approx(200_000 / 8 / RATE_HZ, rel=0.3)
    assert Namespaces(f"edgesr_{os.getpid()}").present() == []
    assert (output / "report.html").is_file()


def test_each_camera_has_a_row(plan, ros_domain, tmp_path):
    assert ros_domain
    output = tmp_path / "found"
    others = ("jpeg", "video")
    alone = "".join(line for line in PLAN.splitlines(keepends=True) if not any(map(line.count, others)))
    plan.write_text(alone.replace("kind: ours}", "kind: ours, weights: [4]}") + "cameras: 2\n")
    assert main(["experiment", str(plan), "--output", str(output)]) == 0
    first, second = rows = json.loads((output / "results.json").read_text())["rows"]
    assert [row["contender"] for row in rows] == ["ours, camera 1", "ours, camera 2"]
    if min(row["frames_shown"] for row in rows) > 0.5 * RATE_HZ * SECONDS:  # the machine was not too busy
        assert first["sent_kbps"] > 1.2 * second["sent_kbps"]
    assert Namespaces(f"edgesr_{os.getpid()}").present() == []


@pytest.mark.parametrize(
    ("contender", "check"),
    [
        ("{name: peer, kind: webrtc, codec: VP8}", check_webrtc),
        ("{name: peer, kind: srt, kbps: 150}", check_srt),
    ],
    ids=["webrtc", "srt"],
)
def test_a_peer_has_a_row_like_ours_and_leaves_nothing_behind(plan, tmp_path, contender, check):
    try:
        check()
    except InputError as error:
        pytest.skip(str(error))
    text = PLAN[: PLAN.index("contenders:")] + f"contenders: [{contender}]\n" + PLAN[PLAN.index("links:") :]
    plan.write_text(text + "settle_s: 4")
    output = tmp_path / "found"
    assert main(["experiment", str(plan), "--output", str(output)]) == 0
    (row,) = json.loads((output / "results.json").read_text())["rows"]
    assert row["frames_shown"] > 5
    assert 0 < row["age_p50_ms"] < 5000
    assert row["frames_sent"] > 5
    assert row["lpips_on_screen"] < 0.9  # an empty screen has more
    assert Namespaces(f"edgesr_{os.getpid()}").present() == []


def test_asked_to_end_again_and_again_it_cleans_up_all_the_same(plan, ros_domain, tmp_path):
    """A terminal's Ctrl-C reaches all of a launch's processes, which then interrupts ours once more."""
    environment = chain_environment() | {"ROS_DOMAIN_ID": str(ros_domain)}
    command = [sys.executable, "-m", "edgesr_ros.cli.main", "experiment", str(plan)]
    experiment = subprocess.Popen([*command, "--output", str(tmp_path / "found")], env=environment)
    namespaces, deadline = Namespaces(f"edgesr_{experiment.pid}"), time.monotonic() + TIMEOUT

    def running():
        return [pid for side in namespaces.present() for pid in namespaces.processes(side)]

    while len(running()) < 5 and time.monotonic() < deadline:
        time.sleep(0.05)
    started = running()
    assert namespaces.present() == list(SIDES) and len(started) == 5
    for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):
        experiment.send_signal(number)
        time.sleep(0.1)  # it is in the middle of cleaning up
    assert experiment.wait(TIMEOUT) == 130
    assert namespaces.present() == []
    for pid in started:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
