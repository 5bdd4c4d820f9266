"""Our sender against streams of fixed rate, over the shipped links and recorded ones, in simulated time."""

import argparse
import sys
from pathlib import Path

from msgspec.structs import replace

from benchmarks.harness.evidence import arguments, save, status
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.console import add_jobs, print_head, print_row, sources
from edgesr_ros.experiment.plan import Experiment, read_experiment
from edgesr_ros.experiment.report import write_report
from edgesr_ros.experiment.rows import Results
from edgesr_ros.experiment.runner import Outcome, simulate
from edgesr_ros.link.trace import SUFFIXES

_EXPERIMENT = "link"
_QUICK = {"links": ["radio_100kbps", "demo"], "seconds": 8, "curves": False}
_QUICK_CONTENDERS = ("ours", "JPEG q80", "H.264 500 kbit/s")


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


def evidence(results: Results) -> Results:
    """Without the course of each run, which the page shows."""
    return replace(results, rows=[replace(row, timeline=None) for row in results.rows])


def experiment_arguments(name: str, about: str | None) -> argparse.ArgumentParser:
    """The arguments of a benchmark that runs an experiment."""
    parser = arguments(name, about)
    parser.add_argument("--recordings", nargs="+", help="videos, folders or bags; default: the demo's clip")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the page here")
    return parser


def keep(name: str, given: argparse.Namespace, outcome: Outcome) -> None:
    """Write the figures as evidence, and the page where it is wanted."""
    save(name, given, evidence(outcome.results))
    if given.report:
        write_report(given.report, outcome.results, outcome.strips)
        print(given.report)


def main() -> int:
    """Entry point."""
    parser = experiment_arguments("link", __doc__)
    add_jobs(parser)
    parser.add_argument("--traces", type=Path, metavar="DIR", help="folder of recorded links to run as well")
    given = parser.parse_args()
    return status("link", lambda: _run(given))


def _run(given: argparse.Namespace) -> None:
    experiment = plan(given.quick, given.traces, given.recordings)
    print_head()
    keep("link", given, simulate(experiment, sources(experiment), print_row, given.jobs))


if __name__ == "__main__":
    sys.exit(main())
