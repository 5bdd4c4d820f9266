"""What the launch files declare and would start, by the stand-in: no ROS 2 installation is needed."""

import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from launch_actions import Event, LaunchFile, Shutdown, TimerAction
from launch_runs import RUNS, title
from launch_stand_in import perform
from launch_substitutions import LaunchContext, LaunchError

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.name.removesuffix(".launch.py") for path in (ROOT / "launch").glob("*.launch.py"))
NODES = {"frame_player", "ground_station", "link_emulator", "onboard", "quality_recorder"}

HEAD = """
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
def generate_launch_description():
    return LaunchDescription([
"""


@pytest.fixture
def files(starts) -> dict[str, list[LaunchFile]]:
    """Each launch file as all runs together have loaded it."""
    loaded = defaultdict(list)

    def add(file: LaunchFile) -> None:
        loaded[file.path.name.removesuffix(".launch.py")].append(file)
        for included in file.includes:
            add(included)

    for name, given in RUNS:
        add(starts(name, **given).file)
    return loaded


def declared_within(file: LaunchFile) -> set[str]:
    return {name for included in file.includes for name in {*included.declared, *declared_within(included)}}


@pytest.mark.parametrize("name", NAMES)
def test_every_argument_that_is_read_is_declared_and_the_reverse(files, name):
    declared = {argument for file in files[name] for argument in file.declared}
    read = {argument for file in files[name] for argument in file.read}
    within = {argument for file in files[name] for argument in declared_within(file)}
    assert read <= declared
    assert declared <= read | within  # an included file sees them too


@pytest.mark.parametrize("name", NAMES)
def test_every_argument_is_described(files, name):
    for file in files[name]:
        assert all(argument.description.endswith(".") for argument in file.declared.values())


@pytest.mark.parametrize("name", NAMES)
def test_switches_take_only_true_and_false(files, name):
    for file in files[name]:
        for argument in file.declared.values():
            if argument.default_value in ("true", "false"):
                assert argument.choices == ["true", "false"], argument.name


@pytest.mark.parametrize("name", ["teleop", "degradation", "replay"])
def test_each_node_of_the_chain_has_its_parameter_file(files, name):
    arguments = {argument for file in files[name] for argument in {*file.declared, *declared_within(file)}}
    assert {argument for argument in arguments if "params" in argument} == {f"{n}_params" for n in NODES}


@pytest.mark.parametrize("run", RUNS, ids=title)
def test_all_that_is_started_is_installed(starts, prefix, run):
    for node in starts(run[0], **run[1]).nodes:
        assert node.package == "edgesr_ros"
        assert os.access(prefix / "lib/edgesr_ros" / node.executable, os.X_OK)
        assert node.parameter_files == (prefix / f"share/edgesr_ros/config/{node.executable}.yaml",)
        assert node.parameter_files[0].is_file()


@pytest.mark.parametrize("name", ["onboard", "ground_station", "operator", "teleop"])
def test_every_node_gets_our_dds_profile_unless_the_user_has_one(starts, prefix, monkeypatch, name):
    variables = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")  # Fast DDS 2 and 3
    for variable in variables:
        monkeypatch.delenv(variable, raising=False)
    ours = str(prefix / "share/edgesr_ros/config/rmw/fastdds.xml")
    assert Path(ours).is_file()
    nodes = starts(name).nodes
    assert {node.environment[variable] for node in nodes for variable in variables} == {ours}
    monkeypatch.setenv(variables[0], "/own.xml")
    assert {node.environment[variables[0]] for node in starts(name).nodes} == {"/own.xml"}


def test_the_runs_start_what_they_should(starts):
    def nodes(name, **given):
        return {node.executable for node in starts(name, **given).nodes}

    assert nodes("onboard") == {"onboard"}
    assert nodes("ground_station") == {"ground_station"}
    assert nodes("operator") == {"operator"}
    assert nodes("teleop") == NODES - {"quality_recorder"}
    assert nodes("teleop", output="x") == nodes("degradation") == NODES
    assert nodes("teleop", link="none") == {"frame_player", "onboard", "ground_station"}
    assert nodes("teleop", camera="/c") == {"onboard", "link_emulator", "ground_station"}
    assert nodes("replay", bag="x") == NODES - {"quality_recorder"}
    assert nodes("replay", bag="x", player="rosbag2", topic="/c") == {
        "onboard",
        "link_emulator",
        "ground_station",
    }
    assert nodes("degradation", experiment="x") == set()


def test_when_a_part_of_the_chain_ends_so_does_the_rest(starts):
    (handler,) = starts("teleop").handlers
    assert handler.handle_once
    timer = handler.on_exit(Event(), LaunchContext({}))
    assert isinstance(timer, TimerAction)
    assert [type(action) for action in timer.actions] == [Shutdown]
    assert handler.on_exit(Event(), LaunchContext({}, is_shutdown=True)) is None


def test_a_replay_by_rosbag2_reaches_the_chain(starts):
    started = starts("replay", bag="b", player="rosbag2", topic="/image")
    ((*_, remapping),) = started.processes
    (onboard,) = (node for node in started.nodes if node.executable == "onboard")
    assert remapping == f"/image:={dict(onboard.remappings)['image_raw']}"
    with pytest.raises(RuntimeError, match="player:=rosbag2 needs topic:="):
        starts("replay", bag="b", player="rosbag2")


def test_names_that_look_like_numbers_stay_names(starts):
    nodes = starts("teleop", source="0", topic="7", link="5", output="12").nodes
    taken = {node.executable: node.parameters for node in nodes}
    assert (taken["frame_player"]["source"], taken["frame_player"]["topic"]) == ("0", "7")
    assert taken["link_emulator"]["profile"] == "5"
    recorder = taken["quality_recorder"]
    assert (recorder["output"], recorder["source"], recorder["link"]) == ("12", "0", "5")


def test_an_experiment_is_a_command_of_ours(starts, tmp_path):
    (command,) = starts("degradation", experiment="no_such", output="x").processes
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "'no_such': no such file" in done.stderr


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("replay", {}, "required launch argument 'bag'"),
        ("onboard", {"use_sim_time": "yes"}, "'use_sim_time': 'yes' is none of"),
        ("teleop", {"output": "x", "seconds": "long"}, "'long' is not of type float"),
    ],
)
def test_mistakes_of_the_user(starts, name, given, message):
    with pytest.raises(LaunchError, match=message):
        starts(name, **given)


@pytest.mark.parametrize(
    ("action", "error", "message"),
    [
        ("LaunchConfiguration('x')", LaunchError, "not an action"),
        (
            "Node(package='p', executable='e', namespace=LaunchConfiguration('x'))",
            LaunchError,
            "does not exist",
        ),
        ("Node(package='p', executable='e', respawn=True)", TypeError, "respawn"),
        ("Node(package='p', executable='e', parameters=[{'x': 1}])", LaunchError, "belongs into the file"),
        ("Node(package='p', executable='e', remappings=[('x', 1)])", LaunchError, "neither text nor"),
        ("DeclareLaunchArgument('x', default='1', description='')", TypeError, "default"),
        (
            "IncludeLaunchDescription('other.launch.py', launch_arguments=[('x', 'y')])",
            LaunchError,
            "declares no",
        ),
    ],
)
def test_the_stand_in_refuses(tmp_path, monkeypatch, action, error, message):
    monkeypatch.chdir(tmp_path)
    Path("other.launch.py").write_text(f"{HEAD}])")
    path = tmp_path / "x.launch.py"
    path.write_text(f"{HEAD}{action}])")
    with pytest.raises(error, match=message):
        perform(path)


def test_the_stand_in_has_only_what_it_performs(tmp_path):
    path = tmp_path / "x.launch.py"
    path.write_text("from launch.actions import GroupAction")
    with pytest.raises(ImportError, match="GroupAction"):
        perform(path)


def test_the_stand_in_leaves_no_trace(starts):
    before = dict(sys.modules)
    starts("teleop")
    assert {name: sys.modules.get(name) for name in before} == before
    assert sys.modules.get("launch") is before.get("launch")
