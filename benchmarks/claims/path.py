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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle

import cv2
import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import CompressedImage

from benchmarks.harness.camera import SCALE, compressed, frames
from benchmarks.harness.evidence import (
    EncodingRow,
    PathResult,
    PathRow,
    arguments,
    save,
    spread,
    status,
    this_machine,
)
from benchmarks.harness.observer import Observer
from benchmarks.harness.running import Chain, observed
from edgesr_ros.codecs.stills import decode, encode
from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.nodes.messages import pairs_of, to_time
from edgesr_ros.nodes.node import COMPRESSED
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
_STAGES = ("decode", "upscale", "publish")
_POLL = 0.02  # seconds
_DISCOVERY = 0.5  # seconds between attempts


class _Robot(Observer):
    """The other side of a ground station: sends it frames, and notes what it reports of them."""

    def __init__(self, domain: int, robots: Sequence[str]) -> None:
        super().__init__(domain, robots)
        self.display_ms: list[float] = []
        self._frames = self.node.create_publisher(CompressedImage, "/ground/image_lr/compressed", COMPRESSED)
        self.node.create_subscription(DiagnosticArray, "/ground/link_report", self._on_report, COMPRESSED)

    def send(self, message: CompressedImage) -> None:
        """A frame, as if it was taken just now."""
        message.header.stamp = to_time(time.time_ns())
        self._frames.publish(message)

    def _on_report(self, message: DiagnosticArray) -> None:
        # It tells of the last picture that was shown: the one before this frame.
        if (display_s := ArrivalReport.from_pairs(pairs_of(message)).display_s) is not None:
            self.display_ms.append(1e3 * display_s)


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
        chain.start("ground_station", {"model": model, "backend": _BACKEND, "threads": _THREADS})
        robot = chain.observer
        assert isinstance(robot, _Robot)
        while not robot.shown:  # what is sent before both sides have found each other is lost
            robot.send(sent[0])
            chain.spin(_DISCOVERY)
        _take_turns(chain, robot, network, sent, _WARM_UP)
        robot.display_ms.clear()
        robot.forget_stages()
        delivered_ms, bare_ms = _take_turns(chain, robot, network, sent, seconds)
        robot.spin(1.0)  # for the stages of the last second
        stages = robot.stages()
        path, bare = spread(robot.display_ms), spread(bare_ms)
        known = {stage: stages[f"ground_station: {stage}"].mean for stage in _STAGES}
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
            stages_ms={**known, "rest": round(float(np.mean(robot.display_ms)) - sum(known.values()), 2)},
        )


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
