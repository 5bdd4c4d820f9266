"""What a node did, once a second on /diagnostics: counts, drops by reason, time per stage."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from edgesr_ros.nodes.watch import Finding
from edgesr_ros.quality.summary import DROPPED

DIAGNOSTICS_PERIOD = 1.0  # seconds; what rqt_robot_monitor and diagnostic_aggregator expect


class Diagnostics:
    """Counters and timers of a node; safe to use from any thread.

    Attributes:
        reason: what was wrong with the last frame that could not be used; empty: nothing yet.
        findings: what is wrong as it was last judged, the worst first.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._timings: dict[str, list[float]] = defaultdict(list)
        self._values: dict[str, str] = {}
        self.reason = ""
        self.findings: Sequence[Finding] = ()
        self._level, self._message = DiagnosticStatus.OK, "running"
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)

    def count(self, what: str, number: int = 1) -> None:
        """Add to a counter that lives as long as the node."""
        with self._lock:
            self._counts[what] += number

    def drop(self, reason: str, number: int = 1) -> None:
        """Count frames that go no further, by reason."""
        self.count(DROPPED + reason, number)

    def show(self, **values: object) -> None:
        """Facts to show beside the counters: the newest value of each counts."""
        with self._lock:
            self._values.update({key: str(value) for key, value in values.items()})

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage of the work."""
        start = time.perf_counter()
        try:
            yield
        finally:
            with self._lock:
                self._timings[name].append(time.perf_counter() - start)

    def ok(self) -> None:
        """All is well again."""
        self._level, self._message = DiagnosticStatus.OK, "running"

    def warn(self, message: str) -> None:
        """Degraded, but going on: shown until `ok` or the next `warn`; logged when it is news."""
        if message != self._message:
            self._node.get_logger().warning(message)
        self._level, self._message = DiagnosticStatus.WARN, message

    def counts(self) -> dict[str, int]:
        """The counters as they are now."""
        with self._lock:
            return dict(self._counts)

    def find(self, findings: Sequence[Finding]) -> None:
        """What is wrong now, beside `warn`: replaces what was found before; logged when it is news."""
        known = {finding.about for finding in self.findings}
        for finding in findings:
            if finding.about in known:
                continue
            if finding.level == DiagnosticStatus.ERROR:  # rclpy wants one line of code a severity
                self._node.get_logger().error(finding.text)
            else:
                self._node.get_logger().warning(finding.text)
        self.findings = sorted(findings, key=lambda finding: finding.level, reverse=True)

    def _state(self) -> tuple[bytes, str]:
        """Level and message of all that is wrong."""
        texts = [finding.text for finding in self.findings]
        if not texts:
            return self._level, self._message
        if self._level != DiagnosticStatus.OK:
            texts.append(self._message)
        return max(self._level, self.findings[0].level), "; ".join(texts)

    def publish(self) -> None:
        """Publish what has been counted; the node calls it every `DIAGNOSTICS_PERIOD`."""
        with self._lock:
            pairs = {key: str(value) for key, value in sorted(self._counts.items())} | self._values
            for name, seconds in self._timings.items():
                pairs[f"{name}_ms.mean"] = f"{1e3 * sum(seconds) / len(seconds):.2f}"
                pairs[f"{name}_ms.max"] = f"{1e3 * max(seconds):.2f}"
            self._timings.clear()
        level, text = self._state()
        message = DiagnosticArray()
        message.header.stamp = self._node.get_clock().now().to_msg()
        message.status = [
            DiagnosticStatus(
                level=level,
                name=self._node.get_fully_qualified_name(),
                message=text,
                hardware_id="edgesr_ros",
                values=[KeyValue(key=key, value=value) for key, value in pairs.items()],
            )
        ]
        self._publisher.publish(message)
