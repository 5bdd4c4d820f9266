"""What an outage comes to, from what was seen of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from benchmarks.claims.chain_tables import outage_table
from benchmarks.claims.outage import Outage, callback_row, fresh_after, give_real_time, longest
from benchmarks.harness.evidence import Machine, Memory, OutageRow, OutagesResult
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


def test_real_time_priority_is_for_every_thread_or_refused() -> None:
    script = (
        "import threading, time; threading.Thread(target=time.sleep, args=[60], daemon=True).start(); print()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", f"{script}; input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        expected = os.SCHED_FIFO if give_real_time(process.pid) else os.SCHED_OTHER
        threads = [int(thread.name) for thread in Path(f"/proc/{process.pid}/task").iterdir()]
        assert len(threads) == 2
        assert {os.sched_getscheduler(thread) for thread in threads} == {expected}
        process.communicate(b"\n")


def test_the_table_shows_each_outage_and_the_one_over_which_memory_grew_most() -> None:
    def row(fresh: float | None, after: float) -> OutageRow:
        return OutageRow(
            kbps=1000.0,
            began_s=8.0,
            seconds=5.0,
            fresh_s=fresh,
            callback_max_ms=1.0,
            memory={"onboard": Memory(before=100.0, end=101.0, after=after)},
        )

    text = outage_table(
        OutagesResult(
            machine=Machine(cpu="none", cores=1),
            camera="a camera",
            link="outage",
            model="net_x4",
            real_time=False,
            rows=[row(0.5, 100.0), row(0.71, 107.0), row(None, 99.0)],
            callbacks=[callback_row(1000.0, [Timing(0.0, 0.5, 2.0)])],
        )
    )
    assert "| 1,000 | 3 × 5 s | 0.50, 0.71, – | 0.5 / 2.0 / 2.0 | 1.0 | 100 → 101 → 107 |" in text
    assert "after 1 of 3 outages; the longest of `onboard`'s callbacks took 2.0 ms" in text
    assert "ordinary priority" in text
