"""The launch files with the real `launch`: what they declare, and the chain that they start."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("launch_ros", reason="launch_ros is not on PyPI: needs a ROS 2 installation")

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.utilities import perform_substitutions

FOLDER = Path(__file__).resolve().parents[2] / "launch"
FILES = sorted(FOLDER.glob("*.launch.py"))
TIMEOUT = 90.0  # seconds; only a failing test waits so long

# What `ros2 launch` does, without needing ros2cli.
LAUNCH = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
path, *arguments = sys.argv[1:]
given = [argument.split(":=", 1) for argument in arguments]
service = LaunchService(noninteractive=True)
service.include_launch_description(
    LaunchDescription([IncludeLaunchDescription(path, launch_arguments=given)])
)
sys.exit(service.run())
"""


def load(path: Path) -> LaunchDescription:
    return PythonLaunchDescriptionSource(str(path)).get_launch_description(LaunchContext())


def arguments(path: Path) -> dict[str, DeclareLaunchArgument]:
    """By name, with those of the files that this one includes."""
    return {argument.name: argument for argument in reversed(load(path).get_launch_arguments())}


def default(argument: DeclareLaunchArgument) -> str:
    return perform_substitutions(LaunchContext(), argument.default_value)


@pytest.fixture
def pictures(tmp_path) -> Path:
    """A camera: twenty pictures 160x120 of a square that moves."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(20):
        picture = np.full((120, 160, 3), 60, np.uint8)
        picture[40:80, 5 * number : 5 * number + 40] = (40, 90, 220)
        cv2.imwrite(str(folder / f"{number:02}.png"), picture)
    return folder


@pytest.fixture
def run(prefix, ros_domain, tmp_path):
    """Runs an installed launch file to its end and returns what it printed."""
    (package,) = prefix.rglob("edgesr_ros/resources.py")
    environment = os.environ | {
        "ROS_DOMAIN_ID": str(ros_domain),
        "ROS_LOG_DIR": str(tmp_path / "log"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join([str(package.parents[1]), os.environ.get("PYTHONPATH", "")]),
        "AMENT_PREFIX_PATH": os.pathsep.join([str(prefix), os.environ.get("AMENT_PREFIX_PATH", sys.prefix)]),
    }

    def run(name: str, *given: str) -> str:
        path = prefix / "share/edgesr_ros/launch" / f"{name}.launch.py"
        process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, str(path), *given],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            cwd=tmp_path,
            start_new_session=True,
        )
        try:
            return process.communicate(timeout=TIMEOUT)[0]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise AssertionError(f"did not end by itself:\n{process.communicate()[0]}") from None

    return run


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_argument_is_described(path):
    for name, argument in arguments(path).items():
        own = argument.description.partition(" Valid choices are")[0]  # launch appends those
        assert own.endswith("."), name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_switches_take_only_true_and_false(path):
    for name, argument in arguments(path).items():
        if argument.default_value and name != "overlay" and default(argument) in ("true", "false"):
            assert argument.choices == ["true", "false"], name


@pytest.mark.parametrize("name", ["teleop", "degradation", "replay"])
def test_each_node_of_the_chain_has_its_parameter_file(name):
    files = {
        name: default(a) for name, a in arguments(FOLDER / f"{name}.launch.py").items() if "params" in name
    }
    nodes = {"frame_player", "ground_station", "link_emulator", "onboard", "quality_recorder"}
    assert set(files) == {f"{node}_params" for node in nodes}
    assert all(Path(file).is_file() for file in files.values())


@pytest.mark.ros
@pytest.mark.launch
@pytest.mark.slow
@pytest.mark.parametrize("link", ["unlimited", "none"])
def test_teleop_carries_pictures_and_records_them(run, pictures, tmp_path, link):
    printed = run(
        "teleop", f"source:={pictures}", "model:=bicubic", f"link:={link}", "output:=out", "seconds:=8"
    )
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert summary["frames_shown"] > 0, printed
    assert summary["quality"]["sr"]["psnr_db"] > 20
    assert "process has died" not in printed


@pytest.mark.ros
@pytest.mark.launch
@pytest.mark.slow
def test_replay_runs_on_the_recordings_time(run, shared, tmp_path):
    bag = shared / "data/recordings/euroc_micro_cam0"
    printed = run("replay", f"bag:={bag}", "model:=bicubic", "link:=unlimited", "output:=out")
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert summary["frames_shown"] > 0, printed
    # By the wall clock, pictures of 2016 would be years old.
    assert 0 <= summary["age_ms"]["p50"] < 10_000


@pytest.mark.launch
def test_degradation_runs_an_experiment_instead_of_the_chain(run, pictures, tmp_path):
    (tmp_path / "plan.yaml").write_text(
        "description: x\ncontenders: [{name: jpeg, kind: fixed, codec: jpeg, quality: 50}]\nlinks: [lte]\n"
        f"recordings: [{pictures}]\nmodels: [bicubic]\nseconds: 1\ncurves: false\n"
    )
    printed = run("degradation", "experiment:=plan.yaml", "output:=out")
    (row,) = json.loads((tmp_path / "out/results.json").read_text())["rows"]
    assert row["frames_shown"] > 0
    assert (tmp_path / "out/report.html").is_file()
    assert "finished cleanly" in printed


@pytest.mark.launch
def test_an_experiment_that_does_not_exist_is_one_line(run):
    printed = run("degradation", "experiment:=no_such")
    assert len([line for line in printed.splitlines() if "'no_such': no such file" in line]) == 1
    assert "Traceback" not in printed


@pytest.mark.ros
@pytest.mark.launch
def test_a_mistake_ends_the_chain_with_one_line(run, pictures):
    printed = run("teleop", f"source:={pictures}", "model:=no_such")
    assert len([line for line in printed.splitlines() if "model 'no_such'" in line]) == 1
    assert "Traceback" not in printed
