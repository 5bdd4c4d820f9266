"""What comes out at the end of the chain, noted by a listener that costs next to nothing.

The quality recorder would do, but decoding, matching and measuring pictures takes from the processor what is
to be measured. This listener takes messages as bytes and reads nothing but their stamp.
"""

import struct
import time
from collections import defaultdict
from typing import NamedTuple

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

from benchmarks.evidence import StageTime
from edgesr_ros.quality.summary import DROPPED

# Deep enough that a moment without processor time loses none of what was shown.
_QOS = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
_MEAN, _MAX = "_ms.mean", "_ms.max"


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


class Observer:
    """Listens to the pictures shown, the frames received and the diagnostics of all nodes."""

    def __init__(self, domain: int) -> None:
        self.shown: list[Arrival] = []  # a picture that is shown again, as stale, counts once
        self.received: list[Arrival] = []
        self._values: dict[str, dict[str, str]] = {}
        self._stages: dict[str, list[Timing]] = defaultdict(list)
        self._context = Context()
        self._context.init(domain_id=domain)
        self._node = Node("observer", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        listen = self._node.create_subscription
        listen(Image, "/ground/image_sr", self._on_shown, _QOS, raw=True)
        listen(CompressedImage, "/ground/image_lr/compressed", self._on_received, _QOS, raw=True)
        listen(DiagnosticArray, "/diagnostics", self._on_diagnostics, _QOS)

    def spin(self, seconds: float) -> None:
        """Listen for a while."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left)

    def now(self) -> float:
        """Time on the clock of `Arrival`."""
        return time.time()

    def nodes(self) -> set[str]:
        """Nodes that have been heard of."""
        return set(self._values)

    def value(self, node: str, name: str) -> str | None:
        """What a node said last of `name`; None: nothing yet."""
        return self._values.get(node, {}).get(name)

    def count(self, node: str, name: str) -> int:
        """A counter of a node."""
        return int(self.value(node, name) or 0)

    def dropped(self) -> dict[str, int]:
        """Frames lost, by node and reason."""
        return {
            f"{node}: {key.removeprefix(DROPPED)}": int(value)
            for node, values in sorted(self._values.items())
            for key, value in values.items()
            if key.startswith(DROPPED)
        }

    def stages(self) -> dict[str, StageTime]:
        """Mean and greatest time of each stage since `forget_stages`, by node and stage."""
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

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self._node.destroy_node()
        self._context.try_shutdown()

    def _on_shown(self, message: bytes) -> None:
        arrival = _arrival(message)
        if not self.shown or arrival.stamp != self.shown[-1].stamp:
            self.shown.append(arrival)

    def _on_received(self, message: bytes) -> None:
        self.received.append(_arrival(message))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        now = self.now()
        for status in message.status:
            node = status.name.rpartition("/")[2]
            values = self._values[node] = {pair.key: pair.value for pair in status.values}
            for key, mean in values.items():
                if key.endswith(_MEAN):
                    stage = key.removesuffix(_MEAN)
                    longest = values[f"{stage}{_MAX}"]
                    self._stages[f"{node}: {stage}"].append(Timing(now, float(mean), float(longest)))


def _arrival(message: bytes) -> Arrival:
    """Stamp and size of a serialized message that begins with a std_msgs/Header."""
    # CDR: two bytes say the byte order (the second is 1 for little-endian), two are options; then the stamp.
    seconds, nanoseconds = struct.unpack_from("<iI" if message[1] & 1 else ">iI", message, 4)
    return Arrival(seconds + 1e-9 * nanoseconds, time.time(), len(message))
