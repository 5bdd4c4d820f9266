"""The launch files with the real `launch`: that the stand-in is like it, and the chain that they start."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from launch_runs import RUNS, title

# The other tests of this folder go as far as one can without.
pytest.importorskip(
    "launch_ros",
    reason="launch and launch_ros come with a ROS 2 installation only. Only there is tested: that they make "
    "of our launch files what the stand-in makes of them; that the chain starts, carries pictures, gives the "
    "recorder its time and ends with its first part. Tested nowhere: the options of `ros2 bag play`.",
)

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


# Before it: processes are written down instead of started.
NOTE = """
import json
from launch.actions import ExecuteLocal
def note(self, context):
    self.prepare(context)
    with open("commands", "a") as file:
        print(json.dumps(self.process_details["cmd"]), file=file)
ExecuteLocal.execute = note
"""


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

    def run(name: str, *given: str, script: str = LAUNCH) -> str:
        path = prefix / "share/edgesr_ros/launch" / f"{name}.launch.py"
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(path), *given],
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


def understood(command: list[str]) -> dict[str, object]:
    """A node's command as the stand-in describes nodes."""
    assert command[1] == "--ros-args"
    options = list(zip(command[2::2], command[3::2], strict=True))
    rules = [tuple(value.split(":=")) for option, value in options if option == "-r"]
    return {
        "executable": command[0],
        "namespace": dict(rules).get("__ns", "/"),
        "remappings": [rule for rule in rules if rule[0] != "__ns"],
        "parameters": [Path(value).read_text() for option, value in options if option == "--params-file"],
    }


@pytest.mark.launch
@pytest.mark.parametrize("given", RUNS, ids=title)
def test_launch_makes_the_same_of_a_file_as_the_stand_in(run, starts, prefix, tmp_path, given):
    name, arguments = given
    printed = run(name, *(f"{key}:={value}" for key, value in arguments.items()), script=NOTE + LAUNCH)
    path = tmp_path / "commands"
    commands = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    started = starts(name, **arguments)
    nodes = [
        {
            "executable": str(prefix / "lib" / node.package / node.executable),
            "namespace": node.namespace,
            "remappings": list(node.remappings),
            "parameters": [
                *(file.read_text() for file in node.parameter_files),
                yaml.dump({"/**": {"ros__parameters": node.parameters}}, default_flow_style=False),
            ],
        }
        for node in started.nodes
    ]
    processes = [command for command in commands if "--ros-args" not in command]
    assert processes == started.processes, printed
    assert [understood(command) for command in commands if command not in processes] == nodes


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
