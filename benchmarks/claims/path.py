"""What the ground station adds to the network: its path beside the bare network.

The ground station is the real node in its own process, with the middleware between it and us. We send it a
frame, wait for the picture, run the bare network on the same frame here, and go on with the next: both take
turns in one run, and neither ever competes with the other. The path is what the node itself reports as
`display_s`: from the callback that holds the bytes to the end of publishing the picture, so with decoding,
guards, reports, facts, label, message and serialization. Transport is not in it; `delivered` is, from before
our publishing of the frame to after our receipt of the picture.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from itertools import cycle

import numpy as np
from sensor_msgs.msg import CompressedImage

from benchmarks.harness.camera import compressed, spread_frames
from benchmarks.harness.claim import Claim
from benchmarks.harness.evidence import Result
from benchmarks.harness.frame_sender import GROUND_STATION, FrameSender
from benchmarks.harness.goals import Goal, most
from benchmarks.harness.markdown import number, table
from benchmarks.harness.running import Chain, observed
from benchmarks.harness.spread import Spread, spread
from edgesr_ros.codecs.stills import decode
from edgesr_ros.schema import Struct
from edgesr_ros.upscaling.base import Upscaler
from edgesr_ros.upscaling.catalog import load_upscaler

_MODELS = (
    "edgesrgan_tiny_x4_link_int8",
    "edgesrgan_tiny_x4_link",
    "edgesrgan_x4_link_int8",
    "edgesrgan_x4_link",
)
_BACKEND, _THREADS = "onnxruntime", 2
_SECONDS, _QUICK_SECONDS = 30.0, 5.0  # of each model
_WARM_UP = 2.0  # seconds
_POLL = 0.02  # seconds
_DISCOVERY = 0.5  # seconds between attempts


class PathSettings(Struct):
    """What all models have in common."""

    backend: str
    threads: int
    seconds: float  # of each model


class PathRow(Struct):
    """A model in the ground station beside the bare network, in turns on the same frames."""

    model: str
    frames: int
    bytes_per_frame: float
    network_ms: Spread  # from small picture to large one
    path_ms: Spread  # from the bytes in the node's callback to the message published
    ratio: float  # of the medians
    delivered_ms: Spread  # with transport: from before the frame is published to after the picture is there
    stages_ms: dict[str, float]  # means; "rest" is what is left of the path


PathResult = Result[PathSettings, list[PathRow]]


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
    with observed(observe=FrameSender) as chain:
        chain.start(GROUND_STATION, {"model": model, "backend": _BACKEND, "threads": _THREADS})
        robot = chain.observer
        assert isinstance(robot, FrameSender)
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
            frames=len(bare_ms),
            bytes_per_frame=round(float(np.mean([len(message.data) for message in sent]))),
            network_ms=bare,
            path_ms=path,
            ratio=round(path.p50 / bare.p50, 3),
            delivered_ms=spread(delivered_ms),
            stages_ms={stage: round(float(np.mean([ms[stage] for ms in paired])), 2) for stage in paired[0]},
        )


def _take_turns(
    chain: Chain, robot: FrameSender, network: Upscaler, sent: Sequence[CompressedImage], seconds: float
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


def _deliver(chain: Chain, robot: FrameSender, message: CompressedImage) -> float:
    """Send a frame and wait for its picture; ms."""
    before, began = len(robot.shown), time.perf_counter()
    robot.send(message)
    while len(robot.shown) == before:
        robot.spin_once(_POLL)
        if time.perf_counter() - began > 1:
            chain.wait(lambda: len(robot.shown) > before, "a picture")
    return 1e3 * (time.perf_counter() - began)


def path_table(result: PathResult) -> str:
    """The ground station's path beside the bare network, a line for each model."""
    first, settings = result.rows[0], result.settings
    stages = tuple(first.stages_ms)
    head = ("", "network, ms", "path, ms", "ratio", *(f"{s}, ms" for s in stages), "delivered, ms")
    lines = [
        (
            f"`{row.model}`",
            row.network_ms.text(1),
            row.path_ms.text(1),
            number(row.ratio, 2),
            *(number(row.stages_ms[stage], 2) for stage in stages),
            row.delivered_ms.text(1),
        )
        for row in result.rows
    ]
    return (
        f"160x120 WebP of {first.bytes_per_frame:,.0f} bytes in, 640x480 `sensor_msgs/Image` out, "
        f"{settings.backend}, {settings.threads} threads.\n\n{table(head, lines)}"
    )


def is_tiny(model: str) -> bool:
    """Whether a model is of the smaller family, of which what a node adds is a larger part."""
    return model.startswith("edgesrgan_tiny")


GOALS = (
    Goal[PathResult](
        "path : network, the most of any EdgeSRGAN",
        "≤",
        1.2,
        "",
        lambda result: most(row.ratio for row in result.rows if not is_tiny(row.model)),
        digits=2,
    ),
    Goal[PathResult](
        "path : network, the most of any EdgeSRGAN-tiny",
        "≤",
        1.6,
        "",
        lambda result: most(row.ratio for row in result.rows if is_tiny(row.model)),
        digits=2,
    ),
)

CLAIM = Claim(
    name="path",
    title="What the ground station adds to the network",
    about=(
        "The script runs the ground station as a process of its own, sends it a frame, waits for the "
        "picture, runs the bare network on the same frame, and goes on with the next. The path is what the "
        "node reports itself, from the callback that holds the bytes to the end of publishing: decoding, "
        "guards, report, facts, label, message, serialization. `delivered` also holds the transport, there "
        "and back. `rest` is hand-over between threads and small messages."
    ),
    reading="A line is a model; p50 / p95, stages are means.",
    result=PathResult,
    table=path_table,
    goals=GOALS,
)


def main() -> int:
    """Entry point."""
    return CLAIM.run(CLAIM.arguments(__doc__), _run)


def _run(given: argparse.Namespace) -> None:
    sent = [compressed(picture) for picture in spread_frames()]
    seconds = _QUICK_SECONDS if given.quick else _SECONDS
    rows = [measure(model, sent, seconds) for model in _MODELS]
    print("model                          network  path, ms  ratio  delivered  stages")
    for row in rows:
        stages = ", ".join(f"{name} {mean:.2f}" for name, mean in row.stages_ms.items())
        print(
            f"{row.model:30} {row.network_ms.p50:7.2f} {row.path_ms.p50:9.2f} {row.ratio:6.2f} "
            f"{row.delivered_ms.p50:10.2f}  {stages}"
        )
    CLAIM.write(given, PathSettings(backend=_BACKEND, threads=_THREADS, seconds=seconds), rows)


if __name__ == "__main__":
    sys.exit(main())
