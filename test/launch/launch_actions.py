"""Actions of the stand-in for `launch` and `launch_ros`, and what they leave: see launch_stand_in.py."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from launch_substitutions import (
    IfCondition,
    LaunchContext,
    LaunchError,
    ParameterValue,
    Substitution,
    text_of,
    typed,
)


@dataclass
class LaunchFile:
    """A file as it was loaded: its arguments, those of them that it reads, and the files that it includes."""

    path: Path
    declared: dict[str, "DeclareLaunchArgument"] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    includes: list["LaunchFile"] = field(default_factory=list)


@dataclass(frozen=True)
class StartedNode:
    """A node as it would be started."""

    package: str
    executable: str
    namespace: str
    parameter_files: tuple[Path, ...]
    parameters: dict[str, Any]
    remappings: tuple[tuple[str, str], ...]
    environment: dict[str, str]


@dataclass
class Started:
    """What a launch file would start, in order."""

    file: LaunchFile
    nodes: list[StartedNode] = field(default_factory=list)
    processes: list[list[str]] = field(default_factory=list)
    handlers: list["OnProcessExit"] = field(default_factory=list)


@dataclass(kw_only=True)
class Action:
    """Something that a launch file does, under a condition or always."""

    condition: IfCondition | None = None

    def perform(self, context: LaunchContext, started: Started) -> None:
        raise NotImplementedError


@dataclass
class LaunchDescription:
    """The actions of a file."""

    entities: list[Action]

    def perform(self, context: LaunchContext, started: Started) -> None:
        for action in self.entities:
            if not isinstance(action, Action):
                raise LaunchError(f"not an action: {action!r}")
            if action.condition is None or action.condition.holds(context):
                action.perform(context, started)


@dataclass
class DeclareLaunchArgument(Action):
    """An argument of the file, which keeps a value that it has already."""

    name: str
    default_value: object = field(default=None, kw_only=True)
    description: str = field(kw_only=True)
    choices: list[str] | None = field(default=None, kw_only=True)

    def perform(self, context: LaunchContext, started: Started) -> None:
        started.file.declared[self.name] = self
        given = context.launch_configurations
        if self.name not in given:
            if self.default_value is None:
                raise LaunchError(f"required launch argument '{self.name}' was not provided")
            given[self.name] = text_of(self.default_value, context)
        if self.choices is not None and given[self.name] not in self.choices:
            raise LaunchError(f"argument '{self.name}': {given[self.name]!r} is none of {self.choices}")


@dataclass
class SetEnvironmentVariable(Action):
    """A variable of all that is started later."""

    name: str
    value: object

    def perform(self, context: LaunchContext, _: Started) -> None:
        context.environment[self.name] = text_of(self.value, context)


@dataclass(kw_only=True)
class OpaqueFunction(Action):
    """Actions that a function makes of the arguments."""

    function: Callable[[LaunchContext], Iterable[Action] | None]

    def perform(self, context: LaunchContext, started: Started) -> None:
        LaunchDescription(list(self.function(context) or ())).perform(context, started)


@dataclass(kw_only=True)
class Node(Action):
    """A node, with parameter files and parameters of which the later ones win."""

    package: str
    executable: str
    namespace: object = ""
    parameters: list[object] = field(default_factory=list)
    remappings: list[tuple[str, object]] = field(default_factory=list)
    output: str = "log"
    sigterm_timeout: str = "5"

    def perform(self, context: LaunchContext, started: Started) -> None:
        files, overrides = [], {}
        for entry in self.parameters:
            if isinstance(entry, Mapping):
                overrides |= {name: self._value(value, context) for name, value in entry.items()}
            elif overrides:
                raise LaunchError("a parameter file after parameters: write it before them")
            else:
                files.append(Path(text_of(entry, context)))
        node = StartedNode(
            package=self.package,
            executable=self.executable,
            namespace="/" + text_of(self.namespace, context).lstrip("/"),
            parameter_files=tuple(files),
            parameters=overrides,
            remappings=tuple((source, text_of(target, context)) for source, target in self.remappings),
            environment=dict(context.environment),
        )
        float(self.sigterm_timeout)
        started.nodes.append(node)

    @staticmethod
    def _value(value: object, context: LaunchContext) -> object:
        if isinstance(value, ParameterValue):
            return value.evaluate(context)
        if isinstance(value, Substitution):
            return typed(text_of(value, context), None)
        raise LaunchError(f"a parameter that is no argument belongs into the file: {value!r}")


@dataclass(kw_only=True)
class ExecuteProcess(Action):
    """Any command."""

    cmd: list[object]
    output: str = "log"
    sigkill_timeout: str = "5"

    def perform(self, context: LaunchContext, started: Started) -> None:
        float(self.sigkill_timeout)
        started.processes.append([text_of(part, context) for part in self.cmd])


class Event:
    """That a process has ended, for example."""


@dataclass(kw_only=True)
class OnProcessExit:
    """What happens when a process ends."""

    on_exit: Callable[[Event, LaunchContext], Action | None]
    handle_once: bool = False


@dataclass
class RegisterEventHandler(Action):
    """From now on, until the end."""

    event_handler: OnProcessExit

    def perform(self, _: LaunchContext, started: Started) -> None:
        started.handlers.append(self.event_handler)


@dataclass(kw_only=True)
class TimerAction(Action):
    """Actions after some seconds."""

    period: float
    actions: list[Action]


@dataclass(kw_only=True)
class Shutdown(Action):
    """The end of all."""

    reason: str
