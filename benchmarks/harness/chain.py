"""The whole chain run for a while: rate, age and order of the pictures, time and memory of the nodes."""

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from benchmarks.harness.camera import CAMERA
from benchmarks.harness.claim import Claim
from benchmarks.harness.goals import most
from benchmarks.harness.labels import CAMERAS, camera_of, name_of
from benchmarks.harness.observer import Arrival, Observer, StageTime
from benchmarks.harness.running import running_chain
from benchmarks.harness.usage import NodeUsage, Usage
from edgesr_ros.experiment.plan import Camera
from edgesr_ros.experiment.runner import camera_text
from edgesr_ros.link.profile import LinkProfile
from edgesr_ros.schema import Struct

REDUCED = {"ladder": "none"}  # of the onboard node: every frame is reduced four times, and enlarged again

UNLIMITED = "unlimited"
# Seconds after the first picture that do not count: discovery, first inference, choice of a backend.
_START = 4.0
_SAMPLE_PERIOD = 5.0  # seconds between looks at processor time and memory
_WARM_UP = 60.0  # seconds in which caches and pools fill; at most a quarter of the run


RowsT = TypeVar("RowsT")


class ChainSettings(Struct):
    """Of runs of the chain."""

    seconds: float  # of each run, after its start


class ChainRow(Struct):
    """A run of the chain; ages in ms."""

    camera: str
    cameras: int  # of that kind, over one link
    link: str
    onboard: dict[str, str]  # parameters of the onboard node other than their defaults
    ground_station: dict[str, str]  # the same of the ground station
    model: str
    seconds: float
    warm_up_seconds: float  # before memory counts as settled
    bytes_per_frame: float  # as the link carries it
    fps_asked: float  # of each camera
    fps_camera: float  # what each sent, the mean
    fps_shown: float  # of each camera, the mean
    age_received_p50_ms: float  # as a frame comes out of the link
    age_received_p95_ms: float
    age_p50_ms: float
    age_p95_ms: float
    age_p99_ms: float
    out_of_order: int  # pictures shown after one with a later stamp
    frames_sent: int  # by the robot
    frames_received: int  # by the ground station
    frames_published: int  # as pictures, by the ground station
    frames_shown: int  # to a listener
    dropped: dict[str, int]  # by node and reason
    stages_ms: dict[str, StageTime]  # by node and stage
    machine_share: float  # of all cores, taken by onboard, link_emulator and ground_station
    cameras_share: float  # the same by what plays the cameras and by who observes
    nodes: dict[str, NodeUsage]

    def onboard_text(self) -> str:
        """What the onboard node was told, for a table."""
        return ", ".join(f"`{name}: {value}`" for name, value in self.onboard.items())

    def ages_text(self) -> str:
        """Percentiles of the age, for a table."""
        return f"{self.age_p50_ms:.0f} / {self.age_p95_ms:.0f} / {self.age_p99_ms:.0f}"

    def shares_text(self) -> str:
        """What was taken of the machine, for a table."""
        return f"{self.machine_share:.0%} / {self.cameras_share:.0%}"

    def memory_lines(self) -> list[tuple[str, str]]:
        """Memory of each node that is not of the measurement, for a table."""
        return [
            (
                f"`{node}`: memory from {self.warm_up_seconds:.0f} s on, MB",
                f"{usage.resident_mb_settled:.0f} ± {usage.resident_mb_deviation:.1f} "
                f"({usage.resident_mb_per_minute:+.2f} a minute)",
            )
            for node, usage in self.nodes.items()
            if node not in CAMERAS
        ]

    def memory_moved_mb(self) -> float | None:
        """The most that the memory of any of these nodes moved away from what it was after the warm-up."""
        return most(usage.resident_mb_deviation for node, usage in self.nodes.items() if node not in CAMERAS)


def run_claim(
    claim: Claim[ChainSettings, RowsT],
    description: str | None,
    seconds: float,
    quick_seconds: float,
    measure: Callable[[float], RowsT],
) -> int:
    """Entry point of a claim that lets the chain run for a while.

    Args:
        claim: to be written.
        description: for `--help`.
        seconds: of each run, unless `--seconds` says otherwise.
        quick_seconds: the same with `--quick`.
        measure: runs for so many seconds.
    """
    parser = claim.arguments(description)
    parser.add_argument("--seconds", type=float, help=f"of each run (default: {seconds:g})")

    def run(given: argparse.Namespace) -> None:
        chosen = given.seconds or (quick_seconds if given.quick else seconds)
        claim.write(given, ChainSettings(seconds=chosen), measure(chosen))

    return claim.run(parser, run)


def run_chain(
    seconds: float,
    onboard: Mapping[str, str],
    ground_station: Mapping[str, str] | None = None,
    camera: Camera = CAMERA,
    cameras: int = 1,
    link: tuple[str, str | LinkProfile] = (UNLIMITED, UNLIMITED),
    look: Callable[[Observer, float, float], object] = lambda *_: None,
) -> ChainRow:
    """Let the chain run for `seconds` after their start.

    Args:
        seconds: to measure for.
        onboard: parameters of the onboard node; all that are not given are the defaults.
        ground_station: the same of the ground station.
        camera: what each is.
        cameras: how many.
        link: what it is called, and its profile or the name of one.
        look: is given the observer at the end, and from when to when was measured, on its clock.

    Raises:
        InputError: a node fails, or no picture is shown.
    """
    warm_up = min(_WARM_UP, seconds / 4)
    names = ("",) if cameras == 1 else tuple(f"camera_{number + 1}" for number in range(cameras))
    with running_chain(link[1], onboard, ground_station, camera, names) as chain:
        chain.spin(_START)
        observer, screens = chain.observer, chain.observer.screens
        observer.forget_stages()
        usages = {node: Usage(pid) for node, pid in chain.pids().items()}
        usages["observer"] = Usage(os.getpid())
        began = observer.now()
        chain.watch(usages, began + seconds, _SAMPLE_PERIOD)
        end = observer.now()
        sent_per_s, stages = observer.rate("frame_player", "frames_out"), observer.stages()
        chain.stop_camera()
        look(observer, began, end)
        shown = {name: _within(screen.shown, began, end) for name, screen in screens.items()}
        received = [
            arrival for screen in screens.values() for arrival in _within(screen.received, began, end)
        ]
        count = sum(map(len, shown.values()))
        nodes = {
            node: usage.summary(len(shown.get(camera_of(node), ())) or count, began + warm_up)
            for node, usage in usages.items()
        }
        ages = _percentiles([picture for pictures in shown.values() for picture in pictures], (50, 95, 99))
        ages_received = _percentiles(received, (50, 95))
        stamps = [[picture.stamp for picture in screen.shown] for screen in screens.values()]
        return ChainRow(
            camera=camera_text(camera),
            cameras=cameras,
            link=link[0],
            onboard=dict(onboard),
            ground_station=dict(ground_station or {}),
            model=chain.model,
            seconds=round(end - began, 1),
            warm_up_seconds=warm_up,
            bytes_per_frame=round(float(np.mean([frame.size for frame in received]))),
            fps_asked=camera.rate_hz,
            fps_camera=round(sent_per_s / cameras, 2),
            fps_shown=round(count / (end - began) / cameras, 2),
            age_received_p50_ms=ages_received[0],
            age_received_p95_ms=ages_received[1],
            age_p50_ms=ages[0],
            age_p95_ms=ages[1],
            age_p99_ms=ages[2],
            out_of_order=sum(map(out_of_order, stamps)),
            frames_sent=observer.count("onboard", "frames_out"),
            frames_received=observer.count("ground_station", "frames_in"),
            frames_published=observer.count("ground_station", "frames_out"),
            frames_shown=sum(map(len, stamps)),
            dropped=observer.dropped(),
            stages_ms=stages,
            machine_share=_machine_share(nodes, lambda node: node not in CAMERAS),
            cameras_share=_machine_share(nodes, lambda node: node in CAMERAS),
            nodes=nodes,
        )


def _within(arrivals: Sequence[Arrival], began: float, end: float) -> list[Arrival]:
    return [arrival for arrival in arrivals if began <= arrival.at < end]


def _percentiles(arrivals: Sequence[Arrival], which: tuple[int, ...]) -> list[float]:
    return np.percentile([arrival.age_ms for arrival in arrivals], which).round(1).tolist()


def out_of_order(stamps: Sequence[float]) -> int:
    """How many are earlier than one before them."""
    return int((np.array(stamps) < np.maximum.accumulate(stamps)).sum())


def _machine_share(nodes: Mapping[str, NodeUsage], counts: Callable[[str], bool]) -> float:
    taken = sum(usage.core_share for node, usage in nodes.items() if counts(name_of(node)))
    return round(taken / len(os.sched_getaffinity(0)), 4)


def print_row(row: ChainRow) -> None:
    """A row for the terminal."""
    print(
        f"\n{row.cameras} x {row.camera}, link {row.link}, {row.model}, {row.seconds:.0f} s, "
        f"onboard with {row.onboard}\n"
        f"{row.fps_shown} pictures per second of {row.bytes_per_frame:.0f} bytes "
        f"(camera: {row.fps_camera}), age p50 {row.age_p50_ms} ms, p95 {row.age_p95_ms} ms, "
        f"p99 {row.age_p99_ms} ms, {row.out_of_order} out of order\n"
        f"{row.frames_sent} sent, {row.frames_received} received, {row.frames_published} published, "
        f"{row.frames_shown} shown, "
        f"dropped: {', '.join(f'{n} {reason}' for reason, n in row.dropped.items() if n) or 'none'}\n"
        f"{row.machine_share:.1%} of the machine, {row.cameras_share:.1%} for cameras and observer"
    )
    for stage, time_ms in row.stages_ms.items():
        print(f"{stage:28} {time_ms.mean:7.2f} ms mean {time_ms.max:7.2f} ms max")
    for node, usage in row.nodes.items():
        print(
            f"{node:28} {usage.cpu_ms_per_picture:7.2f} ms of processor a picture, "
            f"{usage.resident_mb_last:.1f} MB ({usage.resident_mb_per_minute:+.3f} a minute)"
        )
