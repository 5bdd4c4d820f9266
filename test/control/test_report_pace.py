from itertools import pairwise

import numpy as np
import pytest

from edgesr_ros.control.report import Missing
from edgesr_ros.control.report_pace import USUAL, ReportPace

FIRST = 10  # frames that are each told


def pace_of(hz, seconds, interval=USUAL, missing=lambda _: ()):
    """Times of reports of a regular stream, after the first frames."""
    pace = ReportPace()
    pace.interval = interval
    times = [FIRST / hz + index / hz for index in range(int(seconds * hz))]
    for index in range(FIRST):
        assert pace.due(index / hz, True, ())
    return pace, [time for time in times if pace.due(time, True, missing(time))]


@pytest.mark.parametrize("hz", [5, 10, 15])
def test_frames_of_low_rate_are_each_told(hz):
    _, told = pace_of(hz, 10)
    assert len(told) == 10 * hz


@pytest.mark.parametrize("hz", [25, 30, 60])
def test_frames_of_high_rate_are_told_16_times_a_second(hz):
    pace, told = pace_of(hz, 10)
    assert 120 <= len(told) <= 210
    assert max(b - a for a, b in pairwise(told)) <= pace.hold


@pytest.mark.parametrize("interval", [0.1, 0.35, 0.5])
@pytest.mark.parametrize("hz", [7, 30])
def test_reports_come_as_often_as_they_are_asked_for(hz, interval):
    pace, told = pace_of(hz, 20, interval)
    assert len(told) == pytest.approx(20 / interval if 1 / hz < interval else 20 * hz, rel=0.05)
    assert max(b - a for a, b in pairwise(told)) <= pace.hold


def test_a_gap_is_told_at_once_and_again_with_every_report():
    pace, _ = pace_of(100, 1)
    now = 1.2
    assert pace.due(now, True, ())
    assert not pace.due(now + 0.01, True, ())
    assert pace.due(now + 0.02, False, (Missing(5),))
    assert not pace.due(now + 0.03, True, (Missing(5),))
    assert not pace.due(now + 0.03, False, (Missing(5, (1,)),))  # all of it was missing before
    assert pace.due(now + 0.04, False, (Missing(5, (1,)), Missing(6, (0,))))
    assert not pace.due(now + 0.05, False, (Missing(6, (0,)),))
    assert pace.due(now + 0.05, False, (Missing(6, (0, 2)),))


def test_after_a_pause_some_frames_are_each_told():
    pace, told = pace_of(30, 3, 0.35)
    again = [told[-1] + 1.0 + index / 30 for index in range(30)]
    early = [index for index, time in enumerate(again) if pace.due(time, True, ())]
    assert early[:4] == [0, 1, 2, 3]
    assert len(early) <= 6


def test_gaps_cost_reports_later_and_never_many():
    rng, interval = np.random.default_rng(1), 0.35
    lost = {round(at * 30) for at in np.cumsum(rng.exponential(1.0, 30))}  # one in a second

    def missing(at):
        return (Missing(round(at * 30)),) if round(at * 30) in lost else ()

    _, few = pace_of(30, 30, interval, missing)
    assert len(few) <= 1.15 * 30 / interval
    assert sum(round(at * 30) in lost for at in few) > 0.9 * sum(10 <= number < 910 for number in lost)
    pace, many = pace_of(30, 30, interval, lambda at: (Missing(round(at * 30)),))  # with every frame
    assert len(many) <= 1.6 * 30 / interval
    assert max(b - a for a, b in pairwise(many)) <= pace.hold
