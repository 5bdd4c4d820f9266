"""Ten minutes of pictures at 30 Hz: is memory flat, the order kept, the age even?"""

import sys

from benchmarks.harness.camera import CAMERA
from benchmarks.harness.chain import REDUCED, ChainRow, ChainSettings, print_row, run_chain, run_claim
from benchmarks.harness.claim import Claim
from benchmarks.harness.evidence import Result
from benchmarks.harness.goals import Goal
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
    lines = [
        *row.memory_lines(),
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
        lambda result: result.rows[0].memory_moved_mb(),
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
    return run_claim(CLAIM, __doc__, _SECONDS, _QUICK_SECONDS, lambda seconds: [measure(seconds)])


if __name__ == "__main__":
    sys.exit(main())
