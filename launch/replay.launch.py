"""A bag through the whole chain, in the bag's own time: its stamps, and /clock for everybody."""

from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, IncludeLaunchDescription, OpaqueFunction
from launch.conditions import IfCondition
from launch.substitutions import (
    EqualsSubstitution,
    IfElseSubstitution,
    LaunchConfiguration,
)

CAMERA = "/robot/image_raw"


def check(context: LaunchContext) -> None:
    """`ros2 bag play` cannot look for the image topic itself.

    Raises:
        RuntimeError: it should play, and no topic is named.
    """
    player, topic = (LaunchConfiguration(name).perform(context) for name in ("player", "topic"))
    if player == "rosbag2" and not topic:
        raise RuntimeError("player:=rosbag2 needs topic:=<the bag's sensor_msgs/msg/Image topic>")


def generate_launch_description() -> LaunchDescription:
    """`teleop` on a bag: its other arguments hold as well. Ends with the bag."""
    by_rosbag2 = EqualsSubstitution(LaunchConfiguration("player"), "rosbag2")
    topic = LaunchConfiguration("topic")
    return LaunchDescription(
        [
            DeclareLaunchArgument("bag", description="Folder or file of the rosbag2."),
            DeclareLaunchArgument(
                "player",
                default_value="frame_player",
                choices=["frame_player", "rosbag2"],
                description="frame_player also plays compressed pictures; rosbag2 is `ros2 bag play`.",
            ),
            DeclareLaunchArgument(
                "topic",
                default_value="",
                description="Image topic of the bag; empty: its best (frame_player only).",
            ),
            DeclareLaunchArgument(
                "output",
                default_value="",
                description="Folder for the record of the quality; empty: nothing is recorded.",
            ),
            OpaqueFunction(function=check),
            IncludeLaunchDescription(
                str(Path(__file__).with_name("teleop.launch.py")),
                launch_arguments={
                    "source": LaunchConfiguration("bag"),
                    "camera": IfElseSubstitution(by_rosbag2, CAMERA, ""),
                    "loop": "false",
                    "use_sim_time": "true",
                }.items(),
            ),
            ExecuteProcess(
                cmd=[
                    *("ros2", "bag", "play", LaunchConfiguration("bag"), "--clock", "100"),
                    *("--delay", "3"),  # seconds: discovery takes a moment
                    *("--topics", topic, "--remap", [topic, f":={CAMERA}"]),
                ],
                condition=IfCondition(by_rosbag2),
                output="screen",
            ),
        ]
    )
