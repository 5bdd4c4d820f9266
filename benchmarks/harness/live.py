"""What claims over a kernel link share: running real nodes there, and the table of it."""

import tempfile
from pathlib import Path

from benchmarks.harness.experiment import ExperimentResult, Lpips, by_link, is_ours, mean_text, where
from benchmarks.harness.markdown import number, table
from edgesr_ros.experiment.console import print_head, print_row, sources
from edgesr_ros.experiment.plan import Experiment
from edgesr_ros.experiment.runner import Outcome
from edgesr_ros.live.experiment import run_live
from edgesr_ros.live.processes import end_as_by_ctrl_c

READING = "A line is a contender; stale is the share of the time in which no picture had come for a second."


def measure(experiment: Experiment) -> Outcome:
    """Run it with real nodes, one contender after the other.

    Raises:
        InputError: we are not root, a node fails, or a recording cannot be read.
    """
    end_as_by_ctrl_c()
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
