"""The paper's experiment: the bandwidth falls step by step while the quality is recorded.

With `experiment:=NAME` instead: every contender of that experiment over every one of its links.
"""

import sys
from pathlib import Path

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, IncludeLaunchDescription
from launch.conditions import IfCondition, UnlessCondition
from launch.substitutions import EqualsSubstitution, LaunchConfiguration

CLEAN_UP_TIMEOUT = "30"  # seconds in which an experiment ends its nodes and takes their link down


def generate_launch_description() -> LaunchDescription:
    """`teleop` with other defaults: its other arguments hold as well."""
    experiment, output = LaunchConfiguration("experiment"), LaunchConfiguration("output")
    alone = EqualsSubstitution(experiment, "")
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "experiment",
                default_value="",
                description="Name (see config/experiments) or path of an experiment; empty: our chain alone.",
            ),
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
            IncludeLaunchDescription(
                str(Path(__file__).with_name("teleop.launch.py")), condition=IfCondition(alone)
            ),
            ExecuteProcess(
                cmd=[
                    *(sys.executable, "-m", "edgesr_ros.cli.main"),
                    *("experiment", experiment, "--output", output),
                ],
                condition=UnlessCondition(alone),
                sigkill_timeout=CLEAN_UP_TIMEOUT,
                output="screen",
            ),
        ]
    )
