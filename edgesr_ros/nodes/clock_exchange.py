"""How the two machines' clocks are compared: sensor_msgs/TimeReference from robot to ground station."""

import time

from rclpy.clock import ROSClock
from sensor_msgs.msg import TimeReference
from std_msgs.msg import Header

from edgesr_ros.control.clock import Estimate
from edgesr_ros.control.picture_age import StampClock
from edgesr_ros.control.stamps import StampOrder
from edgesr_ros.ends.ground import Ground
from edgesr_ros.nodes.messages import nanoseconds, to_time
from edgesr_ros.nodes.node import COMPRESSED, EdgesrNode

TOPIC = "image_lr/time_reference"

_LAST = 2**31 - 1  # seconds: what a message's stamp can hold
_PERIOD = 1.0  # seconds between answers: clocks drift slowly, and each takes as much as a packet's headers


class ClockAnswers:
    """The robot's half: `image_lr/time_reference` answers a report now and then.

    `header.stamp` is what the clock of the pictures' stamps shows, `time_ref` the report's `arrival_ns`.

    Args:
        node: that publishes.
        within: before the topic's name; each camera has a clock of its own.
    """

    def __init__(self, node: EdgesrNode, within: str = "") -> None:
        self._node = node
        self._clock = StampClock()
        self._stamps = StampOrder()
        self._due = 0.0
        self._publisher = node.publisher(TimeReference, f"{within}{TOPIC}", COMPRESSED)

    def frame(self, stamp_ns: int) -> None:
        """A frame came from the camera."""
        if self._stamps.dated(stamp_ns):
            self._clock.frame(time.monotonic(), self._ros(), stamp_ns * 1e-9)

    def answer(self, arrival_ns: int) -> None:
        """A report came."""
        now = time.monotonic()
        if now < self._due or (shown := self._clock.read(now, self._ros())) is None:
            return
        if abs(shown) >= _LAST:
            return
        self._due = now + _PERIOD
        self._publisher.publish(
            TimeReference(
                header=Header(stamp=to_time(round(shown * 1e9))),
                time_ref=to_time(arrival_ns),
                source=self._clock.source,
            )
        )

    def _ros(self) -> float:
        return self._node.get_clock().now().nanoseconds * 1e-9


class PictureAges:
    """The ground station's half; safe to use from any thread.

    With `use_sim_time` there is nothing to compare: /clock is the clock of both machines.
    """

    def __init__(self, node: EdgesrNode, ground: Ground) -> None:
        self._clock: ROSClock = node.get_clock()
        self._ground = ground

    def on_time_reference(self, message: TimeReference) -> None:
        """The robot answers a report."""
        asked_ns, shown_ns = nanoseconds(message.time_ref), nanoseconds(message.header.stamp)
        self._ground.answered(time.monotonic_ns(), asked_ns, shown_ns)

    def of(self, stamp_ns: int) -> Estimate | None:
        """How old a picture is now; None while that is not known."""
        if self._clock.ros_time_is_active:
            age = (self._clock.now().nanoseconds - stamp_ns) * 1e-9
            return Estimate(age, 0.0) if age >= 0 else None
        return self._ground.age(time.monotonic_ns(), stamp_ns)


def age_text(age: Estimate | None) -> str:
    """For the operator; ASCII, as that is all that can be drawn."""
    if age is None:
        return "age not known"
    return f"{1e3 * age.seconds:.0f} +/- {1e3 * age.uncertainty:.0f} ms"
