"""What the chain bears: rising rates, until the pictures shown no longer follow the camera.

By the camera's size, and by the number of cameras, which share one link. Frames are always reduced
four times, so that each is enlarged by super-resolution.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from benchmarks.harness.chain import REDUCED, ChainRow, ChainSettings, print_row, run_chain
from benchmarks.harness.claim import Claim
from benchmarks.harness.evidence import Result
from benchmarks.harness.goals import Goal, most
from benchmarks.harness.labels import CAMERAS, name_of
from benchmarks.harness.markdown import number, table
from benchmarks.harness.usage import NodeUsage
from edgesr_ros.experiment.plan import Camera

GrowthResult = Result[ChainSettings, list[ChainRow]]

# Not what is fastest on the day, so that the rows compare.
_NETWORK = {"model": "edgesrgan_tiny_x4_link_int8", "backend": "onnxruntime"}
_SECONDS, _QUICK_SECONDS = 12.0, 6.0
_FOLLOWS = 0.9  # of the rate asked for: pictures shown keep up with it
_SENT = 0.97  # of the rate asked for: a camera that sends less is what holds its row up


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


def measure(growth: Growth, seconds: float) -> Iterator[ChainRow]:
    """At rising rates, one by one as they are asked for; errors as `run_chain`."""
    for rate_hz in growth.rates_hz:
        camera = Camera(width=growth.width, height=growth.height, rate_hz=rate_hz)
        yield run_chain(seconds, REDUCED, _NETWORK, camera, growth.cameras)


def until_behind(rows: Iterable[ChainRow]) -> Iterator[ChainRow]:
    """The rows up to the first in which the pictures shown do not follow the rate asked for."""
    for row in rows:
        yield row
        if row.fps_shown < _FOLLOWS * row.fps_asked:
            break


def growth_table(result: GrowthResult) -> str:
    """A line for each rate; and up to which the pictures followed, by size and number of the cameras."""
    head = (
        *("cameras", "camera's Hz", "shown per s", "age after the link, ms", "age shown, ms"),
        *("encode / upscale / publish, ms", "processor ms a picture", "of the machine: nodes / others"),
        "memory, MB",
    )
    lines = []
    best: dict[str, float] = {}
    for row in result.rows:
        cameras = f"{row.cameras} × {row.camera.partition(' ')[0]}"
        best[cameras] = max(row.fps_shown, best.get(cameras, 0.0))
        lines.append((cameras, *_cells(row)))
    first = result.rows[0]
    most = ", ".join(f"{cameras} {fps:.1f}" for cameras, fps in best.items())
    return (
        f"`{first.model}`, onboard with {first.onboard_text()}, link `{first.link}`, "
        f"{first.seconds:.0f} s each.\n\n"
        f"{table(head, lines)}\n\nMost pictures per second and camera: {most}."
    )


def _cells(row: ChainRow) -> tuple[str, ...]:
    """A line of the table, but for the cameras."""
    held_up = row.fps_camera < _SENT * row.fps_asked
    nodes = _nodes(row)
    stages = ("onboard: encode", "ground_station: upscale", "ground_station: publish")
    pictures = row.fps_shown * row.cameras
    return (
        f"{row.fps_asked:g}" + (f" (sent {row.fps_camera:.1f})" if held_up else ""),
        number(row.fps_shown, 1),
        f"{row.age_received_p50_ms:.0f} / {row.age_received_p95_ms:.0f}",
        f"{row.age_p50_ms:.0f} / {row.age_p95_ms:.0f}",
        " / ".join(number(row.stages_ms[stage].mean, 1) for stage in stages),
        number(1e3 * sum(usage.core_share for usage in nodes) / pictures, 1),
        row.shares_text(),
        number(_memory_mb(row), 0),
    )


def _nodes(row: ChainRow) -> list[NodeUsage]:
    """Of ours; neither cameras nor observer."""
    return [usage for node, usage in row.nodes.items() if name_of(node) not in CAMERAS]


def _memory_mb(row: ChainRow) -> float:
    """Of all nodes together."""
    return sum(usage.resident_mb_last for usage in _nodes(row))


GOALS = (
    Goal[GrowthResult](
        "memory of all nodes with four cameras",
        "≤",
        900,
        "MB",
        lambda result: most(_memory_mb(row) for row in result.rows if row.cameras == 4),
    ),
)

CLAIM = Claim(
    name="growth",
    title="What the chain bears",
    about=(
        "The rate rises until the pictures shown fall behind the camera by a tenth. Cameras, listener and "
        "nodes share the machine; all cameras go from one onboard node over one link to one ground station. "
        "Frames are always reduced four times."
    ),
    reading=(
        "A line is a rate; ages are p50 / p95, memory is that of all nodes together, others are cameras and "
        "observer."
    ),
    result=GrowthResult,
    table=growth_table,
    goals=GOALS,
)


def main() -> int:
    """Entry point."""
    return CLAIM.run(CLAIM.arguments(__doc__), _run)


def _run(given: argparse.Namespace) -> None:
    seconds = _QUICK_SECONDS if given.quick else _SECONDS
    rows = []
    for growth in _QUICK_GROWTH if given.quick else _GROWTH:
        for row in until_behind(measure(growth, seconds)):
            print_row(row)
            rows.append(row)
    CLAIM.write(given, ChainSettings(seconds=seconds), rows)


if __name__ == "__main__":
    sys.exit(main())
