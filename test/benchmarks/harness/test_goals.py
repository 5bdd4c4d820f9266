"""When a goal is kept, and how it is told."""

import pytest

from benchmarks.harness.goals import Goal, goals_table, least, most


@pytest.mark.parametrize(
    ("direction", "found", "met"),
    [("≥", 3.0, True), ("≥", 2.99, False), ("≤", 3.0, True), ("≤", 3.01, False), ("≤", None, False)],
)
def test_a_goal_is_kept_at_its_bound_and_not_beyond(direction, found, met):
    assert Goal("x", direction, 3, "ms", lambda result: result).met(found) is met


def test_what_was_not_measured_keeps_no_goal():
    assert not Goal("x", "≥", 0, "", lambda _: None).met(None)
    assert Goal("x", "≥", 0, "ms", lambda _: None).found(None) == "– ms"


def test_goals_are_told_with_what_was_measured():
    goals = (
        Goal("age", "≤", 100, "ms", lambda result: result["age"], digits=1),
        Goal("pictures", "≥", 24.5, "", lambda result: result["pictures"]),
    )
    assert goals_table(goals, {"age": 88.04, "pictures": 23}).splitlines()[2:] == [
        "| age | ≤ 100 ms | 88.0 ms | yes |",
        "| pictures | ≥ 24.5 | 23 | **no** |",
    ]


def test_the_worst_of_figures_of_which_one_is_missing_is_not_known():
    assert (most([1.0, 3.0, 2.0]), least([1.0, 3.0, 2.0])) == (3.0, 1.0)
    assert most([1.0, None]) is least([None, 1.0]) is most([]) is least([]) is None
