"""The chain beside a stream of fixed rate over DDS and a kernel link, in real time (needs root)."""

import argparse
import math
import sys

from benchmarks.harness.claim import Claim
from benchmarks.harness.experiment import OURS, ExperimentResult, add_arguments, keep
from benchmarks.harness.goals import Goal
from benchmarks.harness.live import READING, contenders_table, measure
from edgesr_ros.experiment.plan import read_experiment
from edgesr_ros.experiment.rows import Row

_EXPERIMENT = "kernel"
_QUICK_SECONDS = 10.0
_RIVAL = "JPEG q80"  # what compressed_image_transport sends


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
    reading=READING,
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
