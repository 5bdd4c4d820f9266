"""The chain beside a stream of fixed rate over DDS and a kernel link, in real time (needs root)."""

import argparse
import math
import sys
import tempfile
from pathlib import Path

from benchmarks.harness.claim import Claim
from benchmarks.harness.experiment import (
    OURS,
    ExperimentResult,
    Lpips,
    add_arguments,
    by_link,
    is_ours,
    keep,
    mean_text,
    where,
)
from benchmarks.harness.goals import Goal
from benchmarks.harness.markdown import number, table
from edgesr_ros.experiment.console import print_head, print_row, sources
from edgesr_ros.experiment.plan import Experiment, read_experiment
from edgesr_ros.experiment.rows import Row
from edgesr_ros.experiment.runner import Outcome
from edgesr_ros.live.experiment import run_live

_EXPERIMENT = "kernel"
_QUICK_SECONDS = 10.0
_RIVAL = "JPEG q80"  # what compressed_image_transport sends


def measure(experiment: Experiment) -> Outcome:
    """Run it with real nodes, one contender after the other.

    Raises:
        InputError: we are not root, a node fails, or a recording cannot be read.
    """
    print_head()
    with tempfile.TemporaryDirectory() as logs:
        return run_live(experiment, sources(experiment), Path(logs), print_row)


def contenders_table(result: ExperimentResult) -> str:
    """A line for each link and contender; means over the recordings."""
    lpips = Lpips(result.rows.runs)
    lines = [
        [
            f"`{link}`",
            contender,
            f"{mean_text(rows, 'capacity_used', 0, 100)} %",
            mean_text(rows, "fps_shown", 1),
            mean_text(rows, "age_p95_ms", 0),
            mean_text(rows, "propagation_ms", 0),
            f"{mean_text(rows, 'stale', 1, 100)} %",
            f"{mean_text(rows, 'lost_overload', 1, 100)} %",
            mean_text(rows, "bytes_per_frame", 0),
            mean_text(rows, "lpips_on_screen", 3),
            _by_best_other(lpips, link, contender),
        ]
        for (link, contender), rows in by_link(result.rows.runs).items()
    ]
    head = (
        *("link", "contender", "of the usable capacity", "shown per s", "age p95, ms", "of it propagation"),
        *("stale", "lost by overload", "bytes a frame", "LPIPS on screen ↓"),
        "ours by the best other ↓",
    )
    return f"{table(head, lines)}\n\n{lpips.said()} {where(result)}"


def _by_best_other(lpips: Lpips, link: str, contender: str) -> str:
    """LPIPS of a setting of ours by the best other of the link; of another, whether it is that one."""
    best = lpips.best_other(link)
    if best is None:
        return "–"
    if is_ours(contender):
        return number(lpips.by_link[link][contender] / best.lpips, 2)
    return "best other" if contender == best.name else ""


def of_contender(result: ExperimentResult, name: str = OURS) -> Row:
    """Its first run."""
    return next(row for row in result.rows.runs if row.contender == name)


def _age_ms(row: Row) -> float:
    return math.inf if row.age_p95_ms is None else row.age_p95_ms  # nothing shown: older than anything


GOALS = (
    Goal[ExperimentResult](
        f"pictures shown per second, beyond those of {_RIVAL}",
        "≥",
        0,
        "",
        lambda result: of_contender(result).fps_shown - of_contender(result, _RIVAL).fps_shown,
        digits=1,
    ),
    Goal[ExperimentResult](
        f"age p95 : that of {_RIVAL}, which is endless where it shows nothing",
        "≤",
        1,
        "",
        lambda result: _age_ms(of_contender(result)) / _age_ms(of_contender(result, _RIVAL)),
        digits=2,
    ),
    Goal[ExperimentResult](
        f"frames lost by overload, beyond those of {_RIVAL}",
        "≤",
        0,
        "%",
        lambda result: (
            100 * (of_contender(result).lost_overload - of_contender(result, _RIVAL).lost_overload)
        ),
    ),
    Goal[ExperimentResult](
        f"LPIPS on screen : that of {_RIVAL}",
        "≤",
        1,
        "",
        lambda result: of_contender(result).lpips_on_screen / of_contender(result, _RIVAL).lpips_on_screen,
        digits=2,
    ),
)

CLAIM = Claim(
    name="kernel_link",
    title="Over DDS and a kernel link of 1 Mbit/s",
    about=(
        "Real nodes in two network namespaces, one contender after the other on the same frames at 30 Hz. "
        "JPEG is sent as compressed_image_transport does: every frame, reliably, whatever the link does. "
        "Robot and operator share two processors. H.264 and AV1 are streams of fixed rates, sent the same "
        "way: good as long as somebody knows the link's rate, and nothing is lost."
    ),
    reading=(
        "A line is a contender; stale is the share of the time in which no picture had come for a second."
    ),
    result=ExperimentResult,
    table=contenders_table,
    goals=GOALS,
)


def main() -> int:
    """Entry point."""
    parser = CLAIM.arguments(__doc__)
    add_arguments(parser)
    return CLAIM.run(parser, _run)


def _run(given: argparse.Namespace) -> None:
    changes = {"recordings": given.recordings, "seconds": _QUICK_SECONDS if given.quick else None}
    keep(CLAIM, given, measure(read_experiment(_EXPERIMENT, changes)))


if __name__ == "__main__":
    sys.exit(main())
