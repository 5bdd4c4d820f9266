"""What claims about links share: an experiment's arguments, its results in our envelope, means over them."""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec.structs import replace

from benchmarks.harness.claim import Claim
from benchmarks.harness.evidence import Result
from benchmarks.harness.markdown import number
from edgesr_ros.experiment.report import write_report
from edgesr_ros.experiment.rows import CurvePoint, Results, Row
from edgesr_ros.experiment.runner import Outcome
from edgesr_ros.schema import Struct

OURS = "ours"  # the contender that the claims are about


class ExperimentSettings(Struct):
    """What all contenders had in common."""

    description: str
    camera: str
    seed: int
    recorded: list[str]  # links that are recordings of real ones


class ExperimentRows(Struct):
    """What an experiment finds."""

    runs: list[Row]
    curves: list[CurvePoint]


ExperimentResult = Result[ExperimentSettings, ExperimentRows]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare those of a claim that runs an experiment."""
    parser.add_argument("--recordings", nargs="+", help="videos, folders or bags; default: the demo's clip")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the page here")


def without_timelines(results: Results) -> Results:
    """Without the course of each run, which the page shows."""
    return replace(results, rows=[replace(row, timeline=None) for row in results.rows])


def keep(
    claim: Claim[ExperimentSettings, ExperimentRows],
    given: argparse.Namespace,
    outcome: Outcome,
    recorded: Sequence[str] = (),
) -> None:
    """Write the figures as evidence, and the page where it is wanted."""
    results = without_timelines(outcome.results)
    settings = ExperimentSettings(
        description=results.description, camera=results.camera, seed=results.seed, recorded=list(recorded)
    )
    claim.write(given, settings, ExperimentRows(runs=results.rows, curves=results.curves))
    if given.report:
        write_report(given.report, outcome.results, outcome.strips)
        print(given.report)


def by_link(runs: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    """The runs of each link and contender: one for each recording."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in runs:
        groups.setdefault((row.link, row.contender), []).append(row)
    return groups


def mean_text(runs: Sequence[Row], field: str, digits: int, factor: float = 1.0) -> str:
    """The mean of a figure over runs that have one, times `factor`."""
    found = [value for row in runs if (value := getattr(row, field)) is not None]
    return number(factor * sum(found) / len(found) if found else None, digits)


def where(result: ExperimentResult) -> str:
    """A sentence: what the camera was, and what it saw."""
    recordings = ", ".join(f"`{name}`" for name in dict.fromkeys(row.recording for row in result.rows.runs))
    return f"{result.settings.camera}; recordings: {recordings}."
