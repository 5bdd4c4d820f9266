"""The whole chain on an unlimited link: rate, age and order of the pictures, time, memory, and what it bears.

Once as it is, with frames of full size, and once with frames that are always reduced four times, so that
each is enlarged by super-resolution. Then, of the latter, at rising rates until the pictures shown no longer
follow the camera: by the camera's size, and by the number of cameras, each with a chain of its own.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.harness.camera import CAMERA
from benchmarks.harness.evidence import (
    CAMERAS,
    ChainResult,
    ChainRow,
    NodeUsage,
    arguments,
    save,
    status,
    this_machine,
)
from benchmarks.harness.labels import name_of, robot_of
from benchmarks.harness.observer import Arrival
from benchmarks.harness.running import running_chain
from benchmarks.harness.usage import Usage
from edgesr_ros.experiment.plan import Camera
from edgesr_ros.experiment.runner import camera_text

_LINK = "unlimited"
REDUCED = {"ladder": "none"}
_ONBOARD: tuple[dict[str, str], ...] = ({}, REDUCED)  # its parameters, run by run
# Not what is fastest on the day, so that the rows compare.
_NETWORK = {"model": "edgesrgan_tiny_x4_link_int8", "backend": "onnxruntime"}
_SECONDS, _QUICK_SECONDS = 120.0, 15.0
_GROWTH_SECONDS, _QUICK_GROWTH_SECONDS = 12.0, 6.0
_START = (
    4.0  # seconds after the first picture that do not count: discovery, first inference, choice of a backend
)
_SAMPLE_PERIOD = 5.0  # seconds between looks at processor time and memory
_WARM_UP = 60.0  # seconds in which caches and pools fill; at most a quarter of the run
_FOLLOWS = 0.9  # of the rate asked for: pictures shown keep up with it


class Growth(NamedTuple):
    """Cameras whose rate rises."""

    width: int
    height: int
    cameras: int
    rates_hz: tuple[float, ...]


_GROWTH = (
    Growth(320, 240, 1, (25, 50, 100, 150, 200, 250)),
    Growth(640, 480, 1, (15, 25, 50, 75, 100)),
    Growth(1280, 720, 1, (5, 15, 25, 35)),
    Growth(640, 480, 2, (15, 25, 50)),
    Growth(640, 480, 4, (5, 10, 15, 25)),
)
_QUICK_GROWTH = (Growth(640, 480, 1, (25,)), Growth(640, 480, 2, (15,)))


def measure(
    seconds: float,
    onboard: Mapping[str, str],
    ground_station: Mapping[str, str] | None = None,
    camera: Camera = CAMERA,
    cameras: int = 1,
) -> ChainRow:
    """Let chains run for `seconds` after their start.

    Args:
        seconds: to measure for.
        onboard: parameters of the onboard node; all that are not given are the defaults.
        ground_station: the same of the ground station.
        camera: of each chain.
        cameras: how many chains.

    Raises:
        InputError: a node fails, or no picture is shown.
    """
    warm_up = min(_WARM_UP, seconds / 4)
    robots = ("",) if cameras == 1 else tuple(f"camera_{number + 1}" for number in range(cameras))
    with running_chain(_LINK, onboard, ground_station, camera, robots) as chain:
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
        shown = {robot: _within(screen.shown, began, end) for robot, screen in screens.items()}
        received = [
            arrival for screen in screens.values() for arrival in _within(screen.received, began, end)
        ]
        count = sum(map(len, shown.values()))
        nodes = {
            node: usage.summary(len(shown.get(robot_of(node), ())) or count, began + warm_up)
            for node, usage in usages.items()
        }
        ages = _percentiles([picture for pictures in shown.values() for picture in pictures], (50, 95, 99))
        ages_received = _percentiles(received, (50, 95))
        stamps = [[picture.stamp for picture in screen.shown] for screen in screens.values()]
        return ChainRow(
            camera=camera_text(camera),
            cameras=cameras,
            link=_LINK,
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


def _growth_rows(growth: Growth, seconds: float) -> Iterator[ChainRow]:
    """At rising rates, one by one as they are asked for; errors as `measure`."""
    for rate_hz in growth.rates_hz:
        camera = Camera(width=growth.width, height=growth.height, rate_hz=rate_hz)
        yield measure(seconds, REDUCED, _NETWORK, camera, growth.cameras)


def until_behind(rows: Iterable[ChainRow]) -> Iterator[ChainRow]:
    """The rows up to the first in which the pictures shown do not follow the rate asked for."""
    for row in rows:
        yield row
        if row.fps_shown < _FOLLOWS * row.fps_asked:
            break


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


def main() -> int:
    """Entry point."""
    parser = arguments("chain", __doc__)
    parser.add_argument("--seconds", type=float, help=f"of the first two runs (default: {_SECONDS:g})")
    given = parser.parse_args()
    return status("chain", lambda: _measure_all(given))


def _measure_all(given: argparse.Namespace) -> None:
    rows, growth = [], []
    for onboard in _ONBOARD:
        rows.append(measure(given.seconds or (_QUICK_SECONDS if given.quick else _SECONDS), onboard))
        print_row(rows[-1])
    seconds = _QUICK_GROWTH_SECONDS if given.quick else _GROWTH_SECONDS
    for cameras in _QUICK_GROWTH if given.quick else _GROWTH:
        for row in until_behind(_growth_rows(cameras, seconds)):
            print_row(row)
            growth.append(row)
    save("chain", given, ChainResult(machine=this_machine(), rows=rows, growth=growth))


if __name__ == "__main__":
    sys.exit(main())
