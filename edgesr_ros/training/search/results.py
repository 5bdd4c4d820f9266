"""What a search has found until now, in figures."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np
from optuna.trial import FrozenTrial, TrialState

from edgesr_ros.schema import Struct
from edgesr_ros.training.search.budget import Budget, Cost
from edgesr_ros.training.search.recipe import Search
from edgesr_ros.training.search.trials import COST, PROBLEM, REFERENCE, REFUSED, TEXT, Trials
from edgesr_ros.training.validation import Score
from edgesr_ros.upscaling.cpu import cpu_name

_LEAST_RANKED = 3  # trials; fewer have no order worth a figure

State = Literal["complete", "stopped", "failed", "refused", "running"]


class TrialRow(Struct):
    """A trial."""

    number: int
    candidate: str
    state: State  # stopped: at a rung; refused: over budget, and not trained
    cost: Cost
    scores: dict[int, float]  # by steps of training: the mean over the seeds, in the unit of `best_by`
    problem: str | None = None  # of one that failed or was refused


class Ranking(Struct):
    """How well the order after few steps is the order at the end, over all trials that came there."""

    steps: int
    trials: int
    spearman: float  # rank correlations: 1 is the same order, 0 is none
    kendall: float  # tau-b


class SearchResult(Struct):
    """The JSON file."""

    name: str
    search: str
    sampler: str
    best_by: Score
    ends: tuple[int, ...]  # steps after which trials were judged
    budget: Budget
    cpu: str  # of the machine that wrote this
    wanted: int  # trials
    reference: str  # the candidate to compare with, and what it costs
    reference_cost: Cost
    best: int | None  # number of the best trial of those that went to the end
    ranking: tuple[Ranking, ...]  # empty where the best alone went on: they are no sample
    trials: tuple[TrialRow, ...]

    @property
    def best_trial(self) -> TrialRow | None:
        """See `best`."""
        return next((row for row in self.trials if row.number == self.best), None)


def result_of(trials: Trials) -> SearchResult:
    """What the trials are until now."""
    search = trials.search
    rows = tuple(_row(trial, search) for trial in trials.drawn())
    last = search.ends[-1]
    complete = [row for row in rows if row.state == "complete"]
    sign = _sign(search)
    return SearchResult(
        name=trials.folder.name,
        search=str(search.__struct_config__.tag),
        sampler=search.sampler,
        best_by=search.train.best_by,
        ends=search.ends,
        budget=search.budget,
        cpu=cpu_name(),
        wanted=search.trials,
        reference=search.reference,
        reference_cost=msgspec.convert(trials.study.user_attrs[REFERENCE], Cost),
        best=max(complete, key=lambda row: sign * row.scores[last]).number if complete else None,
        ranking=_ranking(complete, search.ends) if search.keep == 1 else (),
        trials=rows,
    )


def rank_correlation(a: Sequence[float], b: Sequence[float]) -> tuple[float, float]:
    """Spearman's rho and Kendall's tau-b of two equally long rows of numbers; 0 where one is constant."""
    x, y = np.asarray(a, float), np.asarray(b, float)
    ranks = [np.array([(v < w).mean() + 0.5 * (v == w).mean() for w in v]) for v in (x, y)]
    centred = [rank - rank.mean() for rank in ranks]
    signs = [np.sign(v[:, None] - v[None]) for v in (x, y)]
    spearman, kendall = (
        float((p * q).sum() / np.sqrt((p**2).sum() * (q**2).sum())) if p.any() and q.any() else 0.0
        for p, q in (centred, signs)
    )
    return spearman, kendall


def _ranking(complete: Sequence[TrialRow], ends: tuple[int, ...]) -> tuple[Ranking, ...]:
    if len(complete) < _LEAST_RANKED:
        return ()
    *rungs, last = ends
    at_the_end = [row.scores[last] for row in complete]
    found = {rung: rank_correlation([row.scores[rung] for row in complete], at_the_end) for rung in rungs}
    return tuple(
        Ranking(steps=rung, trials=len(complete), spearman=spearman, kendall=kendall)
        for rung, (spearman, kendall) in found.items()
    )


def _row(trial: FrozenTrial, search: Search) -> TrialRow:
    attributes: Mapping[str, object] = trial.user_attrs
    problem = attributes.get(REFUSED) or attributes.get(PROBLEM)
    return TrialRow(
        number=trial.number,
        candidate=str(attributes[TEXT]),
        state=_state(trial),
        cost=msgspec.convert(attributes[COST], Cost),
        scores={steps: _sign(search) * reward for steps, reward in sorted(trial.intermediate_values.items())},
        problem=str(problem) if problem else None,
    )


def _state(trial: FrozenTrial) -> State:
    if REFUSED in trial.user_attrs:
        return "refused"
    states: dict[TrialState, State] = {
        TrialState.COMPLETE: "complete",
        TrialState.PRUNED: "stopped",
        TrialState.FAIL: "failed",
    }
    return states.get(trial.state, "running")


def _sign(search: Search) -> int:
    """From rewards, of which more is better, to scores."""
    return -1 if search.train.best_by == "lpips_alex" else 1
