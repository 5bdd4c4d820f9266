"""What an outage comes to, from what was seen of it."""

import pytest
from msgspec.structs import replace

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from benchmarks.claims.outage import (
    CLAIM,
    Memory,
    Outage,
    OutageRow,
    OutageRows,
    OutageSettings,
    callback_row,
    fresh_after,
    longest,
    outage_table,
)
from benchmarks.harness.observer import Arrival, Timing

OUTAGE = Outage(start=100.0, end=105.0, next=113.0)


def seen(*pictures: tuple[float, float]) -> list[Arrival]:
    """Pictures by (taken, shown)."""
    return [Arrival(stamp, at, 1000) for stamp, at in pictures]


def test_a_picture_that_had_waited_in_the_link_is_not_fresh() -> None:
    shown = seen((99.9, 99.99), (100.1, 105.1), (104.8, 105.2), (105.25, 105.4), (105.3, 105.5))
    assert fresh_after(shown, OUTAGE) == pytest.approx(0.4)


def test_a_picture_after_the_next_outage_is_none_of_this_one() -> None:
    assert fresh_after(seen((99.9, 99.99), (104.9, 105.2), (112.9, 118.1)), OUTAGE) is None


def test_callbacks_of_an_outage_are_those_told_of_in_it_and_just_after() -> None:
    timings = [Timing(99.5, 1, 9), Timing(100.5, 1, 3), Timing(105.5, 1, 4), Timing(106.5, 1, 8)]
    assert longest(timings, OUTAGE) == 4
    assert longest(timings[:1], OUTAGE) is None


def test_callbacks_of_a_run() -> None:
    row = callback_row(1000.0, [Timing(float(second), 0.5, 2.0) for second in range(200)])
    assert (row.seconds, row.mean, row.p99, row.max) == (199, 0.5, 2, 2)
    row = callback_row(
        1000.0, [*(Timing(float(second), 0.5, 2.0) for second in range(200)), Timing(200, 0.5, 7)]
    )
    assert (row.p99, row.max) == (2, 7)


@pytest.fixture
def result(enveloped):
    def row(fresh: float | None, after: float) -> OutageRow:
        return OutageRow(
            kbps=1000.0,
            began_s=8.0,
            seconds=5.0,
            fresh_s=fresh,
            callback_max_ms=1.0,
            memory={"onboard": Memory(before=100.0, end=101.0, after=after)},
        )

    return enveloped(
        CLAIM,
        OutageSettings(camera="a camera", link="outage", model="net_x4", real_time=False),
        OutageRows(
            outages=[row(0.5, 100.0), row(0.71, 107.0), row(None, 99.0)],
            callbacks=[callback_row(1000.0, [Timing(0.0, 0.5, 2.0)])],
        ),
    )


def test_the_table_shows_each_outage_and_the_one_over_which_memory_grew_most(result) -> None:
    text = outage_table(result)
    assert "| 1,000 | 3 × 5 s | 0.50, 0.71, – | 0.5 / 2.0 / 2.0 | 1.0 | 100 → 101 → 107 |" in text
    assert "ordinary priority" in text


def test_an_outage_without_a_fresh_picture_keeps_no_goal(result, kept) -> None:
    assert list(kept(CLAIM, result).values()) == [False, True]
    assert [goal.found(result) for goal in CLAIM.goals] == ["– s", "2.0 ms"]
    soon = [replace(row, fresh_s=0.5) for row in result.rows.outages]
    late = [*soon, replace(soon[0], fresh_s=0.51)]
    for outages, met in ((soon, True), (late, False)):
        found = kept(CLAIM, replace(result, rows=replace(result.rows, outages=outages)))
        assert next(iter(found.values())) is met
