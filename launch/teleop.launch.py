"""The whole chain on one machine: camera → onboard → emulated link → ground station → recorder.

The robot's nodes are in the namespace `robot`, the operator's in `ground`.
"""

from pathlib import Path

from launch import Event, LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
    TimerAction,
)
from launch.conditions import IfCondition, UnlessCondition
from launch.event_handlers import OnProcessExit
from launch.substitutions import (
    EqualsSubstitution,
    IfElseSubstitution,
    LaunchConfiguration,
)
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

CONFIG = Path(__file__).resolve().parents[1] / "config"  # in the checkout as in share/
LAST_FRAMES = 2.0  # seconds between the end of one process and the end of all: what is on its way arrives
CAMERA = "{camera}"  # stands for a camera's name in the topics of several
RECORDER_TIMEOUT = "60"  # seconds that the recorder may take for its report before it is terminated


def params_argument(node: str) -> DeclareLaunchArgument:
    """The argument for a node's parameter file."""
    return DeclareLaunchArgument(
        f"{node}_params",
        default_value=str(CONFIG / f"{node}.yaml"),
        description=f"Parameter file of {node}.",
    )


def text(name: str) -> ParameterValue:
    """An argument as a string parameter, even where it looks like a number."""
    return ParameterValue(LaunchConfiguration(name), value_type=str)


def cameras(context: LaunchContext) -> list[str]:
    """Their names; of one camera alone an empty one."""
    return [name.strip() for name in LaunchConfiguration("cameras").perform(context).split(",")]


def below(namespace: str, name: str) -> str:
    """A namespace in another."""
    return f"{namespace}/{name}".rstrip("/")


def players(context: LaunchContext) -> list[Node]:
    """A frame_player for each camera.

    Raises:
        RuntimeError: sources are neither one nor as many as cameras.
    """
    names, use_sim_time = cameras(context), LaunchConfiguration("use_sim_time")
    source = LaunchConfiguration("source").perform(context)
    sources = source.split(",") if len(names) > 1 and "," in source else [source] * len(names)
    if len(sources) != len(names):
        raise RuntimeError(
            f"source: expected one, or one for each of {len(names)} cameras, got {len(sources)}"
        )
    return [
        Node(
            package="edgesr_ros",
            executable="frame_player",
            namespace=below("robot", name),
            parameters=[
                LaunchConfiguration("frame_player_params"),
                {
                    "source": ParameterValue(played, value_type=str),
                    "topic": text("topic"),
                    "loop": LaunchConfiguration("loop"),
                    "stamps": IfElseSubstitution(use_sim_time, "recording", "now"),
                    "publish_clock": use_sim_time,
                },
            ],
            output="screen",
        )
        for name, played in zip(names, sources, strict=True)
    ]


def recorders(context: LaunchContext) -> list[Node]:
    """A quality_recorder for each camera; of several each writes into a folder of its name."""
    output, camera, source, link = (
        LaunchConfiguration(name).perform(context) for name in ("output", "camera", "source", "link")
    )
    nodes = []
    for name in cameras(context):
        image = camera.replace(CAMERA, name) or below("/robot", name) + "/image_raw"
        received = below("/robot" if link == "none" else "/ground", name) + "/image_lr/compressed"
        nodes.append(
            Node(
                package="edgesr_ros",
                executable="quality_recorder",
                namespace=below("ground", name),
                parameters=[
                    LaunchConfiguration("quality_recorder_params"),
                    {
                        "output": ParameterValue(below(output, name), value_type=str),
                        "source": ParameterValue(image if camera else source, value_type=str),
                        "link": text("link"),
                        "seconds": ParameterValue(LaunchConfiguration("seconds"), value_type=float),
                        "use_sim_time": LaunchConfiguration("use_sim_time"),
                    },
                ],
                remappings=[("image_raw", image), ("image_lr/compressed", received)],
                sigterm_timeout=RECORDER_TIMEOUT,
                output="screen",
            )
        )
    return nodes


def end_all(_event: Event, context: LaunchContext) -> TimerAction | None:
    """A chain that lacks a part is none: end the rest, unless that is happening already."""
    if context.is_shutdown:
        return None
    return TimerAction(period=LAST_FRAMES, actions=[Shutdown(reason="a part of the chain ended")])


def generate_launch_description() -> LaunchDescription:
    """All nodes; when one of them ends, so do the others."""
    use_sim_time = LaunchConfiguration("use_sim_time")
    direct = EqualsSubstitution(LaunchConfiguration("link"), "none")
    played = EqualsSubstitution(LaunchConfiguration("camera"), "")
    unrecorded = EqualsSubstitution(LaunchConfiguration("output"), "")
    alone = EqualsSubstitution(LaunchConfiguration("cameras"), "")
    arguments = [
        DeclareLaunchArgument(
            "source",
            default_value="camera:0",
            description="What frame_player plays: camera:N, video file, image folder or rosbag2; for "
            "several cameras one for all, or a,b,… for each.",
        ),
        DeclareLaunchArgument(
            "cameras",
            default_value="",
            description="Names of several cameras on the one link, as front,rear; empty: one without a name.",
        ),
        DeclareLaunchArgument(
            "topic", default_value="", description="Image topic of a bag; empty: its best."
        ),
        DeclareLaunchArgument(
            "loop",
            default_value="true",
            choices=["true", "false"],
            description="Start the source over at its end; otherwise its end is the end of all.",
        ),
        DeclareLaunchArgument(
            "camera",
            default_value="",
            description="Absolute image topic, raw or compressed, of a camera that runs already, instead of "
            "frame_player; of several with {camera} for their names.",
        ),
        DeclareLaunchArgument(
            "camera_info",
            default_value=IfElseSubstitution(alone, "/robot/camera_info", f"/robot/{CAMERA}/camera_info"),
            description="Absolute topic of that camera's calibration.",
        ),
        DeclareLaunchArgument(
            "link",
            default_value="demo",
            description="Name (see config/links) or path of a link profile; none: no link in between.",
        ),
        DeclareLaunchArgument(
            "output",
            default_value="",
            description="Folder for the record of the quality; empty: nothing is recorded.",
        ),
        DeclareLaunchArgument(
            "overlay",
            # Letters in the picture would be measured as errors of the super-resolution.
            default_value=IfElseSubstitution(unrecorded, "", "false"),
            choices=["", "true", "false"],
            description="Draw age and mark into the picture; empty: as ground_station_params says.",
        ),
        DeclareLaunchArgument(
            "seconds",
            default_value="0",
            description="Length of the record, after which all ends; 0: until the end or Ctrl-C.",
        ),
        DeclareLaunchArgument(
            "use_sim_time",
            default_value="false",
            choices=["true", "false"],
            description="Take the time from /clock, which frame_player publishes from the recording.",
        ),
        *map(params_argument, ("frame_player", "link_emulator", "quality_recorder")),
    ]
    robot, ground = (
        IfElseSubstitution(alone, f"/{side}", f"/{side}/{CAMERA}") for side in ("robot", "ground")
    )
    image = IfElseSubstitution(played, [robot, "/image_raw"], LaunchConfiguration("camera"))
    image_lr = [IfElseSubstitution(direct, robot, ground), "/image_lr"]

    any_end = RegisterEventHandler(OnProcessExit(on_exit=end_all, handle_once=True))
    # First, because it sets the DDS profile of all that follow.
    onboard = IncludeLaunchDescription(
        str(Path(__file__).with_name("onboard.launch.py")),
        launch_arguments={"namespace": "robot", "image": image}.items(),
    )
    link_emulator = Node(
        package="edgesr_ros",
        executable="link_emulator",
        parameters=[
            LaunchConfiguration("link_emulator_params"),
            {"profile": text("link"), "cameras": text("cameras"), "use_sim_time": use_sim_time},
        ],
        condition=UnlessCondition(direct),
        output="screen",
    )
    ground_station = IncludeLaunchDescription(
        str(Path(__file__).with_name("ground_station.launch.py")),
        launch_arguments={
            "namespace": "ground",
            "image_lr": image_lr,
            "link_report": IfElseSubstitution(direct, "/robot/link_report", "/ground/link_report"),
        }.items(),
    )
    frame_players = OpaqueFunction(function=players, condition=IfCondition(played))
    quality_recorders = OpaqueFunction(function=recorders, condition=UnlessCondition(unrecorded))
    return LaunchDescription(
        [*arguments, any_end, onboard, frame_players, link_emulator, ground_station, quality_recorders]
    )
