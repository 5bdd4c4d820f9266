"""The robot's side alone: a camera's frames reduced, encoded and paced for the radio."""

from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import EnvironmentVariable, LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

CONFIG = Path(__file__).resolve().parents[1] / "config"  # in the checkout as in share/
CAMERA = "{camera}"  # stands for a camera's name in the topics of several


def onboard(context: LaunchContext) -> list[Node]:
    """The node; of several cameras the topics follow a pattern."""
    cameras, image, info = (
        LaunchConfiguration(name).perform(context) for name in ("cameras", "image", "camera_info")
    )
    names = [name.strip() for name in cameras.split(",") if name.strip()]
    remappings = [] if names else [("image_raw", image), ("camera_info", info)]
    for topic, pattern in (("image_raw", image), ("camera_info", info)):
        if CAMERA in pattern:
            remappings += [(f"{name}/{topic}", pattern.replace(CAMERA, name)) for name in names]
    named = {"cameras": ParameterValue(LaunchConfiguration("cameras"), value_type=str)} if names else {}
    return [
        Node(
            package="edgesr_ros",
            executable="onboard",
            namespace=LaunchConfiguration("namespace"),
            parameters=[
                LaunchConfiguration("onboard_params"),
                {"use_sim_time": LaunchConfiguration("use_sim_time"), **named},
            ],
            remappings=remappings,
            output="screen",
        )
    ]


def generate_launch_description() -> LaunchDescription:
    """Node `onboard`."""
    arguments = [
        DeclareLaunchArgument("namespace", default_value="", description="Namespace of the node."),
        DeclareLaunchArgument(
            "image",
            default_value="image_raw",
            description="Topic of the camera's pictures, raw or compressed; of several with {camera} for "
            "their names, if it is not {camera}/image_raw.",
        ),
        DeclareLaunchArgument(
            "camera_info",
            default_value="camera_info",
            description="Topic of the camera's calibration; of several as `image`.",
        ),
        DeclareLaunchArgument(
            "cameras",
            default_value="",
            description="Names of several cameras that share the link, as front,rear,arm; empty: as the "
            "parameter file says.",
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
    return LaunchDescription([*arguments, *transports, OpaqueFunction(function=onboard)])
