"""What all our nodes share: life cycle, lazy subscriptions, quality of service."""

import signal
import sys
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from functools import wraps
from typing import Any, ClassVar, Generic, TypeVar

import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.event_handler import PublisherEventCallbacks
from rclpy.exceptions import ROSInterruptException
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.subscription import Subscription

from edgesr_ros.errors import InputError, disk_error
from edgesr_ros.nodes.diagnostics import DIAGNOSTICS_PERIOD, Diagnostics
from edgesr_ros.nodes.latched import Latched
from edgesr_ros.nodes.parameters import Parameters
from edgesr_ros.schema import Struct

P = TypeVar("P", bound=Struct)

_BAD_INPUT_LOG_PERIOD = 2.0  # seconds between log lines, however many frames are malformed
_LOOK_FOR_LATCHED = 0.5  # seconds between looks for what was published before we came
_LOOK_FOR_PUBLISHERS = 3.0  # seconds between looks for inputs that nobody publishes
# Seconds after which a thread that computes in Python lets another run. With Python's 5 ms a callback that
# waits once for the worker is already late.
_SWITCH_INTERVAL = 0.5e-3

FRAMES = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
# Small compressed frames: a short queue that the callback empties at once into a newest-wins slot, so that
# a burst of malformed frames cannot push the good one out inside DDS.
COMPRESSED = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
LATCHED = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)


@dataclass
class Input:
    """A subscription that comes and goes with those who listen to what is made of it."""

    create: Callable[[], Subscription]
    while_heard: Sequence[Publisher]
    optional: bool
    subscription: Subscription | None = None

    def has_publisher(self) -> bool:
        """Whether somebody publishes it, as far as we have subscribed."""
        return self.subscription is not None and self.subscription.get_publisher_count() > 0


class EdgesrNode(Node, Generic[P]):
    """A node with typed parameters and diagnostics whose subscriptions last while somebody listens."""

    NAME: ClassVar[str]
    PARAMETERS: ClassVar[type[Struct]]

    def __init__(self, **options: Any) -> None:
        super().__init__(self.NAME, **options)
        self.parameters: Parameters[P] = Parameters(self, self.PARAMETERS, self.NAME)  # type: ignore[arg-type]
        self.diagnostics = Diagnostics(self)
        self.every(DIAGNOSTICS_PERIOD, self.diagnostics.publish)
        self.failure: InputError | None = None
        self._inputs: list[Input] = []
        self._missing: set[str] = set()
        self.every(_LOOK_FOR_PUBLISHERS, self._look_for_publishers)

    def publisher(self, kind: type, topic: str, qos: QoSProfile = FRAMES) -> Publisher:
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
        *,
        while_heard: Sequence[Publisher] = (),
        raw: bool = False,
        optional: bool = False,
        latched: bool = False,
    ) -> "Input":
        """Subscribe; with `while_heard`, only as long as somebody listens to one of those publishers.

        An `optional` input may go without a publisher; of the others a missing one is reported. A `latched`
        one also brings what was published before, where its publisher keeps that for who comes late.
        """

        def create() -> Subscription:
            return self.create_subscription(
                kind,
                topic,
                callback,
                copy(qos),
                qos_overriding_options=QoSOverridingOptions.with_default_policies(),
                raw=raw,
            )

        callback = self._timed(callback)
        source = Input(create, while_heard, optional)
        if latched:
            kept = Latched(self, LATCHED, callback)
            callback = kept.on_message
            self.every(_LOOK_FOR_LATCHED, lambda: kept.look(source.subscription))
        self._inputs.append(source)
        self._listeners_changed()
        return source

    def every(self, period: float, callback: Callable[[], None]) -> None:
        """Call back every `period` seconds of real time, also when /clock stands still."""
        self.create_timer(period, self._timed(callback), clock=Clock(clock_type=ClockType.STEADY_TIME))

    def bad_input(self, error: InputError) -> None:
        """Say what was wrong with an input, at most once every two seconds; the node goes on."""
        self.get_logger().warning(str(error), throttle_duration_sec=_BAD_INPUT_LOG_PERIOD)

    def frame_failed(self, error: Exception) -> None:
        """A frame could not be handled: count it, say so, go on with the next."""
        if not self.context.ok():
            return  # nothing can be published any more: the node is being stopped
        self.diagnostics.drop("failed")
        self.diagnostics.warn(f"a frame failed: {' '.join(str(error).split())}")

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
            heard = not source.while_heard or any(p.get_subscription_count() for p in source.while_heard)
            if heard and source.subscription is None:
                source.subscription = source.create()
            elif not heard and source.subscription is not None:
                self.destroy_subscription(source.subscription)
                source.subscription = None

    def _look_for_publishers(self) -> None:
        missing = {
            source.subscription.topic_name
            for source in self._inputs
            if source.subscription is not None and not source.optional and not source.has_publisher()
        }
        for topic in sorted(missing - self._missing):
            self.get_logger().warning(f"{topic}: no publisher yet; waiting for one")
        self._missing = missing


def run(create: Callable[[], EdgesrNode]) -> int:
    """Spin a node until it ends or is interrupted; status 0, or 2 with one line for a user's mistake."""
    sys.setswitchinterval(_SWITCH_INTERVAL)
    rclpy.init()
    node = None
    failure = None
    try:
        node = create()
        rclpy.spin(node)
    except InputError as error:
        failure = error
    except OSError as error:
        failure = disk_error(error)
        if failure is None:
            raise
    except (KeyboardInterrupt, ExternalShutdownException, ROSInterruptException):
        pass
    except RuntimeError:
        if rclpy.ok():
            raise  # else it was interrupted while it was being made
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
