"""What claims about links share: an experiment's arguments, its results in our envelope, means over them."""

import argparse
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from benchmarks.harness.claim import Claim
from benchmarks.harness.evidence import Result
from benchmarks.harness.goals import Goal, most
from benchmarks.harness.markdown import number
from edgesr_ros.experiment.report import write_report
from edgesr_ros.experiment.rows import CurvePoint, Results, Row
from edgesr_ros.experiment.runner import Outcome
from edgesr_ros.schema import Struct

OURS = "ours"  # the contender that the claims are about; others of ours are called `ours …`

_OF_A_RATE = re.compile(
    r"(?P<kind>.+) (?P<rate>[\d.,]+) kbit/s"
)  # contenders that differ in their rate alone


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


class Rival(NamedTuple):
    """A contender that is none of ours."""

    name: str
    lpips: float  # on screen, mean over the recordings
    ratio: float  # ours by it


class Lpips:
    """LPIPS on screen of every contender on every link, means over the recordings.

    Attributes:
        by_link: links in their order, and of each the contenders in theirs.
    """

    def __init__(self, runs: Iterable[Row]) -> None:
        self.by_link: dict[str, dict[str, float]] = {}
        for (link, contender), rows in by_link(runs).items():
            mean = sum(row.lpips_on_screen for row in rows) / len(rows)
            self.by_link.setdefault(link, {})[contender] = mean

    def best_other(self, link: str) -> Rival | None:
        """The best that is not ours on a link, chosen in hindsight; None where there is none, or not ours."""
        found = self.by_link[link]
        others = {name: lpips for name, lpips in found.items() if not is_ours(name)}
        if not others or OURS not in found:
            return None
        name = min(others, key=others.__getitem__)
        return Rival(name, others[name], found[OURS] / others[name])

    def worst_ratio(self) -> float | None:
        """Ours by the best other of each link: the most of all links."""
        return most(rival and rival.ratio for rival in map(self.best_other, self.by_link))

    def best_single(self) -> Rival | None:
        """The one other contender whose mean over all links is the best; None as `best_other`.

        Of those that were on all links.
        """
        links = list(self.by_link.values())
        everywhere = set.intersection(*map(set, links)) if links else set()
        means = {name: sum(found[name] for found in links) / len(links) for name in sorted(everywhere)}
        others = [name for name in means if not is_ours(name)]
        if not others or OURS not in means:
            return None
        name = min(others, key=means.__getitem__)
        return Rival(name, means[name], means[OURS] / means[name])

    def said(self) -> str:
        """A sentence: ours beside the best other of each link, and beside the best single one."""
        single, worst = self.best_single(), self.worst_ratio()
        if single is None or worst is None:
            return ""
        return (
            f"LPIPS of `{OURS}` is at most {number(worst, 2)} times that of the best other contender of a "
            f"link; in the mean over the links it is {number(single.ratio, 2)} times that of the best single "
            f"other one, {single.name}."
        )


def is_ours(contender: str) -> bool:
    """Whether a contender is a setting of our sender."""
    return contender == OURS or contender.startswith(f"{OURS} ")


def kind_of(contender: str) -> tuple[str, str]:
    """A contender's name without its rate, and the rate; `""` where it has none."""
    match = _OF_A_RATE.fullmatch(contender)
    return (match["kind"], match["rate"]) if match else (contender, "")


def ratio_goals(each: float, mean: float) -> tuple[Goal[ExperimentResult], ...]:
    """That ours is at most so many times the best other of each link, and of the best single one."""

    def single(result: ExperimentResult) -> float | None:
        found = Lpips(result.rows.runs).best_single()
        return found and found.ratio

    return (
        Goal[ExperimentResult](
            "LPIPS on screen : that of the best other contender, the most on any link",
            "≤",
            each,
            "",
            lambda result: Lpips(result.rows.runs).worst_ratio(),
            digits=2,
        ),
        Goal[ExperimentResult](
            "LPIPS on screen, mean of the links : that of the best single other contender",
            "≤",
            mean,
            "",
            single,
            digits=2,
        ),
    )


def mean_text(runs: Sequence[Row], field: str, digits: int, factor: float = 1.0) -> str:
    """The mean of a figure over runs that have one, times `factor`."""
    found = [value for row in runs if (value := getattr(row, field)) is not None]
    return number(factor * sum(found) / len(found) if found else None, digits)


def where(result: ExperimentResult) -> str:
    """A sentence: what the camera was, and what it saw."""
    recordings = ", ".join(f"`{name}`" for name in dict.fromkeys(row.recording for row in result.rows.runs))
    return f"{result.settings.camera}; recordings: {recordings}."
