"""Real nodes in processes of their own, and this process as the other side of their topics."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy

from edgesr_ros.live.processes import Processes, chain_environment

TIMEOUT = 60.0  # seconds; only a failing test waits so long
_OFTEN = "often"  # module beside this one
_OTHER_SIDE = 0.5  # seconds in which the other side of a match has seen it too, nearly always

# What is sent to a node under test. A reliable subscription also gets what was sent before it had found us:
# on a busy machine that may take a while.
_HEARD = ("image_raw", "camera_info", "image_lr/compressed", "image_lr/time_reference", "link_report")
_HEARD_RELIABLY = {f"qos_overrides./{topic}.subscription.reliability": "reliable" for topic in _HEARD}

RELIABLE = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=100, reliability=ReliabilityPolicy.RELIABLE)
BEST_EFFORT = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=100, reliability=ReliabilityPolicy.BEST_EFFORT
)


class _Nodes(Processes):
    """Nodes whose diagnostics come often."""

    def start_module(
        self, name: str, module: str, arguments: Sequence[object], within: Sequence[str] = ()
    ) -> None:
        super().start_module(name, _OFTEN, [module, *arguments], within)


class Bench:
    """Starts nodes under test and talks to them."""

    def __init__(self, folder: Path, domain: int) -> None:
        environment = chain_environment() | {"ROS_DOMAIN_ID": str(domain)}
        os.environ["FASTRTPS_DEFAULT_PROFILES_FILE"] = environment["FASTRTPS_DEFAULT_PROFILES_FILE"]
        environment["PYTHONPATH"] += os.pathsep + str(Path(__file__).parent)
        self.logs = folder / "logs"
        self.processes = _Nodes(self.logs, environment)
        self.context = Context()
        self.context.init(domain_id=domain)
        self.node = Node("bench", context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self._found_by = 0.0
        self._diagnosed: dict[str, dict[str, str]] = {}
        self._state: dict[str, tuple[bytes, str]] = {}
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)

    def start(self, node: str, **parameters: object) -> None:
        """Start a node in the root namespace."""
        self.processes.start(node, parameters=_HEARD_RELIABLY | parameters)

    def publisher(self, kind: type, topic: str) -> Any:
        """A publisher that has found the node under test; messages wait until all are found as well."""
        publisher = self.node.create_publisher(kind, topic, RELIABLE)
        self.wait(lambda: publisher.get_subscription_count() > 0, f"a subscriber of {topic}")
        self._found_by = time.monotonic() + _OTHER_SIDE
        publish = publisher.publish

        def publish_once_found(message: Any) -> None:
            self.spin(self._found_by - time.monotonic())
            publish(message)

        publisher.publish = publish_once_found
        return publisher

    def deliver(self, publisher: Any, message: Any, arrived: Callable[[], object], what: str) -> None:
        """Publish a message, again if need be, until `arrived` holds."""
        due = 0.0

        def published_and_arrived() -> object:
            nonlocal due
            if time.monotonic() >= due and not arrived():
                publisher.publish(message)
                due = time.monotonic() + _OTHER_SIDE
            return arrived()

        self.wait(published_and_arrived, what)

    def collect(self, kind: type, topic: str, qos: QoSProfile = BEST_EFFORT) -> list[Any]:
        """A list that fills with what arrives, from a publisher that has been found."""
        messages: list[Any] = []
        subscription = self.node.create_subscription(kind, topic, messages.append, qos)
        self.wait(lambda: subscription.get_publisher_count() > 0, f"a publisher of {topic}")
        return messages

    def wait(self, condition: Callable[[], object], what: str) -> None:
        """Spin until the condition holds."""
        deadline = time.monotonic() + TIMEOUT
        while not condition():
            self.executor.spin_once(timeout_sec=0.02)
            assert time.monotonic() < deadline, f"waited in vain for {what}\n{self.said()}"

    def spin(self, seconds: float) -> None:
        """Spin for a while."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.executor.spin_once(timeout_sec=0.02)

    def diagnosed(self, node: str) -> dict[str, str]:
        """A node's newest diagnostics."""
        return self._diagnosed.get(node, {})

    def state(self, node: str) -> tuple[bytes, str]:
        """Level and message of a node's newest diagnostics."""
        return self._state.get(node, (b"", ""))

    def heard_from(self, node: str) -> bool:
        """Whether a node has published diagnostics."""
        return node in self._diagnosed

    def count(self, node: str, name: str) -> int:
        """A node's counter, as its newest diagnostics say."""
        return int(self.diagnosed(node).get(name, 0))

    def dropped(self, node: str) -> int:
        """Frames that a node dropped, for whatever reason."""
        return sum(int(value) for key, value in self.diagnosed(node).items() if key.startswith("dropped."))

    def said(self) -> str:
        """Everything that the nodes printed."""
        return "\n".join(f"{log.name}: {log.read_text()}" for log in sorted(self.logs.glob("*.log")))

    def close(self) -> None:
        self.processes.__exit__(None, None, None)
        self.executor.shutdown()
        self.node.destroy_node()
        self.context.try_shutdown()

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            node = status.name.rpartition("/")[2]
            self._diagnosed[node] = {pair.key: pair.value for pair in status.values}
            self._state[node] = (status.level, status.message)
