"""Our sender against streams of fixed rate, over the shipped links and recorded ones, in simulated time."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec.structs import replace

from benchmarks.harness.claim import Claim
from benchmarks.harness.experiment import (
    OURS,
    ExperimentResult,
    Lpips,
    add_arguments,
    by_link,
    keep,
    kind_of,
    mean_text,
    ratio_goals,
    where,
)
from benchmarks.harness.goals import Goal, most
from benchmarks.harness.markdown import number, table
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.console import add_jobs, print_head, print_row, sources
from edgesr_ros.experiment.plan import Experiment, read_experiment
from edgesr_ros.experiment.rows import Row
from edgesr_ros.experiment.runner import Outcome, simulate
from edgesr_ros.link.trace import SUFFIXES

_EXPERIMENT = "link"
_QUICK = {"links": ["radio_100kbps", "demo"], "seconds": 8, "curves": False}
_QUICK_CONTENDERS = ("ours", "JPEG q80", "H.264 500 kbit/s", "AV1 500 kbit/s")


def measure(experiment: Experiment, jobs: int) -> Outcome:
    """Run it in so many processes; a line for each run as soon as it is over.

    Raises:
        InputError: a link or a recording cannot be read.
    """
    print_head()
    return simulate(experiment, sources(experiment), print_row, jobs)


def plan(quick: bool, traces: Path | None, recordings: list[str] | None) -> Experiment:
    """The shipped experiment, and the recorded links of a folder beside its own.

    Raises:
        InputError: there is no trace in the folder, or a file is none.
    """
    shipped = read_experiment(_EXPERIMENT)
    links = [*shipped.links, *map(str, _traces(traces))] if traces else list(shipped.links)
    changes = {"links": links} | (_QUICK if quick else {}) | {"recordings": recordings}
    experiment = read_experiment(_EXPERIMENT, changes)
    if not quick:
        return experiment
    chosen = tuple(one for one in experiment.contenders if one.name in _QUICK_CONTENDERS)
    return replace(experiment, contenders=chosen)


def _traces(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)
    if not found:
        raise InputError(f"{folder}: no recorded link in it (looked for {', '.join(SUFFIXES)})")
    return found


def links_table(result: ExperimentResult) -> str:
    """A line for each link: how our sender fares on it, and LPIPS of all; means over the recordings.

    Contenders that differ in their rate alone share a column: the best rate of the link, in hindsight.
    """
    groups, lpips = by_link(result.rows.runs), Lpips(result.rows.runs)
    kinds = list(dict.fromkeys(kind_of(contender)[0] for _, contender in groups))
    rated = {kind_of(contender)[0] for _, contender in groups if kind_of(contender)[1]}
    lines = []
    for link, found in lpips.by_link.items():
        ours, rival = groups[link, OURS], lpips.best_other(link)
        best = number(min(found.values()), 3)
        lines.append(
            [
                f"`{link.rpartition('/')[2]}`",
                f"{mean_text(ours, 'capacity_used', 0, 100)} %",
                mean_text(ours, "fps_shown", 1),
                f"{mean_text(ours, 'age_p95_ms', 0)} ({mean_text(ours, 'propagation_ms', 0)})",
                f"{mean_text(ours, 'lost_overload', 1, 100)} %",
                mean_text(ours, "recovery_s", 2),
                *(_best_of(kind, found, best) for kind in kinds),
                "–" if rival is None else f"{rival.name}: {number(rival.ratio, 2)}",
            ]
        )
    names = [f"{kind}, best rate (kbit/s)" if kind in rated else kind for kind in kinds]
    head = (
        *("link", f"{OURS}: of the usable capacity", "shown per s", "age p95 (of it propagation), ms"),
        *("lost by overload", "fresh after an outage, s"),
        *(f"LPIPS on screen ↓: {name}" if index == 0 else name for index, name in enumerate(names)),
        f"best other: {OURS} by it ↓",
    )
    return f"{table(head, lines)}\n\n{lpips.said()} {where(result)}"


def _best_of(kind: str, found: Mapping[str, float], best: str) -> str:
    """The LPIPS of a kind of contenders on a link, with the rate that has it; bold where it is the best."""
    name = min((name for name in found if kind_of(name)[0] == kind), key=found.__getitem__)
    text, rate = number(found[name], 3), kind_of(name)[1]
    return (f"**{text}**" if text == best else text) + (f" ({rate})" if rate else "")


def _of_ours(result: ExperimentResult) -> Iterator[Row]:
    """Our runs."""
    return (row for row in result.rows.runs if row.contender == OURS)


def _waiting(row: Row) -> float | None:
    """By how much the age's p95 is over the link's propagation, ms."""
    return None if row.age_p95_ms is None else row.age_p95_ms - row.propagation_ms


def _reports(result: ExperimentResult) -> Iterator[float | None]:
    """What reports take of what each limited link carries, %: the way back is as the way there."""
    for row in _of_ours(result):
        if row.capacity_kbps is not None:
            yield None if row.reports_kbps is None else 100 * row.reports_kbps / row.capacity_kbps


GOALS = (
    Goal[ExperimentResult](
        "age p95 beyond propagation, the most on any link",
        "≤",
        250,
        "ms",
        lambda result: most(_waiting(row) for row in _of_ours(result)),
    ),
    Goal[ExperimentResult](
        "frames lost by overload, the most on any link",
        "≤",
        1,
        "%",
        lambda result: most(100 * row.lost_overload for row in _of_ours(result)),
        digits=1,
    ),
    Goal[ExperimentResult](
        "reports, of what the link carries back, the most of any run",
        "≤",
        10,
        "%",
        lambda result: most(_reports(result)),
        digits=1,
    ),
    *ratio_goals(each=1.03, mean=0.85),
)

CLAIM = Claim(
    name="link",
    title="Streams over bad links",
    about=(
        "Simulated time, so that every contender sees the same frames and the same link; the last lines are "
        "recorded links. The screen is compared with what the camera sees at that moment, so a frozen, old "
        "or missing picture counts as what is on the screen. `ours` is what is sent by default, enlarged by "
        "the ground station's networks. Streams of a fixed rate know nothing of the link: one that happens "
        "to fit is good, any other is lost, and so are all where packets are. "
        "`edgesr experiment link --jobs 4` does the same with your recordings and links, and writes a page "
        "of graphs and pictures."
    ),
    reading=(
        "A line is a link; the best LPIPS of it is bold. Of streams of a fixed rate it shows the one that "
        "was the best on this link, which nobody knows before. Usable is the capacity as far as frames of "
        "the recording can fill it, by an estimate."
    ),
    result=ExperimentResult,
    table=links_table,
    goals=GOALS,
)


def main() -> int:
    """Entry point."""
    parser = CLAIM.arguments(__doc__)
    add_arguments(parser)
    add_jobs(parser)
    parser.add_argument("--traces", type=Path, metavar="DIR", help="folder of recorded links to run as well")
    return CLAIM.run(parser, _run)


def _run(given: argparse.Namespace) -> None:
    outcome = measure(plan(given.quick, given.traces, given.recordings), given.jobs)
    recorded = [path.stem for path in _traces(given.traces)] if given.traces and not given.quick else []
    keep(CLAIM, given, outcome, recorded)


if __name__ == "__main__":
    sys.exit(main())
