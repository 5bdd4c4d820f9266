"""The robot's side alone: a camera's frames reduced, encoded and paced for the radio."""

from pathlib import Path

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, SetEnvironmentVariable
from launch.substitutions import EnvironmentVariable, LaunchConfiguration
from launch_ros.actions import Node

CONFIG = Path(__file__).resolve().parents[1] / "config"  # in the checkout as in share/


def generate_launch_description() -> LaunchDescription:
    """Node `onboard`."""
    arguments = [
        DeclareLaunchArgument("namespace", default_value="", description="Namespace of the node."),
        DeclareLaunchArgument(
            "image",
            default_value="image_raw",
            description="Topic of the camera's pictures, raw or compressed.",
        ),
        DeclareLaunchArgument(
            "camera_info", default_value="camera_info", description="Topic of the camera's calibration."
        ),
        DeclareLaunchArgument(
            "onboard_params",
            default_value=str(CONFIG / "onboard.yaml"),
            description="Parameter file of onboard: ladder, policy, limits.",
        ),
        DeclareLaunchArgument(
            "use_sim_time",
            default_value="false",
            choices=["true", "false"],
            description="Take the time from /clock.",
        ),
    ]
    # Fast DDS 2 and 3 call it differently. A profile of the user's own stays.
    profile = str(CONFIG / "rmw" / "fastdds.xml")
    transports = [
        SetEnvironmentVariable(name, EnvironmentVariable(name, default_value=profile))
        for name in ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
    ]
    onboard = Node(
        package="edgesr_ros",
        executable="onboard",
        namespace=LaunchConfiguration("namespace"),
        parameters=[
            LaunchConfiguration("onboard_params"),
            {"use_sim_time": LaunchConfiguration("use_sim_time")},
        ],
        remappings=[
            ("image_raw", LaunchConfiguration("image")),
            ("camera_info", LaunchConfiguration("camera_info")),
        ],
        output="screen",
    )
    return LaunchDescription([*arguments, *transports, onboard])
