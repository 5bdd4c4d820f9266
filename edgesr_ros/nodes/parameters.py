"""ROS parameters from a typed structure: one place says type, range, choices and description.

A node's parameters are a `schema.Struct` whose fields are annotated with `msgspec.Meta`. Defaults stand in
config/<node>.yaml and nowhere else. A field marked `FIXED` cannot change while the node runs.
"""

from typing import Any, Generic, TypeVar

import msgspec
from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from edgesr_ros.defaults import defaults_of
from edgesr_ros.errors import InputError
from edgesr_ros.schema import Struct, convert

_ROS_TYPES = {
    "integer": Parameter.Type.INTEGER,
    "number": Parameter.Type.DOUBLE,
    "boolean": Parameter.Type.BOOL,
    "string": Parameter.Type.STRING,
}
_LARGEST = 2**31 - 1  # for ranges that are open above

P = TypeVar("P", bound=Struct)


class Parameters(Generic[P]):
    """The node's parameters as one immutable value that is replaced whole: read `current` once per frame.

    Raises:
        InputError: a given value has the wrong type, is out of range or is none of the choices.
    """

    def __init__(self, node: Node, kind: type[P], config: str) -> None:
        self._kind = kind
        defaults = defaults_of(config)
        self._where = node.get_fully_qualified_name()
        properties = properties_of(kind)
        values: dict[str, Any] = {}
        for name, facts in properties.items():
            try:
                values[name] = node.declare_parameter(name, defaults[name], _descriptor(facts)).value
            except (InvalidParameterTypeException, InvalidParameterValueException) as error:
                raise InputError(f"{self._where}: {error}") from None
        self.current: P = self._checked(values)
        node.add_on_set_parameters_callback(self._on_set)
        node.add_post_set_parameters_callback(self._on_changed)

    def _checked(self, values: dict[str, Any]) -> P:
        try:
            return convert(values, self._kind, f"{self._where}: parameter")
        except InputError as error:
            choices = [
                f"{name}: {', '.join(map(str, facts['enum']))}"
                for name, facts in properties_of(self._kind).items()
                if "enum" in facts and f"$.{name}`" in str(error)
            ]
            raise InputError(f"{error}; expected one of {choices[0]}" if choices else str(error)) from None

    def _merged(self, changes: list[Parameter]) -> P:
        values = msgspec.structs.asdict(self.current)
        values.update({p.name: p.value for p in changes if p.name in values})
        return self._checked(values)

    def _on_set(self, changes: list[Parameter]) -> SetParametersResult:
        try:
            self._merged(changes)
        except InputError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _on_changed(self, changes: list[Parameter]) -> None:
        self.current = self._merged(changes)


def properties_of(kind: type[Struct]) -> dict[str, dict[str, Any]]:
    """What JSON Schema says of each field: description, type, enum, minimum, maximum, readOnly …"""
    schema = msgspec.json.schema(kind)
    return schema["$defs"][kind.__name__]["properties"]


def _descriptor(facts: dict[str, Any]) -> ParameterDescriptor:
    descriptor = ParameterDescriptor(description=facts["description"], read_only=facts.get("readOnly", False))
    if "enum" in facts:
        descriptor.additional_constraints = f"one of {', '.join(map(str, facts['enum']))}"
        return descriptor
    descriptor.type = _ROS_TYPES[facts["type"]].value
    # `rate:=25` for a float is nobody's mistake; what is not a number at all `_checked` refuses.
    descriptor.dynamic_typing = facts["type"] == "number"
    if "minimum" in facts or "maximum" in facts:
        low, high = facts.get("minimum", -_LARGEST), facts.get("maximum", _LARGEST)
        if facts["type"] == "integer":
            descriptor.integer_range = [IntegerRange(from_value=low, to_value=high, step=0)]
        else:
            descriptor.floating_point_range = [
                FloatingPointRange(from_value=float(low), to_value=float(high), step=0.0)
            ]
    return descriptor
