"""The robot that a ground station alone hears: it sends frames, and notes what is reported of them."""

import time
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import CompressedImage

from benchmarks.harness.observer import Observer
from edgesr_ros.control.brief import from_pairs
from edgesr_ros.nodes.messages import pairs_of, to_time
from edgesr_ros.nodes.node import COMPRESSED, PARTS
from edgesr_ros.quality.summary import DROPPED

GROUND_STATION = "ground_station"

_STAGES = ("decode", "upscale", "publish")
_ARRIVED, _SHOWN = "frames_in", "frames_out"  # its counters


class FrameSender(Observer):
    """The other side of a ground station.

    Attributes:
        display_ms: from the frame in the ground station's callback to its picture published, by the number of
            the frame, counted from 1.
    """

    def __init__(self, domain: int, cameras: Sequence[str]) -> None:
        super().__init__(domain, cameras)
        self.display_ms: dict[int, float] = {}
        self._frames = self.node.create_publisher(CompressedImage, "/ground/image_lr/compressed", PARTS)
        self.node.create_subscription(DiagnosticArray, "/ground/link_report", self._on_report, COMPRESSED)

    def send(self, message: CompressedImage) -> None:
        """A frame, as if it was taken just now."""
        message.header.stamp = to_time(time.time_ns())
        self._frames.publish(message)

    def paired_ms(self) -> list[dict[str, float]]:
        """As `paired_stages`, since `forget_stages`."""
        return paired_stages([values for _, values in self._told[GROUND_STATION]], self.display_ms)

    def _on_report(self, message: DiagnosticArray) -> None:
        report = from_pairs(pairs_of(message))
        if report.display_s is not None:
            # It tells of the last picture that was shown: the one before this frame.
            self.display_ms[report.frames - 1] = 1e3 * report.display_s


def paired_stages(told: Sequence[Mapping[str, str]], path_ms: Mapping[int, float]) -> list[dict[str, float]]:
    """Mean time of each stage, and the rest of the path, in seconds where both are of the same frames.

    The node tells of its stages once a second. A frame that is under way then has some of its stages in one
    second and some in the next, and where one frame takes much longer than the others, that is more than the
    whole rest. So only seconds count that began and ended with no frame under way.

    Args:
        told: the node's diagnostics, one a second.
        path_ms: by number of the frame, counted from 1.
    """
    paired = []
    for before, after in pairwise(told):
        frames = range(int(before[_ARRIVED]) + 1, int(after[_ARRIVED]) + 1)
        if frames and not (_under_way(before) or _under_way(after)) and all(n in path_ms for n in frames):
            known = {stage: float(after[f"{stage}_ms.mean"]) for stage in _STAGES}
            rest = float(np.mean([path_ms[n] for n in frames])) - sum(known.values())
            paired.append({**known, "rest": rest})
    return paired


def _under_way(values: Mapping[str, str]) -> int:
    """Frames that have arrived and are neither shown nor dropped."""
    gone = sum(int(value) for key, value in values.items() if key == _SHOWN or key.startswith(DROPPED))
    return int(values[_ARRIVED]) - gone
