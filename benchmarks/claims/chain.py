"""The whole chain on an unlimited link: rate, age and order of the pictures, time and memory.

Once as it is, with frames of full size, and once with frames that are always reduced four times, so that
each is enlarged by super-resolution.
"""

import sys

from benchmarks.harness.chain import REDUCED, ChainRow, ChainSettings, print_row, run_chain, run_claim
from benchmarks.harness.claim import Claim
from benchmarks.harness.evidence import Result
from benchmarks.harness.goals import Goal, least, most
from benchmarks.harness.markdown import number, table

ChainResult = Result[ChainSettings, list[ChainRow]]

_ONBOARD: tuple[dict[str, str], ...] = ({}, REDUCED)  # its parameters, run by run
_SECONDS, _QUICK_SECONDS = 120.0, 15.0


def measure(seconds: float) -> list[ChainRow]:
    """A run with each of the robot's settings; errors as `run_chain`."""
    rows = []
    for onboard in _ONBOARD:
        rows.append(run_chain(seconds, onboard))
        print_row(rows[-1])
    return rows


def chain_table(result: ChainResult) -> str:
    """The figures of each run; then each node's."""
    rows = result.rows
    lines: dict[str, list[str]] = {
        "pictures shown per second": [number(row.fps_shown, 2) for row in rows],
        "bytes per frame": [number(row.bytes_per_frame, 0) for row in rows],
        "age p50 / p95 / p99, ms": [row.ages_text() for row in rows],
        "shown out of order": [str(row.out_of_order) for row in rows],
        "frames sent / received / published / shown": [_counts(row) for row in rows],
        "frames dropped": [_dropped(row) for row in rows],
        "of the machine: nodes / camera and observer": [row.shares_text() for row in rows],
    }
    whole = table(("", *(_run(row) for row in rows)), [(name, *cells) for name, cells in lines.items()])
    first = rows[0]
    return "\n\n".join(
        (
            f"{first.camera}, link `{first.link}`, `{first.model}`, {first.seconds:.0f} s each.",
            whole,
            *(f"{_run(row)}:\n\n{_node_table(row)}" for row in rows),
            f"Memory: resident, from {first.warm_up_seconds:.0f} s after the start on.",
        )
    )


def _run(row: ChainRow) -> str:
    return f"onboard with {row.onboard_text()}" if row.onboard else "all by default"


def _counts(row: ChainRow) -> str:
    frames = (row.frames_sent, row.frames_received, row.frames_published, row.frames_shown)
    return " / ".join(f"{count:,}" for count in frames)


def _dropped(row: ChainRow) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in row.dropped.items() if count) or "none"


def _node_table(row: ChainRow) -> str:
    head = ("process", "ms per stage: mean (max)", "processor ms per picture", "memory MB", "MB per minute")
    rows = []
    for node, usage in row.nodes.items():
        stages = [
            f"{name.removeprefix(f'{node}: ')} {stage.mean:.1f} ({stage.max:.0f})"
            for name, stage in row.stages_ms.items()
            if name.startswith(f"{node}: ")
        ]
        memory = f"{usage.resident_mb_settled:.0f} → {usage.resident_mb_last:.0f}"
        slope = f"{usage.resident_mb_per_minute:+.2f}"
        rows.append((f"`{node}`", ", ".join(stages), number(usage.cpu_ms_per_picture, 1), memory, slope))
    return table(head, rows)


def _runs(result: ChainResult, reduced: bool) -> list[ChainRow]:
    return [row for row in result.rows if (row.onboard == REDUCED) is reduced]


GOALS = (
    Goal[ChainResult](
        "pictures shown per second, frames reduced four times",
        "≥",
        24.5,
        "",
        lambda result: least(row.fps_shown for row in _runs(result, reduced=True)),
        digits=2,
    ),
    Goal[ChainResult](
        "pictures shown per second, all by default",
        "≥",
        24.5,
        "",
        lambda result: least(row.fps_shown for row in _runs(result, reduced=False)),
        digits=2,
    ),
    Goal[ChainResult](
        "age p95 of either run", "≤", 100, "ms", lambda result: most(row.age_p95_ms for row in result.rows)
    ),
    Goal[ChainResult](
        "pictures shown out of order",
        "≤",
        0,
        "",
        lambda result: most(row.out_of_order for row in result.rows),
    ),
    Goal[ChainResult](
        "taken of the machine by the nodes, frames reduced four times",
        "≤",
        35,
        "%",
        lambda result: most(100 * row.machine_share for row in _runs(result, reduced=True)),
        digits=1,
    ),
)

CLAIM = Claim(
    name="chain",
    title="The whole chain at 25 Hz",
    about=(
        "All nodes, the camera and the listener share the machine, which makes it harder than with robot "
        "and ground station apart; but no radio is involved. By default frames have their full size on such "
        "a link, and encoding is the work; with `ladder: none` each is reduced four times, and "
        "super-resolution is."
    ),
    reading=(
        "A column is a run. Stages of different threads overlap; `callback` is how long a node's callbacks "
        "took."
    ),
    result=ChainResult,
    table=chain_table,
    goals=GOALS,
)


def main() -> int:
    """Entry point."""
    return run_claim(CLAIM, __doc__, _SECONDS, _QUICK_SECONDS, measure)


if __name__ == "__main__":
    sys.exit(main())
