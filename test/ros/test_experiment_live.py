"""An experiment with real nodes in the two namespaces of a kernel link."""

import json
import os
import shutil

import cv2
import numpy as np
import pytest

from edgesr_ros.cli.main import main
from edgesr_ros.errors import InputError
from edgesr_ros.link.namespaces import Namespaces

pytestmark = [pytest.mark.ros, pytest.mark.slow]

PLAN = """
description: real
time: real
contenders:
  - {name: ours, kind: ours}
  - {name: jpeg, kind: fixed, codec: jpeg, quality: 95}
links: [link.yaml]
recordings: [pictures/]
camera: {width: 128, height: 96, rate_hz: 15}
models: [bicubic]
seconds: 4
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
        texture = rng.integers(0, 256, (96, 128, 3), np.uint8)  # takes many bytes
        cv2.imwrite(str(tmp_path / "pictures" / f"{number}.png"), cv2.blur(texture, (3, 3)))
    (tmp_path / "link.yaml").write_text(
        "description: x\ncapacity: {steps: [{kbps: 400}]}\nqueue_bytes: 32000"
    )
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN)
    return path


def test_both_contenders_have_a_row_and_nothing_is_left_behind(plan, ros_domain, tmp_path):
    assert ros_domain
    output = tmp_path / "found"
    assert main(["experiment", str(plan), "--output", str(output)]) == 0
    ours, jpeg = json.loads((output / "results.json").read_text())["rows"]
    assert (ours["time"], jpeg["time"]) == ("real", "real")
    assert ours["frames_shown"] > 5
    assert ours["lost_overload"] < 0.5 < jpeg["lost_overload"]
    assert ours["fps_shown"] > jpeg["fps_shown"]
    assert Namespaces(f"edgesr_{os.getpid()}").present() == []
    assert (output / "report.html").is_file()


def test_a_contender_without_nodes_is_one_line(plan, capsys):
    plan.write_text(PLAN.replace("kind: ours", "kind: h264, kbps: 100"))
    assert main(["experiment", str(plan)]) == 2
    assert capsys.readouterr().err.endswith("contenders[0].kind: expected fixed or ours in real time\n")
