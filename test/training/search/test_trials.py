"""What workers share: each candidate is tried once, within its budget, by whoever is there."""

from contextlib import ExitStack

import pytest

pytest.importorskip("torch", reason="candidates are torch modules: requirements/train.txt")
pytest.importorskip("optuna", reason="trials are Optuna's: requirements/train.txt")

from edgesr_ros import resources
from edgesr_ros.errors import InputError
from edgesr_ros.networks.cell import PUBLISHED, Cell
from edgesr_ros.training.search import trials as trials_module
from edgesr_ros.training.search.budget import Budget
from edgesr_ros.training.search.reading import read_search
from edgesr_ros.training.search.results import rank_correlation, result_of
from edgesr_ros.training.search.trials import Trials

SHIPPED = sorted(resources.config("searches").glob("*.yaml"))


@pytest.fixture
def opened(tmp_path):
    """Opens the trials of a search, in a folder of the test's own, and closes them after it."""
    with ExitStack() as stack:

        def open_trials(search, name="search"):
            trials = Trials(tmp_path / name, search)
            stack.callback(trials.close)
            return trials

        yield open_trials


def run(trials, rewards):
    """Judges all trials as if they had been trained: `rewards` at the rung and at the end; returns claims."""
    claims = []
    for at_rung, at_end in rewards:
        claim = trials.next()
        claims.append(claim)
        if trials.judge(claim, 4, at_rung):
            trials.judge(claim, 8, at_end)
    return claims


def test_the_space_holds_the_published_cell_and_10_to_the_15_others(generator):
    search = generator(nodes=10)
    assert search.text(search.chosen(PUBLISHED)) == PUBLISHED
    number = 1
    for choices in search.choices.values():
        number *= len(choices)
    assert number == 7**10 * 3_628_800
    assert Cell.of_text(search.text({name: c[-1] for name, c in search.choices.items()})).unread == (9,)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_search_begins_with_what_is_published(path):
    search = read_search(path)
    assert search.text(search.chosen(search.include[0])) == search.reference
    assert search.budget.problem(search.cost(search.reference)) is None


def test_the_best_go_on_and_one_is_the_best(opened, generator):
    trials = opened(generator(trials=6, keep=0.34))
    rewards = [(20.0, 25.0), (19.0, 0.0), (21.0, 26.0), (20.5, 0.0), (20.9, 0.0), (20.95, 24.0)]
    run(trials, rewards)
    assert trials.next() is None  # as many as wanted
    result = result_of(trials)
    states = [row.state for row in result.trials]
    # Of one the first, of three the first, of six the first two.
    assert states == ["complete", "stopped", "complete", "stopped", "stopped", "complete"]
    assert result.best == 2
    assert result.trials[5].scores == {4: 20.95, 8: 24.0}
    assert result.ranking == ()  # those that went on are no sample


def test_what_is_over_budget_is_refused_before_it_is_trained(opened, generator):
    budget = Budget(parameters=8_000, macs_per_pixel=6_000)
    trials = opened(generator(trials=4, budget=budget, include=("c7<-1 c1<0 c1<1",)))
    claims = run(trials, [(1.0, 2.0)] * 4)
    assert all(claim.cost.parameters <= 8_000 and claim.cost.macs_per_pixel <= 6_000 for claim in claims)
    first, *_ = rows = result_of(trials).trials
    assert (first.candidate, first.state, first.scores) == ("c7<-1 c1<0 c1<1", "refused", {})
    assert first.problem == "parameters 15,296, more than 8,000"
    assert sum(row.state == "refused" for row in rows) == len(rows) - 4


def test_latency_is_measured_where_there_is_a_limit(opened, generator):
    trials = opened(generator(budget=Budget(ms=1e5)), "slow")
    claim = trials.next()
    claim.lock.close()
    assert 0 < claim.cost.ms < 1e5
    trials = opened(generator(budget=Budget(ms=1e-6), include=("c1<-1 c1<0 c1<1",)), "fast")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trials_module, "_DRAWS", 1)
        with pytest.raises(InputError, match=r"budget: 1 candidates .* the last one: ms .*, more than 1e-06"):
            trials.next()


def test_a_trial_whose_worker_ended_is_adopted_with_what_it_had(opened, generator):
    search = generator(trials=2, keep=0.5)
    before = opened(search)
    claim = before.next()
    assert before.judge(claim, 4, 20.0)
    other = opened(search)
    newer = other.next()
    assert (newer.number, newer.adopted) == (1, False)  # the first one is taken
    assert not opened(search).next()
    claim.lock.close()  # what its end does
    adopted = other.next()
    assert (adopted.number, adopted.adopted, adopted.text) == (0, True, claim.text)
    assert (adopted.rewards, adopted.cost) == ({4: 20.0}, claim.cost)
    assert not other.judge(newer, 4, 30.0) or other.judge(newer, 8, 31.0) is False
    assert other.judge(adopted, 4, 20.0)  # decided once, though it is no longer among the best
    assert not other.judge(adopted, 8, 22.0)
    assert [row.state for row in result_of(other).trials] == ["complete", "complete"]


def test_a_trial_that_was_only_begun_is_not_lost(opened, generator):
    search = generator(trials=1)
    trials = opened(search)
    trial = trials.study.ask()  # and killed here, with one choice of five
    chosen = trial.suggest_categorical("operation_0", search.choices["operation_0"])
    claim = opened(search).next()
    assert (claim.number, claim.adopted) == (0, True)
    assert claim.text.startswith(f"{chosen}<-1 ")
    claim.lock.close()


def test_a_failed_trial_counts_and_is_told(opened, generator):
    trials = opened(generator(trials=1))
    trials.fail(trials.next(), "step 2: the pixels loss is nan")
    assert trials.next() is None
    (row,) = result_of(trials).trials
    assert (row.state, row.problem) == ("failed", "step 2: the pixels loss is nan")


def test_another_recipe_is_one_line_but_more_trials_are_not(opened, generator):
    opened(generator(trials=4))
    opened(generator(trials=5, sampler="tpe"))
    with pytest.raises(InputError, match="was begun with other nodes; remove it, or give"):
        opened(generator(nodes=4))
    with pytest.raises(InputError, match="include: expected a cell of 3 nodes, got 10"):
        opened(generator(include=(PUBLISHED,)), "other")


def test_how_well_a_rung_ranks_is_told_where_all_went_on(opened, generator):
    trials = opened(generator(trials=5, keep=1.0))
    run(trials, [(1.0, 11.0), (2.0, 12.0), (3.0, 14.0), (4.0, 13.0), (5.0, 15.0)])
    (ranking,) = result_of(trials).ranking
    assert (ranking.steps, ranking.trials) == (4, 5)
    assert (ranking.spearman, ranking.kendall) == pytest.approx((0.9, 0.8))


def test_rank_correlations():
    # Of the proxy after 500 steps against 6000, facts of the search: by hand, Spearman .79, Kendall .64.
    early = (24.89, 24.82, 24.02, 24.07, 25.09, 24.44, 24.08, 25.00)
    late = (25.61, 25.77, 25.42, 25.45, 25.84, 25.63, 25.47, 25.52)
    assert rank_correlation(early, late) == pytest.approx((0.786, 0.643), abs=1e-3)
    assert rank_correlation((1, 2, 3), (3, 2, 1)) == pytest.approx((-1, -1))
    assert rank_correlation((1, 2, 2), (1, 2, 3)) == pytest.approx((0.866, 0.816), abs=1e-3)  # ties
    assert rank_correlation((1, 1), (1, 2)) == (0, 0)
