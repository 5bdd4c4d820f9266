"""What comes out at the end of the chain, noted by a listener that costs next to nothing.

The quality recorder would do, but decoding, matching and measuring pictures takes from the processor what is
to be measured. This listener takes messages as bytes and reads nothing but their stamp.
"""

import struct
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

from benchmarks.harness.labels import name_of, namespace
from edgesr_ros.nodes.messages import NO_PICTURE
from edgesr_ros.quality.summary import DROPPED
from edgesr_ros.schema import Struct

# Deep enough that a moment without processor time loses none of what was shown.
_QOS = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
_MEAN, _MAX = "_ms.mean", "_ms.max"
_SIDES = ("robot", "ground")  # namespaces of the nodes on either side of the link
_FRAME_ID = 16  # where it begins in a serialized message: behind CDR's header, the stamp and its own length
_NO_PICTURE = NO_PICTURE.encode()


class StageTime(Struct):
    """Time that a node spends on a stage of its work, ms."""

    mean: float
    max: float


class Arrival(NamedTuple):
    """A message that came; times in s on the system's clock."""

    stamp: float
    at: float
    size: int  # bytes of the serialized message, as the link emulator counts them

    @property
    def age_ms(self) -> float:
        return 1e3 * (self.at - self.stamp)


class Timing(NamedTuple):
    """A stage of a node in the second before `at`, s on the system's clock."""

    at: float
    mean: float  # ms
    max: float


class Screen:
    """What came to the operator of one camera."""

    def __init__(self) -> None:
        self.shown: list[Arrival] = []  # a picture that is shown again, as stale, counts once
        self.received: list[Arrival] = []

    def on_shown(self, message: bytes) -> None:
        """A picture, or what stands in for one that has not come yet, which does not count."""
        if message[_FRAME_ID : _FRAME_ID + len(_NO_PICTURE)] == _NO_PICTURE:
            return
        arrival = _arrival(message)
        if not self.shown or arrival.stamp != self.shown[-1].stamp:
            self.shown.append(arrival)

    def on_received(self, message: bytes) -> None:
        """A frame, as it came out of the link."""
        self.received.append(_arrival(message))


class Observer:
    """Listens to the pictures shown, the frames received and the diagnostics of all nodes.

    Args:
        domain: of ROS.
        cameras: their names; "": the one of a robot that names none.

    Attributes:
        screens: by camera.
        node: to listen to more, and to speak.
    """

    def __init__(self, domain: int, cameras: Sequence[str] = ("",)) -> None:
        self.screens = {camera: Screen() for camera in cameras}
        self._values: dict[str, dict[str, str]] = {}
        self._told: dict[str, list[tuple[float, dict[str, str]]]] = defaultdict(list)
        self._stages: dict[str, list[Timing]] = defaultdict(list)
        self._context = Context()
        self._context.init(domain_id=domain)
        self.node = Node("observer", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        listen = self.node.create_subscription
        for camera, screen in self.screens.items():
            ground = namespace(camera, "ground")
            listen(Image, f"{ground}/image_sr", screen.on_shown, _QOS, raw=True)
            listen(CompressedImage, f"{ground}/image_lr/compressed", screen.on_received, _QOS, raw=True)
        listen(DiagnosticArray, "/diagnostics", self._on_diagnostics, _QOS)

    @property
    def shown(self) -> list[Arrival]:
        """The pictures of the first camera."""
        return next(iter(self.screens.values())).shown

    @property
    def received(self) -> list[Arrival]:
        """The frames of the first camera."""
        return next(iter(self.screens.values())).received

    def spin(self, seconds: float) -> None:
        """Listen for a while."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.spin_once(left)

    def spin_once(self, seconds: float) -> None:
        """Take one message, if it comes in time."""
        self._executor.spin_once(timeout_sec=seconds)

    def now(self) -> float:
        """Time on the clock of `Arrival`."""
        return time.time()

    def nodes(self) -> set[str]:
        """Nodes that have been heard of: name, or camera/name."""
        return set(self._values)

    def value(self, node: str, name: str) -> str | None:
        """What a node said last of `name`; None: nothing yet."""
        return self._values.get(node, {}).get(name)

    def count(self, node: str, name: str) -> int:
        """A counter of a node, of all cameras together."""
        return sum(int(values.get(name, 0)) for of, values in self._values.items() if name_of(of) == node)

    def rate(self, node: str, name: str) -> float:
        """What a counter of a node grows by per second, since `forget_stages`, of all cameras together."""
        grown = 0.0
        for of, told in self._told.items():
            if name_of(of) != node:
                continue
            (began, before), (end, after) = told[0], told[-1]
            if end > began:
                grown += (int(after[name]) - int(before[name])) / (end - began)
        return grown

    def dropped(self) -> dict[str, int]:
        """Frames lost, by node and reason, of all cameras together."""
        lost: Counter[str] = Counter()
        for node, values in sorted(self._values.items()):
            for key, value in values.items():
                if key.startswith(DROPPED):
                    lost[f"{name_of(node)}: {key.removeprefix(DROPPED)}"] += int(value)
        return dict(lost)

    def stages(self) -> dict[str, StageTime]:
        """Mean and greatest time of each stage since `forget_stages`, by node and stage, of all cameras."""
        return {
            stage: StageTime(
                mean=round(float(np.mean([timing.mean for timing in seconds])), 2),
                max=round(max(timing.max for timing in seconds), 2),
            )
            for stage, seconds in sorted(self._stages.items())
        }

    def timings(self, node: str, stage: str) -> list[Timing]:
        """A stage of a node, second by second, since `forget_stages`."""
        return self._stages[f"{node}: {stage}"]

    def forget_stages(self) -> None:
        """Leave out what was timed so far: a first frame takes longer than all others."""
        self._stages.clear()
        self._told.clear()

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self.node.destroy_node()
        self._context.try_shutdown()

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        now = self.now()
        for status in message.status:
            node = "/".join(part for part in status.name.split("/") if part not in ("", *_SIDES))
            values = self._values[node] = {pair.key: pair.value for pair in status.values}
            self._told[node].append((now, values))
            for key, mean in values.items():
                if key.endswith(_MEAN):
                    stage = key.removesuffix(_MEAN)
                    longest = values[f"{stage}{_MAX}"]
                    self._stages[f"{name_of(node)}: {stage}"].append(Timing(now, float(mean), float(longest)))


def _arrival(message: bytes) -> Arrival:
    """Stamp and size of a serialized message that begins with a std_msgs/Header."""
    # CDR: two bytes say the byte order (the second is 1 for little-endian), two are options; then the stamp.
    seconds, nanoseconds = struct.unpack_from("<iI" if message[1] & 1 else ">iI", message, 4)
    return Arrival(seconds + 1e-9 * nanoseconds, time.time(), len(message))
