"""What our launch files use of `launch` and `launch_ros`, for machines that have neither.

A file is loaded with these classes under the names of the real ones and then performed: what it would start
is written down instead. Signatures and meanings are those of ROS 2 Jazzy, and only what our files use is
here, so that a file that wants more fails its tests until this has grown with it. Where the real ones are
installed, `test_launch_files.py` compares what both make of the same files.
"""

import runpy
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import launch_actions
import launch_substitutions
from launch_actions import Action, LaunchDescription, LaunchFile, Started
from launch_substitutions import LaunchConfiguration, LaunchContext, LaunchError, text_of

_MODULES = {
    "launch": "Event LaunchContext LaunchDescription",
    "launch.actions": "DeclareLaunchArgument ExecuteProcess IncludeLaunchDescription OpaqueFunction "
    "RegisterEventHandler SetEnvironmentVariable Shutdown TimerAction",
    "launch.conditions": "IfCondition UnlessCondition",
    "launch.event_handlers": "OnProcessExit",
    "launch.substitutions": "EnvironmentVariable EqualsSubstitution IfElseSubstitution LaunchConfiguration",
    "launch_ros": "",
    "launch_ros.actions": "Node",
    "launch_ros.parameter_descriptions": "ParameterValue",
}


@dataclass
class IncludeLaunchDescription(Action):
    """Another file, which sees all arguments of this one, and those that are given here."""

    launch_description_source: str
    launch_arguments: Iterable[tuple[str, object]] = field(default=(), kw_only=True)

    def perform(self, context: LaunchContext, started: Started) -> None:
        given = {name: text_of(value, context) for name, value in self.launch_arguments}
        context.launch_configurations.update(given)
        included = LaunchFile(Path(self.launch_description_source))
        started.file.includes.append(included)
        within = Started(included, started.nodes, started.processes, started.handlers)
        _load(included).perform(context, within)
        # `launch` lets it pass: the argument would be one that nobody reads.
        if unknown := given.keys() - included.declared:
            raise LaunchError(f"{included.path.name} declares no argument {', '.join(sorted(unknown))}")


def perform(path: Path, **arguments: str) -> Started:
    """What a launch file starts with these arguments.

    Raises:
        LaunchError: what `launch` would refuse.
    """
    started = Started(LaunchFile(path))
    _load(started.file).perform(LaunchContext(dict(arguments)), started)
    return started


def _load(file: LaunchFile) -> LaunchDescription:
    class Configuration(LaunchConfiguration):
        """Writes down which file reads which argument, also from within its functions."""

        def __init__(self, variable_name: str) -> None:
            super().__init__(variable_name)
            file.read.add(variable_name)

    known = {**vars(launch_substitutions), **vars(launch_actions), **globals()}
    known["LaunchConfiguration"] = Configuration
    modules = {}
    for name, classes in _MODULES.items():
        modules[name] = ModuleType(name)
        vars(modules[name]).update({kind: known[kind] for kind in classes.split()})
    with patch.dict(sys.modules, modules):
        return runpy.run_path(str(file.path))["generate_launch_description"]()
