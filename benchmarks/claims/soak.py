"""Ten minutes of pictures at 30 Hz: is memory flat, the order kept, the age even?"""

import argparse
import sys

from benchmarks.harness.camera import CAMERA
from benchmarks.harness.chain import REDUCED, ChainRow, ChainSettings, print_row, run_chain
from benchmarks.harness.claim import Claim
from benchmarks.harness.evidence import Result
from benchmarks.harness.goals import Goal, most
from benchmarks.harness.labels import CAMERAS
from benchmarks.harness.markdown import number, table
from edgesr_ros.experiment.plan import Camera

SoakResult = Result[ChainSettings, list[ChainRow]]

_RATE_HZ = 30.0
_SECONDS, _QUICK_SECONDS = 600.0, 30.0


def measure(seconds: float) -> ChainRow:
    """The run; errors as `run_chain`."""
    camera = Camera(width=CAMERA.width, height=CAMERA.height, rate_hz=_RATE_HZ)
    row = run_chain(seconds, REDUCED, camera=camera)
    print_row(row)
    return row


def soak_table(result: SoakResult) -> str:
    """What must hold for long: memory, order and age."""
    (row,) = result.rows
    memory = [
        (
            f"`{node}`: memory from {row.warm_up_seconds:.0f} s on, MB",
            f"{usage.resident_mb_settled:.0f} ± {usage.resident_mb_deviation:.1f} "
            f"({usage.resident_mb_per_minute:+.2f} a minute)",
        )
        for node, usage in row.nodes.items()
        if node not in CAMERAS
    ]
    lines = [
        *memory,
        ("shown out of order", str(row.out_of_order)),
        ("age p50 / p95 / p99, ms", row.ages_text()),
        ("pictures shown per second", number(row.fps_shown, 2)),
        ("pictures shown", f"{row.frames_shown:,}"),
        ("of the machine: nodes / camera and observer", row.shares_text()),
    ]
    return (
        f"{row.camera}, link `{row.link}`, `{row.model}`, onboard with {row.onboard_text()}, "
        f"{row.seconds:.0f} s.\n\n{table(('', 'measured'), lines)}"
    )


GOALS = (
    Goal[SoakResult](
        "memory of a node from the first minute on, away from what it was then",
        "≤",
        5,
        "MB",
        lambda result: most(
            usage.resident_mb_deviation for node, usage in result.rows[0].nodes.items() if node not in CAMERAS
        ),
        digits=1,
    ),
    Goal[SoakResult]("pictures shown out of order", "≤", 0, "", lambda result: result.rows[0].out_of_order),
    Goal[SoakResult](
        "frames sent and not shown",
        "≤",
        0,
        "",
        lambda result: result.rows[0].frames_sent - result.rows[0].frames_shown,
    ),
    Goal[SoakResult](
        "age p99 : p50",
        "≤",
        2,
        "",
        lambda result: result.rows[0].age_p99_ms / result.rows[0].age_p50_ms,
        digits=2,
    ),
)

CLAIM = Claim(
    name="soak",
    title="Ten minutes at 30 Hz",
    about="Frames are always reduced four times.",
    reading=(
        "Memory is that at the end of the first minute, and the most that it moved away from it afterwards."
    ),
    result=SoakResult,
    table=soak_table,
    goals=GOALS,
)


def main() -> int:
    """Entry point."""
    parser = CLAIM.arguments(__doc__)
    parser.add_argument("--seconds", type=float, help=f"to run for (default: {_SECONDS:g})")
    return CLAIM.run(parser, _run)


def _run(given: argparse.Namespace) -> None:
    seconds = given.seconds or (_QUICK_SECONDS if given.quick else _SECONDS)
    CLAIM.write(given, ChainSettings(seconds=seconds), [measure(seconds)])


if __name__ == "__main__":
    sys.exit(main())
