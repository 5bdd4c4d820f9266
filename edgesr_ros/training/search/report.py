"""What a search leaves in its folder: search.json, and search.html, which shows it without anything else."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from edgesr_ros.quality.page import render
from edgesr_ros.quality.plots import COLOURS, Line, Plot, scatter_plot
from edgesr_ros.schema import write_json, write_text
from edgesr_ros.training.search.budget import Cost
from edgesr_ros.training.search.drawing import draw_cell
from edgesr_ros.training.search.results import SearchResult, TrialRow, result_of
from edgesr_ros.training.search.trials import Trials

RESULT, PAGE = "search.json", "search.html"

_SHOWN = 15  # trials of the table
_LEAST_SPAN = {"psnr_y": 0.5, "lpips_alex": 0.02}  # of what is less nothing can be told
_SCORES = {"psnr_y": "PSNR-Y, dB", "lpips_alex": "LPIPS"}


class _Quantity(NamedTuple):
    """A way to count what a trial costs."""

    title: str
    axis: str
    of: Callable[[Cost], float | None]


_QUANTITIES = (
    _Quantity("multiply-accumulates", "MAC a pixel", lambda cost: cost.macs_per_pixel),
    _Quantity("parameters", "parameters", lambda cost: cost.parameters),
    _Quantity("time", "ms", lambda cost: cost.ms),
)


def write_report(trials: Trials) -> SearchResult:
    """Write both files of what there is until now.

    Raises:
        InputError: one cannot be written.
    """
    result = result_of(trials)
    write_json(trials.folder / RESULT, result)
    write_text(trials.folder / PAGE, page_of(result))
    return result


def page_of(result: SearchResult) -> str:
    """The page of a search."""
    first, last = result.ends[0], result.ends[-1]
    best = result.best_trial
    judged = [row for row in result.trials if row.scores]
    shown = sorted(judged, key=lambda row: (-max(row.scores), _order(result)(row, max(row.scores))))[:_SHOWN]
    counts = {state: sum(row.state == state for row in result.trials) for state in _STATES}
    return render(
        __package__,
        "search.html.jinja",
        r=result,
        score=_SCORES[result.best_by],
        ends=[f"{steps:,}" for steps in result.ends],
        digits=2 if result.best_by == "psnr_y" else 4,
        best=best,
        states=[(words, counts[state]) for state, words in _STATES.items() if counts[state]],
        progress=[_over_trials(result, judged)] if judged else [],
        costs=[
            plot
            for steps in dict.fromkeys((last, first))
            for quantity in _QUANTITIES
            if (plot := _over_cost(result, judged, steps, quantity))
        ],
        cells=_cells(result, best) if result.search == "generator" else [],
        shown=shown,
        problems=[row for row in result.trials if row.state == "failed"],
    )


_STATES = {
    "complete": "trained to the end",
    "stopped": "stopped at a rung",
    "failed": "failed",
    "refused": "refused, over budget",
    "running": "being trained, or waiting for a worker",
}


def _order(result: SearchResult) -> Callable[[TrialRow, int], float]:
    """The lower the better."""
    sign = -1 if result.best_by == "psnr_y" else 1
    return lambda row, steps: sign * row.scores[steps]


def _over_trials(result: SearchResult, judged: Sequence[TrialRow]) -> Plot:
    lines: list[Line] = []
    for steps, colour in zip((result.ends[0], result.ends[-1]), COLOURS, strict=False):
        rows = [row for row in judged if steps in row.scores]
        if rows and not any(line.label == _steps(steps) for line in lines):
            numbers, scores = np.array([(row.number, row.scores[steps]) for row in rows], float).T
            lines.append(Line(_steps(steps), numbers, scores, colour, "points"))
    complete = [row for row in judged if row.state == "complete"]
    if complete:
        order = _order(result)
        so_far = [
            min(complete[: count + 1], key=lambda row: order(row, result.ends[-1])).scores[result.ends[-1]]
            for count in range(len(complete))
        ]
        numbers = np.array([row.number for row in complete], float)
        lines.append(Line("best", numbers, np.array(so_far), "limit", "samples"))
    title = "Score over trials"
    svg = scatter_plot(title, lines, "trial", _SCORES[result.best_by], _LEAST_SPAN[result.best_by])
    return Plot(
        title, "In the order in which they were begun; grey: the best at the end until then.", Markup(svg)
    )


def _over_cost(
    result: SearchResult, judged: Sequence[TrialRow], steps: int, quantity: _Quantity
) -> Plot | None:
    """None: nothing to show."""
    points = [
        (cost, row.scores[steps], _order(result)(row, steps))
        for row in judged
        if steps in row.scores and (cost := quantity.of(row.cost)) is not None
    ]
    if not points:
        return None
    points.sort(key=lambda point: (point[0], point[2]))
    front: list[tuple[float, float, float]] = []
    for point in points:
        if not front or point[2] < front[-1][2]:
            front.append(point)
    title = f"Score by {quantity.title}, after {_steps(steps)}"
    lines = [
        Line("trials", *_xy(points), "first", "points"),
        Line("front", *_xy(front), "second", "samples"),
    ]
    svg = scatter_plot(title, lines, quantity.axis, _SCORES[result.best_by], _LEAST_SPAN[result.best_by])
    return Plot(
        title, f"{len(points)} trials; of those on the front none is both cheaper and better.", Markup(svg)
    )


def _xy(points: Sequence[tuple[float, float, float]]) -> tuple[np.ndarray, np.ndarray]:
    x, y, _ = np.array(points, float).T
    return x, y


def _steps(steps: int) -> str:
    return f"{steps:,} steps"


class _Drawn(NamedTuple):
    """A cell beside another."""

    title: str
    text: str
    cost: Cost
    svg: Markup


def _cells(result: SearchResult, best: TrialRow | None) -> list[_Drawn]:
    drawn = [("The published cell", result.reference, result.reference_cost)]
    if best:
        drawn.insert(0, (f"The best cell: trial {best.number}", best.candidate, best.cost))
    return [_Drawn(title, text, cost, draw_cell(text, title)) for title, text, cost in drawn]
