"""What the nodes add to the network: the ground station's path beside the bare network; the robot's encoder.

The ground station is the real node in its own process, with the middleware between it and us. We send it a
frame, wait for the picture, run the bare network on the same frame here, and go on with the next: both take
turns in one run, and neither ever competes with the other. The path is what the node itself reports as
`display_s`: from the callback that holds the bytes to the end of publishing the picture, so with decoding,
guards, reports, facts, label, message and serialization. Transport is not in it; `delivered` is, from before
our publishing of the frame to after our receipt of the picture.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle, pairwise

import cv2
import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import CompressedImage

from benchmarks.camera import SCALE, compressed, frames
from benchmarks.evidence import (
    EncodingRow,
    PathResult,
    PathRow,
    arguments,
    save,
    spread,
    status,
    this_machine,
)
from benchmarks.observer import Observer
from benchmarks.running import Chain, observed
from edgesr_ros.codecs.stills import decode, encode
from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.nodes.messages import pairs_of, to_time
from edgesr_ros.nodes.node import COMPRESSED
from edgesr_ros.quality.summary import DROPPED
from edgesr_ros.upscaling.base import Upscaler
from edgesr_ros.upscaling.catalog import load_upscaler

_MODELS = (
    "edgesrgan_tiny_x4_link_int8",
    "edgesrgan_tiny_x4_link",
    "edgesrgan_x4_link_int8",
    "edgesrgan_x4_link",
)
_BACKEND, _THREADS = "onnxruntime", 2
_CODEC, _QUALITIES = "webp", (50, 70, 90)  # of the robot's frames
_SECONDS, _QUICK_SECONDS = 30.0, 5.0  # of each model
_WARM_UP = 2.0  # seconds
_PICTURES = 25  # of the clip, spread over it
_NODE = "ground_station"
_STAGES = ("decode", "upscale", "publish")
_ARRIVED, _SHOWN = "frames_in", "frames_out"  # its counters
_POLL = 0.02  # seconds
_DISCOVERY = 0.5  # seconds between attempts


class _Robot(Observer):
    """The other side of a ground station: sends it frames, and notes what it reports of them."""

    def __init__(self, domain: int, robots: Sequence[str]) -> None:
        super().__init__(domain, robots)
        self.display_ms: dict[int, float] = {}  # by number of the frame
        self._frames = self.node.create_publisher(CompressedImage, "/ground/image_lr/compressed", COMPRESSED)
        self.node.create_subscription(DiagnosticArray, "/ground/link_report", self._on_report, COMPRESSED)

    def send(self, message: CompressedImage) -> None:
        """A frame, as if it was taken just now."""
        message.header.stamp = to_time(time.time_ns())
        self._frames.publish(message)

    def _on_report(self, message: DiagnosticArray) -> None:
        report = ArrivalReport.from_pairs(pairs_of(message))
        if report.display_s is not None:
            # It tells of the last picture that was shown: the one before this frame.
            self.display_ms[report.frames - 1] = 1e3 * report.display_s

    def paired_ms(self) -> list[dict[str, float]]:
        """As `paired_stages`, since `forget_stages`."""
        return paired_stages([values for _, values in self._told[_NODE]], self.display_ms)


def measure(model: str, sent: Sequence[CompressedImage], seconds: float) -> PathRow:
    """The path of a model beside the bare network.

    Args:
        model: name.
        sent: the frames.
        seconds: to measure for.

    Raises:
        InputError: the node fails, or a picture does not come back.
    """
    network = load_upscaler(model, _BACKEND, _THREADS)
    with observed(observe=_Robot) as chain:
        chain.start(_NODE, {"model": model, "backend": _BACKEND, "threads": _THREADS})
        robot = chain.observer
        assert isinstance(robot, _Robot)
        while not robot.shown:  # what is sent before both sides have found each other is lost
            robot.send(sent[0])
            chain.spin(_DISCOVERY)
        _take_turns(chain, robot, network, sent, _WARM_UP)
        robot.display_ms.clear()
        robot.forget_stages()
        delivered_ms, bare_ms = _take_turns(chain, robot, network, sent, seconds)
        while not (paired := robot.paired_ms()):  # about one second in five is of use
            more = _take_turns(chain, robot, network, sent, 1.0)
            delivered_ms += more[0]
            bare_ms += more[1]
        path, bare = spread(list(robot.display_ms.values())), spread(bare_ms)
        return PathRow(
            model=model,
            backend=_BACKEND,
            threads=_THREADS,
            frames=len(bare_ms),
            bytes_per_frame=round(float(np.mean([len(message.data) for message in sent]))),
            network_ms=bare,
            path_ms=path,
            ratio=round(path.p50 / bare.p50, 3),
            delivered_ms=spread(delivered_ms),
            stages_ms={stage: round(float(np.mean([ms[stage] for ms in paired])), 2) for stage in paired[0]},
        )


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


def _take_turns(
    chain: Chain, robot: _Robot, network: Upscaler, sent: Sequence[CompressedImage], seconds: float
) -> tuple[list[float], list[float]]:
    """ms until each frame came back as a picture, and of the bare network on it."""
    delivered_ms, bare_ms = [], []
    end = time.monotonic() + seconds
    for message in cycle(sent):
        picture = decode(message.data)
        delivered_ms.append(_deliver(chain, robot, message))
        began = time.perf_counter()
        network.upscale(picture)
        bare_ms.append(1e3 * (time.perf_counter() - began))
        if time.monotonic() > end:
            break
    return delivered_ms, bare_ms


def _deliver(chain: Chain, robot: _Robot, message: CompressedImage) -> float:
    """Send a frame and wait for its picture; ms."""
    before, began = len(robot.shown), time.perf_counter()
    robot.send(message)
    while len(robot.shown) == before:
        robot.spin_once(_POLL)
        if time.perf_counter() - began > 1:
            chain.wait(lambda: len(robot.shown) > before, "a picture")
    return 1e3 * (time.perf_counter() - began)


def encoding_row(pictures: Sequence[np.ndarray], quality: int) -> EncodingRow:
    """What the robot does to a frame, on one core."""
    reduce_ms, encode_ms, sizes = [], [], []
    with _one_core():
        for picture in (*pictures, *pictures):
            began = time.perf_counter()
            small = reduce_frame(picture, SCALE)
            reduced = time.perf_counter()
            sizes.append(len(encode(small, _CODEC, quality)))
            encode_ms.append(1e3 * (time.perf_counter() - reduced))
            reduce_ms.append(1e3 * (reduced - began))
    half = len(pictures)  # the first round is for warming up
    total = [first + second for first, second in zip(reduce_ms[half:], encode_ms[half:], strict=True)]
    return EncodingRow(
        quality=quality,
        bytes_per_frame=round(float(np.mean(sizes))),
        reduce_ms=spread(reduce_ms[half:]),
        encode_ms=spread(encode_ms[half:]),
        total_ms=spread(total),
    )


@contextmanager
def _one_core() -> Iterator[None]:
    cores, threads = os.sched_getaffinity(0), cv2.getNumThreads()
    os.sched_setaffinity(0, {min(cores)})
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
        cv2.setNumThreads(threads)


def _print(result: PathResult) -> None:
    print("model                          network  path, ms  ratio  delivered  stages")
    for row in result.rows:
        stages = ", ".join(f"{name} {mean:.2f}" for name, mean in row.stages_ms.items())
        print(
            f"{row.model:30} {row.network_ms.p50:7.2f} {row.path_ms.p50:9.2f} {row.ratio:6.2f} "
            f"{row.delivered_ms.p50:10.2f}  {stages}"
        )
    for line in result.encoding:
        print(
            f"onboard, quality {line.quality}, {line.bytes_per_frame:.0f} bytes: reduce "
            f"{line.reduce_ms.p50:.2f} ms, encode {line.encode_ms.p50:.2f}, both p95 {line.total_ms.p95:.2f}"
        )


def main() -> int:
    """Entry point."""
    given = arguments("path", __doc__).parse_args()
    return status("path", lambda: _run(given))


def _run(given: argparse.Namespace) -> None:
    clip = list(frames())
    pictures = clip[:: max(len(clip) // _PICTURES, 1)]
    sent = [compressed(picture) for picture in pictures]
    seconds = _QUICK_SECONDS if given.quick else _SECONDS
    result = PathResult(
        machine=this_machine(),
        rows=[measure(model, sent, seconds) for model in _MODELS],
        encoding=[encoding_row(pictures, quality) for quality in _QUALITIES],
    )
    _print(result)
    save("path", given, result)


if __name__ == "__main__":
    sys.exit(main())
