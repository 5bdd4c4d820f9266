"""The live parameters of other nodes of ours: found, followed and set, by their services."""

from collections.abc import Callable, Mapping
from typing import Any

from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.msg import ParameterEvent
from rcl_interfaces.srv import GetParameters, SetParametersAtomically
from rclpy.client import Client
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.parameter import Parameter, parameter_value_to_python
from rclpy.task import Future

from edgesr_ros.ends.robot_settings import RobotSettings
from edgesr_ros.nodes.ground_station import GroundStationParameters
from edgesr_ros.nodes.parameters import properties_of
from edgesr_ros.schema import Struct

# Of the nodes that have any which can be changed live. Importing all nodes would take 50 MB more.
PARAMETERS: dict[str, type[Struct]] = {"onboard": RobotSettings, "ground_station": GroundStationParameters}
_LOOKS = 10  # from one question for all values to the next: the news of a change may get lost
_PATIENCE = 5.0  # s for an answer, which may have to cross the radio
_NO_ANSWER = f"no answer within {_PATIENCE:g} s"


class _Remote:
    """A node of ours somewhere."""

    def __init__(self, node: Node, name: str, facts: dict[str, dict[str, Any]]) -> None:
        self.facts = facts
        self.values: dict[str, Any] = {}
        self.asked = 0  # looks until it is asked again
        self.getting: Client = node.create_client(GetParameters, f"{name}/get_parameters")
        self.setting: Client = node.create_client(
            SetParametersAtomically, f"{name}/set_parameters_atomically"
        )


class RemoteParameters:
    """Follows the live parameters of all nodes of ours that it finds; used by the executor's thread alone.

    Args:
        node: asks.
        kinds: by the names of nodes, without namespace, the structures of their parameters.
        changed: called when nodes have come or gone, or values have changed.
    """

    def __init__(self, node: Node, kinds: Mapping[str, type[Struct]], changed: Callable[[], None]) -> None:
        self._node, self._changed = node, changed
        self._facts = {name: _live(kind) for name, kind in kinds.items()}
        self._remotes: dict[str, _Remote] = {}

    def look(self) -> None:
        """See who is there; to be called now and then."""
        there = {
            f"{namespace.rstrip('/')}/{name}": self._facts[name]
            for name, namespace in self._node.get_node_names_and_namespaces()
            if self._facts.get(name)
        }
        for name in self._remotes.keys() - there.keys():
            remote = self._remotes.pop(name)
            self._node.destroy_client(remote.getting)
            self._node.destroy_client(remote.setting)
            self._changed()
        for name, facts in there.items():
            remote = self._remotes.get(name) or self._remotes.setdefault(
                name, _Remote(self._node, name, facts)
            )
            if remote.asked <= 0 and remote.getting.service_is_ready():
                remote.asked = _LOOKS
                self._ask(name, remote)
            remote.asked -= 1

    def on_event(self, event: ParameterEvent) -> None:
        """Somebody's parameters have changed."""
        remote = self._remotes.get(event.node)
        if remote is not None:
            self._take(remote, {changed.name: changed.value for changed in event.changed_parameters})

    def values(self) -> dict[str, dict[str, dict[str, Any]]]:
        """By node and parameter what is known of it: its JSON Schema, and `value`."""
        return {
            name: {key: facts | {"value": remote.values[key]} for key, facts in remote.facts.items()}
            for name, remote in sorted(self._remotes.items())
            if remote.values
        }

    def set(self, node: str, name: str, value: object, answer: Callable[[str], None]) -> None:
        """Set a parameter; `answer` takes why that failed, or an empty text."""
        remote = self._remotes.get(node)
        if remote is None or name not in remote.facts:
            answer(f"{node} has no parameter {name} that can be changed")
            return
        if remote.facts[name].get("type") == "number" and type(value) is int:
            value = float(value)
        parameter: ParameterMessage = Parameter(name, value=value).to_parameter_msg()
        request = SetParametersAtomically.Request(parameters=[parameter])

        def done(response: SetParametersAtomically.Response | None) -> None:
            if response is None:
                answer(_NO_ANSWER)
            elif response.result.successful:
                self._take(remote, {name: parameter.value})
                answer("")
            else:
                answer(response.result.reason or "refused")

        self._call(remote.setting, request, done)

    def _ask(self, name: str, remote: _Remote) -> None:
        keys = list(remote.facts)

        def done(response: GetParameters.Response | None) -> None:
            if response is not None and self._remotes.get(name) is remote:
                self._take(remote, dict(zip(keys, response.values, strict=False)))

        self._call(remote.getting, GetParameters.Request(names=keys), done)

    def _take(self, remote: _Remote, values: Mapping[str, Any]) -> None:
        """New values; one that nobody may change, or that the node does not have, is left out."""
        before = dict(remote.values)
        for key in remote.facts.keys() & values.keys():
            if (value := parameter_value_to_python(values[key])) is not None:
                remote.values[key] = value
        if remote.values != before:
            self._changed()

    def _call(self, client: Client, request: object, done: Callable[[Any], None]) -> None:
        """Ask; `done` takes the answer, or None where there is none in time."""
        future: Future = client.call_async(request)

        def give_up() -> None:
            client.remove_pending_request(future)
            future.cancel()

        timer = self._node.create_timer(_PATIENCE, give_up, clock=Clock(clock_type=ClockType.STEADY_TIME))

        def answered(future: Future) -> None:
            self._node.destroy_timer(timer)
            done(None if future.cancelled() else future.result())

        future.add_done_callback(answered)


def _live(kind: type[Struct]) -> dict[str, dict[str, Any]]:
    """Of the parameters those that can be changed."""
    return {name: facts for name, facts in properties_of(kind).items() if not facts.get("readOnly")}
