"""The operator's page in a browser: pictures with age and mark, link, settings, recordings."""

from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import EnvironmentVariable, LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

CONFIG = Path(__file__).resolve().parents[1] / "config"  # in the checkout as in share/
GIVEN = {"cameras": str, "listen": str, "port": int, "token_file": str, "recordings": str}


def operator(context: LaunchContext) -> list[Node]:
    """The node; an argument that was left empty leaves the parameter file's value as it is."""
    overrides = {
        name: ParameterValue(LaunchConfiguration(name), value_type=kind)
        for name, kind in GIVEN.items()
        if LaunchConfiguration(name).perform(context)
    }
    return [
        Node(
            package="edgesr_ros",
            executable="operator",
            namespace=LaunchConfiguration("namespace"),
            parameters=[
                LaunchConfiguration("operator_params"),
                {"use_sim_time": LaunchConfiguration("use_sim_time"), **overrides},
            ],
            remappings=[("focus", LaunchConfiguration("focus"))],
            output="screen",
        )
    ]


def generate_launch_description() -> LaunchDescription:
    """Node `operator`."""
    arguments = [
        DeclareLaunchArgument(
            "namespace", default_value="", description="Namespace of the pictures: that of ground_station."
        ),
        DeclareLaunchArgument(
            "focus",
            default_value="focus",
            description="Topic that tells the robot which camera is looked at, e.g. /rover/focus.",
        ),
        DeclareLaunchArgument(
            "cameras",
            default_value="",
            description="Names of cameras, with commas between; empty: as the parameter file says.",
        ),
        DeclareLaunchArgument(
            "listen",
            default_value="",
            description="IP address to serve the page on; other machines need the token that is told with "
            "it. Empty: as the parameter file says.",
        ),
        DeclareLaunchArgument(
            "port", default_value="", description="TCP port of the page; empty: as the parameter file says."
        ),
        DeclareLaunchArgument(
            "token_file",
            default_value="",
            description="File that holds the token; empty: as the parameter file says.",
        ),
        DeclareLaunchArgument(
            "recordings",
            default_value="",
            description="Folder for recordings; empty: as the parameter file says.",
        ),
        DeclareLaunchArgument(
            "operator_params",
            default_value=str(CONFIG / "operator.yaml"),
            description="Parameter file of operator: address, token, limits.",
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
    return LaunchDescription([*arguments, *transports, OpaqueFunction(function=operator)])
