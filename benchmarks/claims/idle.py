"""How soon the nodes are ready, and what they take of the machine while nobody looks.

Ready is what the user waits for: from the start of the process to the first message that the node makes of
what flows in meanwhile, to a listener who waits for it. So it holds imports, loading the networks, discovery
and the first picture. What the ground station runs on it remembers from a start before.
"""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from sensor_msgs.msg import CompressedImage, Image

from benchmarks.harness.camera import CAMERA, compressed, frames, frames_folder
from benchmarks.harness.evidence import IdleResult, IdleRow, StartRow, arguments, save, status, this_machine
from benchmarks.harness.observer import Observer
from benchmarks.harness.running import observed
from benchmarks.harness.usage import Usage
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.runner import camera_text
from edgesr_ros.frames.message import fill_image
from edgesr_ros.nodes.messages import to_time
from edgesr_ros.nodes.node import COMPRESSED, FRAMES

_STARTS, _QUICK_STARTS = 10, 2
_FEED_PERIOD = 0.02  # seconds
_TIMEOUT = 30.0  # seconds
_CHOICE = 6.0  # seconds in which the ground station finds out what is fastest here
_IDLE_SECONDS, _QUICK_IDLE_SECONDS = 20.0, 5.0


class Port(NamedTuple):
    """A topic of a node."""

    kind: type
    topic: str


class Candidate(NamedTuple):
    """A node to be started, and what flows through it."""

    name: str
    parameters: Mapping[str, object]
    gives: Port
    takes: Port | None = None
    message: Any = None  # what it takes


_IMAGE = Port(Image, "/robot/image_raw")
SENT, RECEIVED = (Port(CompressedImage, f"/{side}/image_lr/compressed") for side in ("robot", "ground"))
_SHOWN = Port(Image, "/ground/image_sr")


def _candidates() -> tuple[Candidate, ...]:
    player = {"source": frames_folder(CAMERA), "rate": CAMERA.rate_hz, "loop": True}
    picture = next(frames())
    image = Image()
    fill_image(image, picture)
    frame = compressed(picture)
    return (
        Candidate("frame_player", player, _IMAGE),
        Candidate("onboard", {}, SENT, _IMAGE, image),
        Candidate("link_emulator", {"profile": "unlimited"}, RECEIVED, SENT, frame),
        Candidate("ground_station", {}, _SHOWN, RECEIVED, frame),
    )


def _listener_of_diagnostics(domain: int, _robots: Sequence[str]) -> Observer:
    return Observer(domain, robots=())  # who looked at pictures would make the nodes work


def start_seconds(node: Candidate, stay: float = 0.0) -> float:
    """Start a node and wait for its first message, while what it takes flows; ends it `stay` seconds later.

    Raises:
        InputError: it fails, or gives nothing.
    """
    with observed(observe=_listener_of_diagnostics) as chain:
        ros = chain.observer.node
        came: list[float] = []
        # Counted, not read.
        ros.create_subscription(
            node.gives.kind, node.gives.topic, lambda _: came.append(time.monotonic()), COMPRESSED, raw=True
        )
        publisher = ros.create_publisher(*node.takes, FRAMES) if node.takes else None
        began = time.monotonic()
        chain.start(node.name, node.parameters)
        while not came or time.monotonic() < came[0] + stay:
            if time.monotonic() > began + _TIMEOUT:
                raise InputError(f"{node.name}: waited {_TIMEOUT:.0f} s in vain for {node.gives.topic}")
            if publisher:
                node.message.header.stamp = to_time(time.time_ns())
                publisher.publish(node.message)
            chain.spin(_FEED_PERIOD)
        return came[0] - began


def start_row(node: Candidate, starts: int) -> StartRow:
    """Of many starts, after one that does not count; errors as `start_seconds`."""
    start_seconds(node, _CHOICE if node.name == "ground_station" else 0.0)
    seconds = [start_seconds(node) for _ in range(starts)]
    return StartRow(
        node=node.name,
        starts=starts,
        p50_s=round(float(np.median(seconds)), 2),
        max_s=round(max(seconds), 2),
    )


def idle_rows(nodes: Sequence[Candidate], seconds: float) -> list[IdleRow]:
    """All nodes at once, the camera publishing, and nobody to look at the pictures.

    Raises:
        InputError: a node fails, or works all the same.
    """
    with observed(observe=_listener_of_diagnostics) as chain:
        for node in nodes:
            chain.start(node.name, node.parameters)
        chain.wait_for_nodes()
        if "frame_player" in chain.pids():
            chain.wait(lambda: chain.observer.value("frame_player", "frames_out"), "the camera")
        usages = {node: Usage(pid) for node, pid in chain.pids().items()}
        chain.watch(usages, chain.observer.now() + seconds, period=seconds)
        worked = [node for node in usages if chain.observer.value(node, "frames_in")]
        if worked:
            raise InputError(f"{', '.join(worked)}: worked though nobody listened")
        found = {node: usage.summary(0, 0.0) for node, usage in usages.items()}
        return [
            IdleRow(node=node, core_share=usage.core_share, resident_mb=usage.resident_mb_last)
            for node, usage in found.items()
        ]


def _print(result: IdleResult) -> None:
    for start in result.starts:
        print(f"{start.node:16} ready after {start.p50_s:.2f} s, at most {start.max_s:.2f} s")
    for row in result.idle:
        print(f"{row.node:16} idle: {row.core_share:.1%} of a core, {row.resident_mb:.0f} MB")


def main() -> int:
    """Entry point."""
    given = arguments("idle", __doc__).parse_args()
    return status("idle", lambda: _run(given))


def _run(given: argparse.Namespace) -> None:
    nodes = _candidates()
    seconds = _QUICK_IDLE_SECONDS if given.quick else _IDLE_SECONDS
    result = IdleResult(
        machine=this_machine(),
        camera=camera_text(CAMERA),
        starts=[start_row(node, _QUICK_STARTS if given.quick else _STARTS) for node in nodes],
        idle_seconds=seconds,
        idle=idle_rows(nodes, seconds),
    )
    _print(result)
    save("idle", given, result)


if __name__ == "__main__":
    sys.exit(main())
