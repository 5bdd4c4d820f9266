"""The operator's side alone: what arrives is decoded, super-resolved and marked with its age."""

from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import EnvironmentVariable, LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

CONFIG = Path(__file__).resolve().parents[1] / "config"  # in the checkout as in share/
CAMERA = "{camera}"  # stands for a camera's name in the topics of several
TOPICS = ("compressed", "camera_info", "time_reference")


def ground_station(context: LaunchContext) -> list[Node]:
    """The node; an argument that was left empty leaves the parameter file's value as it is."""
    overrides = {
        name: ParameterValue(LaunchConfiguration(name), value_type=kind)
        for name, kind in (("model", str), ("interpolation", float), ("overlay", bool), ("cameras", str))
        if LaunchConfiguration(name).perform(context)
    }
    cameras, received = (LaunchConfiguration(name).perform(context) for name in ("cameras", "image_lr"))
    names = [name.strip() for name in cameras.split(",") if name.strip()]
    bases = [("image_lr", received)] if not names else []
    if CAMERA in received:
        bases += [(f"{name}/image_lr", received.replace(CAMERA, name)) for name in names]
    return [
        Node(
            package="edgesr_ros",
            executable="ground_station",
            namespace=LaunchConfiguration("namespace"),
            parameters=[
                LaunchConfiguration("ground_station_params"),
                {"use_sim_time": LaunchConfiguration("use_sim_time"), **overrides},
            ],
            remappings=[
                *((f"{base}/{topic}", f"{to}/{topic}") for base, to in bases for topic in TOPICS),
                ("link_report", LaunchConfiguration("link_report")),
            ],
            output="screen",
        )
    ]


def generate_launch_description() -> LaunchDescription:
    """Node `ground_station`."""
    arguments = [
        DeclareLaunchArgument("namespace", default_value="", description="Namespace of the node."),
        DeclareLaunchArgument(
            "image_lr",
            default_value="image_lr",
            description="Base topic of what arrives from the robot; of several cameras with {camera} for "
            "their names, if it is not {camera}/image_lr.",
        ),
        DeclareLaunchArgument(
            "cameras",
            default_value="",
            description="Names of several cameras, as at `onboard`; empty: as the parameter file says.",
        ),
        DeclareLaunchArgument(
            "link_report",
            default_value="link_report",
            description="Topic on which onboard hears what arrived; without it, it sends at a fixed rate.",
        ),
        DeclareLaunchArgument(
            "model",
            default_value="",
            description="Shipped name or path of a model, or bicubic; empty: as the parameter file says.",
        ),
        DeclareLaunchArgument(
            "interpolation",
            default_value="",
            description="From texture (0) to pixel fidelity (1); empty: as the parameter file says.",
        ),
        DeclareLaunchArgument(
            "overlay",
            default_value="",
            choices=["", "true", "false"],
            description="Draw age and mark into the picture; empty: as the parameter file says.",
        ),
        DeclareLaunchArgument(
            "ground_station_params",
            default_value=str(CONFIG / "ground_station.yaml"),
            description="Parameter file of ground_station: model, backend, threads, staleness.",
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
    return LaunchDescription([*arguments, *transports, OpaqueFunction(function=ground_station)])
