"""What HD cameras take, stage by stage, and what chains of them have to reach."""

import os

import cv2
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from benchmarks.claims import hd
from benchmarks.claims.hd import CLAIM, HdRows, HdSettings, StagesRow, hd_table, measure
from benchmarks.harness.spread import Spread
from edgesr_ros.experiment.plan import Camera
from edgesr_ros.experiment.runner import camera_text

SETTINGS = HdSettings(model="net_x4", frames=9, seconds=12.0)


@pytest.fixture
def row():
    def make(**changes) -> StagesRow:
        stages = dict.fromkeys(("take", "motion", "encode", "decode", "publish"), Spread(p50=2.0, p95=3.0))
        fields = {
            "camera": "1280x720",
            "scale": 1,
            "cores": 1,
            "preset": 9,
            "backend": "onnxruntime",
            "bytes_per_frame": 9000,
            "stages_ms": stages,
            "processor_ms": dict.fromkeys(stages, 2.5),
            "bicubic_ms": 0.0,
            "robot_ms": Spread(p50=12.0, p95=15.9),
            "operator_ms": Spread(p50=5.0, p95=24.9),
        }
        return StagesRow(**fields | changes)

    return make


@pytest.mark.parametrize("scale", [1, 4])
def test_a_frame_goes_through_all_stages_on_so_many_cores(scale, photograph, monkeypatch) -> None:
    monkeypatch.setattr(hd, "frames", lambda camera: [cv2.resize(photograph, (camera.width, camera.height))])
    cores = os.sched_getaffinity(0)
    row = measure(Camera(width=256, height=256), scale, cores=1, warm_up=1, count=3)
    expected = {"take", "motion", "encode", "decode", "publish"}
    if scale > 1:
        expected |= {"reduce", "enlarge"}
    assert row.stages_ms.keys() == row.processor_ms.keys() == expected
    assert (row.bicubic_ms > 0) is (scale > 1)
    assert 0 < row.bytes_per_frame < 20_000
    assert row.robot_ms.p50 >= row.stages_ms["encode"].p50
    assert os.sched_getaffinity(0) == cores


def test_the_halves_have_to_be_in_time_on_the_cores_that_they_have(row, enveloped, kept) -> None:
    slow = Spread(p50=12.0, p95=99.0)
    stages = [
        row(),
        row(scale=4, operator_ms=slow),
        row(scale=4, cores=2, robot_ms=slow),
        row(camera="1920x1080", robot_ms=slow, operator_ms=slow),
    ]
    robot, operator = (goal.name for goal in hd.GOALS[:2])
    met = kept(CLAIM, enveloped(CLAIM, SETTINGS, HdRows(stages=stages, chains=[])))
    assert met == dict.fromkeys(met, False) | {robot: True, operator: True}  # no chain was run
    stages[1], stages[2] = row(scale=4, robot_ms=slow), row(scale=4, cores=2, operator_ms=slow)
    met = kept(CLAIM, enveloped(CLAIM, SETTINGS, HdRows(stages=stages, chains=[])))
    assert not met[robot] and not met[operator]


def test_each_chain_has_its_goals(row, chain_row, enveloped, kept) -> None:
    chains = [chain_row(camera=camera_text(camera), link=link, fps_shown=28.5) for camera, link in hd._CHAINS]
    result = enveloped(CLAIM, SETTINGS, HdRows(stages=[row()], chains=chains))
    met = {goal: met for goal, met in kept(CLAIM, result).items() if " over " in goal}
    assert met == dict.fromkeys(met, True)
    assert len(met) == 2 * len(chains)
    text = hd_table(result)
    assert "| 1280x720 | 1 | 1 | 2.0 / 3.0 | 2.0 / 3.0 |  | 2.0 / 3.0 | 2.0 / 3.0 |  | 2.0 / 3.0 |" in text
    assert "| 3840x2160 at 10 Hz | `wifi_good` | 28.5 | 30 / 40 / 50 | 3,000 | 25% / 12% |" in text
