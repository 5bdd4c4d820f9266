"""What all our nodes share: life cycle, lazy subscriptions, quality of service."""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from copy import copy
from functools import wraps
from typing import Any, ClassVar, Generic, TypeVar

import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.event_handler import PublisherEventCallbacks
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions

from edgesr_ros.errors import InputError, disk_error
from edgesr_ros.nodes.diagnostics import DIAGNOSTICS_PERIOD, Diagnostics
from edgesr_ros.nodes.executor import Spinner
from edgesr_ros.nodes.inputs import Input, Way
from edgesr_ros.nodes.memory import FREED
from edgesr_ros.nodes.parameters import Parameters
from edgesr_ros.nodes.watch import Yield
from edgesr_ros.schema import Struct

P = TypeVar("P", bound=Struct)

_BAD_INPUT_LOG_PERIOD = 2.0  # seconds between log lines, however many frames are malformed
# Seconds after which a thread that computes in Python lets another run. With Python's 5 ms a callback that
# waits once for the worker is already late.
_SWITCH_INTERVAL = 0.5e-3

# REP 2003: offer much, request little. A viewer that requests reliability gets pictures then, and one that
# does not costs no more than before. Few are kept for a slow viewer, who wants new ones; but more than one,
# as the thread that sends them may be late when several come at once.
PICTURES = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=5, reliability=ReliabilityPolicy.RELIABLE)
FIGURES = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=10, reliability=ReliabilityPolicy.RELIABLE)
FRAMES = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
# What crosses the radio is not even offered reliably: nothing is sent twice there, for a newer one is better.
# Small compressed frames: a short queue that the callback empties at once into a newest-wins slot, so that
# a burst of malformed frames cannot push the good one out inside DDS.
COMPRESSED = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
# A frame may come in as many parts, at once, while the one before is being decoded.
PARTS = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=255, reliability=ReliabilityPolicy.BEST_EFFORT)
LATCHED = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)


class EdgesrNode(Node, Generic[P]):
    """A node with typed parameters and diagnostics whose subscriptions last while somebody listens."""

    NAME: ClassVar[str]
    PARAMETERS: ClassVar[type[Struct]]

    def __init__(self, **options: Any) -> None:
        super().__init__(self.NAME, **options)
        self.parameters: Parameters[P] = Parameters(self, self.PARAMETERS, self.NAME)  # type: ignore[arg-type]
        self.diagnostics = Diagnostics(self)
        self.failure: InputError | None = None
        self._inputs: list[Input] = []
        self._yield = Yield()
        self.every(DIAGNOSTICS_PERIOD, self._watch)

    def publisher(self, kind: type, topic: str, qos: QoSProfile = PICTURES) -> Publisher:
        """A publisher whose QoS parameters can override and whose listeners start our work."""
        return self.create_publisher(
            kind,
            topic,
            copy(qos),  # rclpy writes the overrides into the profile that it is given
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
            event_callbacks=PublisherEventCallbacks(matched=lambda _: self._listeners_changed()),
        )

    def subscribe(
        self,
        kind: type,
        topic: str,
        callback: Callable[[Any], None],
        qos: QoSProfile = FRAMES,
        **options: Any,
    ) -> Input:
        """Subscribe to messages of one type; options as of `Input`."""
        return self.subscribe_any(topic, {kind: Way(callback, qos)}, **options)

    def subscribe_any(self, topic: str, ways: Mapping[type, Way], **options: Any) -> Input:
        """Subscribe to the type, of several, that somebody publishes; options as of `Input`."""
        timed = {kind: way._replace(callback=self._timed(way.callback)) for kind, way in ways.items()}
        source = Input(self, topic, timed, **options)
        self._inputs.append(source)
        source.refresh()
        return source

    def every(self, period: float, callback: Callable[[], None]) -> None:
        """Call back every `period` seconds of real time, also when /clock stands still."""
        self.create_timer(period, self._timed(callback), clock=Clock(clock_type=ClockType.STEADY_TIME))

    def bad_input(self, error: InputError) -> None:
        """Say what was wrong with an input, at most once every two seconds; the node goes on."""
        self.diagnostics.reason = str(error)
        self.get_logger().warning(str(error), throttle_duration_sec=_BAD_INPUT_LOG_PERIOD)

    def frame_failed(self, error: Exception) -> None:
        """A frame could not be handled: count it, say so, go on with the next."""
        if not self.context.ok():
            return  # nothing can be published any more: the node is being stopped
        self.diagnostics.drop("failed")
        self.diagnostics.reason = " ".join(str(error).split())
        self.diagnostics.warn(f"a frame failed: {self.diagnostics.reason}")

    def end(self, failure: InputError | None = None) -> None:
        """End the process, from any thread: well, or for a failure that `run` reports."""
        self.failure = failure
        self.context.try_shutdown()

    def close(self) -> None:
        """Stop the node's threads; overridden where there are some."""

    def _timed(self, callback: Callable[..., None]) -> Callable[..., None]:
        """A callback as a stage of the diagnostics: while one runs, all others of the node wait."""

        @wraps(callback)  # rclpy looks at the signature
        def timed(*arguments: Any) -> None:
            with self.diagnostics.stage("callback"):
                callback(*arguments)

        return timed

    def _listeners_changed(self) -> None:
        for source in self._inputs:
            source.refresh()

    def _watch(self) -> None:
        """Once a second: is everything here that is needed, and does it come to anything?"""
        self._listeners_changed()  # those of the camera may have another type by now
        findings = [finding for source in self._inputs for finding in source.judge()]
        findings += self._yield.judge(self.diagnostics.counts(), self.diagnostics.reason)
        self.diagnostics.find(findings)
        self.diagnostics.publish()


def run(create: Callable[[], EdgesrNode], publish_in_background: bool = False) -> int:
    """Spin a node until it ends or is interrupted; status 0, or 2 with one line for a user's mistake.

    Args:
        create: makes the node.
        publish_in_background: Fast DDS hands messages over in a thread of its own. With a viewer that has
            stopped, publishing a picture of 1280x720 takes 17 ms, and 1 ms so.
    """
    sys.setswitchinterval(_SWITCH_INTERVAL)
    FREED.begin()
    if publish_in_background:
        os.environ.setdefault("RMW_FASTRTPS_PUBLICATION_MODE", "ASYNCHRONOUS")
    node = None
    failure = None
    try:
        with Spinner() as spinner:
            node = create()
            spinner.spin(node)
    except InputError as error:
        failure = error
    except OSError as error:
        failure = disk_error(error)
        if failure is None:
            raise
    finally:
        # A second interrupt (process group and launch both send one) must not break the clean-up.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if node is not None:
            try:
                node.close()
            except InputError as error:
                failure = error
            failure = failure or node.failure
            node.destroy_node()
        rclpy.try_shutdown()
    if failure is not None:
        print(failure, file=sys.stderr)
        return 2
    return 0
