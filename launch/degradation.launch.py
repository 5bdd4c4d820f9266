"""The paper's experiment: the bandwidth falls step by step while the quality is recorded."""

from pathlib import Path

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription


def generate_launch_description() -> LaunchDescription:
    """`teleop` with other defaults: its other arguments hold as well."""
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "link",
                default_value="steps_down",
                description="Name (see config/links) or path of the link profile with the steps.",
            ),
            DeclareLaunchArgument(
                "output", default_value="degradation", description="Folder for the record of the quality."
            ),
            DeclareLaunchArgument(
                "seconds",
                default_value="48",
                description="Length of the record, after which all ends; steps_down takes 48 s.",
            ),
            IncludeLaunchDescription(str(Path(__file__).with_name("teleop.launch.py"))),
        ]
    )
