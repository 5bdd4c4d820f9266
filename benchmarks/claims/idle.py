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
from benchmarks.harness.claim import Claim
from benchmarks.harness.evidence import Result
from benchmarks.harness.goals import Goal, most
from benchmarks.harness.labels import CAMERAS
from benchmarks.harness.markdown import number, table
from benchmarks.harness.observer import Observer
from benchmarks.harness.running import observed
from benchmarks.harness.usage import Usage
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.runner import camera_text
from edgesr_ros.frames.message import fill_image
from edgesr_ros.nodes.messages import to_time
from edgesr_ros.nodes.node import COMPRESSED, FRAMES
from edgesr_ros.schema import Struct

_STARTS, _QUICK_STARTS = 10, 2
_FEED_PERIOD = 0.02  # seconds
_TIMEOUT = 30.0  # seconds
_CHOICE = 6.0  # seconds in which the ground station finds out what is fastest here
_IDLE_SECONDS, _QUICK_IDLE_SECONDS = 20.0, 5.0


class IdleSettings(Struct):
    """What all nodes have in common."""

    camera: str
    idle_seconds: float  # in which nobody looks


class StartRow(Struct):
    """How long a node takes from the start of its process to its first message, s."""

    node: str
    starts: int
    p50_s: float
    max_s: float


class IdleRow(Struct):
    """A node while a camera publishes and nobody listens to the pictures at the other end."""

    node: str
    core_share: float  # of one core
    resident_mb: float


class IdleRows(Struct):
    """What is found of starts, and of idleness."""

    starts: list[StartRow]
    idle: list[IdleRow]


IdleResult = Result[IdleSettings, IdleRows]


class Port(NamedTuple):
    """A topic of a node."""

    kind: type
    topic: str


class NodeUnderTest(NamedTuple):
    """A node to be started, and what flows through it."""

    name: str
    parameters: Mapping[str, object]
    gives: Port
    takes: Port | None = None
    message: Any = None  # what it takes


_IMAGE = Port(Image, "/robot/image_raw")
SENT, RECEIVED = (Port(CompressedImage, f"/{side}/image_lr/compressed") for side in ("robot", "ground"))
_SHOWN = Port(Image, "/ground/image_sr")


def _nodes() -> tuple[NodeUnderTest, ...]:
    player = {"source": frames_folder(CAMERA), "rate": CAMERA.rate_hz, "loop": True}
    picture = next(frames())
    image = Image()
    fill_image(image, picture)
    frame = compressed(picture)
    return (
        NodeUnderTest("frame_player", player, _IMAGE),
        NodeUnderTest("onboard", {}, SENT, _IMAGE, image),
        NodeUnderTest("link_emulator", {"profile": "unlimited"}, RECEIVED, SENT, frame),
        NodeUnderTest("ground_station", {}, _SHOWN, RECEIVED, frame),
    )


def _listener_of_diagnostics(domain: int, _cameras: Sequence[str]) -> Observer:
    return Observer(domain, cameras=())  # who looked at pictures would make the nodes work


def start_seconds(node: NodeUnderTest, stay: float = 0.0) -> float:
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


def start_row(node: NodeUnderTest, starts: int) -> StartRow:
    """Of many starts, after one that does not count; errors as `start_seconds`."""
    start_seconds(node, _CHOICE if node.name == "ground_station" else 0.0)
    seconds = [start_seconds(node) for _ in range(starts)]
    return StartRow(
        node=node.name,
        starts=starts,
        p50_s=round(float(np.median(seconds)), 2),
        max_s=round(max(seconds), 2),
    )


def idle_rows(nodes: Sequence[NodeUnderTest], seconds: float) -> list[IdleRow]:
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


def measure(nodes: Sequence[NodeUnderTest], starts: int, idle_seconds: float) -> IdleRows:
    """Starts of each node, then all of them together while nobody looks; errors as `start_seconds`."""
    return IdleRows(starts=[start_row(node, starts) for node in nodes], idle=idle_rows(nodes, idle_seconds))


def idle_table(result: IdleResult) -> str:
    """A line for each node: how soon it was ready, and what it takes while nobody looks."""
    idle = {row.node: row for row in result.rows.idle}
    lines = []
    for start in result.rows.starts:
        row = idle[start.node]
        source = start.node in CAMERAS
        lines.append(
            (
                f"`{start.node}`",
                f"{start.p50_s:.2f} ({start.max_s:.2f})",
                f"{row.core_share:.1%}" + (" (it publishes)" if source else ""),
                number(row.resident_mb, 0),
            )
        )
    head = ("", "ready after, s: median (max)", "idle, of a core", "memory, MB")
    return (
        f"{result.rows.starts[0].starts} starts each; then {result.settings.idle_seconds:.0f} s with a "
        f"camera of {result.settings.camera} and nobody who looks at the pictures.\n\n{table(head, lines)}"
    )


GOALS = (
    Goal[IdleResult](
        "ready after the start, the longest of any start",
        "≤",
        2,
        "s",
        lambda result: most(row.max_s for row in result.rows.starts),
        digits=2,
    ),
    Goal[IdleResult](
        "idle, of a core: the most of any node but the camera",
        "≤",
        2,
        "%",
        lambda result: most(100 * row.core_share for row in result.rows.idle if row.node not in CAMERAS),
        digits=1,
    ),
)

CLAIM = Claim(
    name="idle",
    title="Start and idleness",
    about=(
        "Ready means: from the start of the process to the first message that the node makes of what flows "
        "in. Nothing is subscribed to, decoded or encoded while nobody looks."
    ),
    reading="A line is a node.",
    result=IdleResult,
    table=idle_table,
    goals=GOALS,
)


def main() -> int:
    """Entry point."""
    return CLAIM.run(CLAIM.arguments(__doc__), _run)


def _run(given: argparse.Namespace) -> None:
    nodes = _nodes()
    seconds = _QUICK_IDLE_SECONDS if given.quick else _IDLE_SECONDS
    rows = measure(nodes, _QUICK_STARTS if given.quick else _STARTS, seconds)
    for start in rows.starts:
        print(f"{start.node:16} ready after {start.p50_s:.2f} s, at most {start.max_s:.2f} s")
    for row in rows.idle:
        print(f"{row.node:16} idle: {row.core_share:.1%} of a core, {row.resident_mb:.0f} MB")
    CLAIM.write(given, IdleSettings(camera=camera_text(CAMERA), idle_seconds=seconds), rows)


if __name__ == "__main__":
    sys.exit(main())
