"""Substitutions, typed values and conditions of the stand-in for `launch`: see launch_stand_in.py."""

import math
import os
from dataclasses import dataclass, field
from typing import Any, ClassVar

import yaml

_BOOLEAN = {"true": True, "1": True, "false": False, "0": False}


class LaunchError(Exception):
    """What `launch` would refuse."""


@dataclass
class LaunchContext:
    """The arguments, the environment of what is started from now on, and whether all is being ended."""

    launch_configurations: dict[str, str]
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    is_shutdown: bool = False


class Substitution:
    """A text that is known only when it is performed."""

    def perform(self, context: LaunchContext) -> str:
        raise NotImplementedError


def text_of(value: object, context: LaunchContext) -> str:
    """A text, a substitution, or several of them one after the other."""
    if isinstance(value, str):
        return value
    if isinstance(value, Substitution):
        return value.perform(context)
    if isinstance(value, list | tuple) and value:
        return "".join(text_of(part, context) for part in value)
    raise LaunchError(f"neither text nor substitution: {value!r}")


def typed(text: str, kind: type | None) -> Any:
    """A text as a value of that type; without a type, as YAML reads it."""
    if kind is str:
        return text
    value = yaml.safe_load(text) if text else ""
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) not in ((kind,) if kind else (bool, int, float, str)):
        raise LaunchError(f"{text!r} is not of type {kind.__name__ if kind else 'bool, int, float or str'}")
    return value


@dataclass
class LaunchConfiguration(Substitution):
    """The value of an argument."""

    variable_name: str

    def perform(self, context: LaunchContext) -> str:
        if self.variable_name not in context.launch_configurations:
            raise LaunchError(f"launch configuration '{self.variable_name}' does not exist")
        return context.launch_configurations[self.variable_name]


@dataclass
class EnvironmentVariable(Substitution):
    """The value of a variable, which a launch may have set itself."""

    name: str
    default_value: str | None = field(default=None, kw_only=True)

    def perform(self, context: LaunchContext) -> str:
        value = context.environment.get(self.name, self.default_value)
        if value is None:
            raise LaunchError(f"environment variable '{self.name}' does not exist")
        return value


@dataclass
class EqualsSubstitution(Substitution):
    """`true` or `false`; 1 is true, and 1.0 is 1."""

    left: object
    right: object

    def perform(self, context: LaunchContext) -> str:
        left, right = text_of(self.left, context), text_of(self.right, context)
        if all(text.lower() in _BOOLEAN for text in (left, right)):
            return str(_BOOLEAN[left.lower()] == _BOOLEAN[right.lower()]).lower()
        try:
            return str(math.isclose(float(left), float(right))).lower()
        except ValueError:
            return str(left == right).lower()


@dataclass
class IfElseSubstitution(Substitution):
    """One of two texts."""

    condition: object
    if_value: object = ""
    else_value: object = ""

    def perform(self, context: LaunchContext) -> str:
        holds = typed(text_of(self.condition, context), bool)
        return text_of(self.if_value if holds else self.else_value, context)


@dataclass
class ParameterValue:
    """A parameter's value of a certain type, whatever it looks like."""

    value: object
    value_type: type | None = field(default=None, kw_only=True)

    def evaluate(self, context: LaunchContext) -> Any:
        return typed(text_of(self.value, context), self.value_type)


@dataclass
class IfCondition:
    """Whether an action is performed."""

    predicate_expression: object
    wanted: ClassVar[bool] = True

    def holds(self, context: LaunchContext) -> bool:
        text = text_of(self.predicate_expression, context).strip().lower()
        if text not in _BOOLEAN:
            raise LaunchError(f"condition {text!r}: expected one of {', '.join(_BOOLEAN)}")
        return _BOOLEAN[text] is self.wanted


class UnlessCondition(IfCondition):
    """The opposite."""

    wanted = False
