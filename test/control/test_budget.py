import math
from types import SimpleNamespace

import numpy as np
import pytest

from edgesr_ros.control.budget import Budget
from edgesr_ros.control.merging import Numbers, merge
from edgesr_ros.control.report import Arrival, ArrivalReport
from edgesr_ros.control.sender import Sender
from edgesr_ros.control.sharing import split

ENOUGH = [math.inf] * 3


@pytest.mark.parametrize(
    ("weights", "needs", "most", "parts"),
    [
        ([1, 1, 1], [0.2, 0.2, 0.2], ENOUGH, [40, 40, 40]),
        ([1, 1, 1], [0.1, 0.1, 0.4], ENOUGH, [20, 20, 80]),
        ([4, 1, 1], [0.1, 0.1, 0.1], ENOUGH, [80, 20, 20]),
        ([1, 1, 1], [0.1, 0.1, 0.4], [99, 99, 30], [45, 45, 30]),  # what one cannot use is the others'
        ([4, 1, 1], [0.1, 0.1, 0.1], [40, 99, 99], [40, 10, 10]),  # but not of those with less weight
        ([1, 1, 4], [0.1, 0.1, 0.1], [5, 99, 99], [5, 23, 92]),
        ([1, 1, 1], [0.1, 0.1, 0.1], [30, 20, 10], [37.5, 25, 12.5]),  # nobody else wants it
    ],
)
def test_bytes_go_by_weight_and_need_as_far_as_they_are_of_use(weights, needs, most, parts):
    assert split(120, weights, needs, most) == pytest.approx(parts)


@pytest.mark.parametrize(
    ("fixed", "apart", "together"), [(1000.0, 1000.0, 1000.0), (None, 40_000 * 20, 40_000 * 40)]
)
def test_the_rate_is_that_of_all_who_have_something_to_send(fixed, apart, together):
    budget = Budget(report_timeout=1.0)
    senders = [Sender("balanced", 20.0, fixed, budget=budget) for _ in range(2)]

    def run(begin, end, active):
        for now in np.arange(begin, end, 0.05):
            for sender in active:
                if sender.may_send(now):
                    sender.sent(now, round(1e9 * now), 50)

    run(0.0, 4.0, senders)
    assert budget.rate(4.0) == pytest.approx(together)
    assert budget.rate(4.0) == pytest.approx(sum(sender.decision(4.0).rate_bytes_per_s for sender in senders))
    run(4.0, 6.0, senders[:1])
    assert budget.rate(6.0) == pytest.approx(apart)


class Modest:
    """A camera with no use for more than so many bytes per second."""

    period = spacing = 1 / 25
    most = 70_000.0

    def outlook(self, _now: float, rate: float) -> tuple[float, float]:
        return -math.log(rate), min(rate, self.most)  # so all need as much


@pytest.mark.parametrize("changed", [0.2, 5.0])
def test_who_needs_little_has_it_whatever_becomes_of_the_estimate(changed):
    budget, cameras = Budget(), [Modest(), Modest()]
    budget.link = SimpleNamespace(capacity=SimpleNamespace(rate=2e6), known=True, last_heard=0.0)
    for camera in cameras:
        budget.join(camera)
        budget.asks(camera, 0.0)
    for now in (0.0, 0.01):
        for camera in cameras:
            rate = budget.share(camera, now) * budget.controller.rate(budget.link.capacity.rate)
            assert camera.most * 1.1 < rate < camera.most * 1.5
        budget.link.capacity.rate *= changed


def test_a_change_of_the_estimate_is_shared_at_once():
    budget, modest, other = Budget(), Modest(), Modest()
    other.most = math.inf
    budget.link = SimpleNamespace(capacity=SimpleNamespace(rate=2e6), known=True, last_heard=0.0)
    for camera in (modest, other):
        budget.join(camera)
        budget.asks(camera, 0.0)
    for now in (0.0, 0.01, 0.02):
        rate = budget.controller.rate(budget.link.capacity.rate)
        assert budget.share(modest, now) * rate == pytest.approx(modest.most)
        budget.link.capacity.rate /= 2


def report(arrivals: list[tuple[int, int]], frames: int, **more: object) -> ArrivalReport:
    """Of (number, arrival), the newest last."""
    *recent, (number, arrival_ns) = arrivals
    told = tuple(Arrival(0, at, n) for n, at in reversed(recent))
    return ArrivalReport(0, frames, 0, arrival_ns, told, number=number, **more)


@pytest.fixture
def streams() -> list[Numbers]:
    """Two whose frames went out in turn: 70, 500, 71, 501 … are 0, 1, 2, 3 …"""
    both = [Numbers(), Numbers()]
    for on_link in range(12):
        both[on_link % 2].add((70, 500)[on_link % 2] + on_link // 2, on_link)
    return both


def test_arrivals_of_all_streams_are_one_sequence(streams):
    first, second = streams
    reports = [
        (first, report([(70, 10), (71, 30), (72, 50)], 3, hold_s=0.05)),
        (second, report([(500, 20), (501, 40)], 2, hold_s=0.09)),
    ]
    merged = merge(reports, streams)
    assert [(told.number, told.arrival_ns) for told in merged.arrivals] == [
        (n, 10 * n + 10) for n in range(5)
    ]
    assert (merged.number, merged.frames, merged.hold_s) == (4, 5, 0.09)


def test_frames_are_counted_of_streams_that_a_report_does_not_mention(streams):
    first, second = streams
    merge([(first, report([(70, 10)], 1)), (second, report([(500, 20)], 1))], streams)
    assert merge([(first, report([(71, 30)], 2))], streams).frames == 3
    # One that comes late does not take the count back.
    assert merge([(first, report([(70, 10)], 1))], streams).frames == 3


def test_what_tells_of_frames_that_were_never_sent_tells_nothing(streams):
    assert merge([(streams[0], report([(999, 10)], 50))], streams) is None
    merged = merge([(streams[0], report([(999, 10), (70, 20)], 51))], streams)
    assert [told.number for told in merged.arrivals] == [0]


def test_who_comes_later_is_asked_first_whether_he_reports():
    sender = Sender(budget=(budget := Budget(report_timeout=2.0)))
    for number in range(60):
        sender.sent(number / 20, number, 30_000, number)
    assert sender.decision(3.0).state == "unreported"
    assert sender.decision(3.0).frame_bytes > 10_000
    budget.newcomer()
    assert sender.may_send(3.1)
    for number in range(60, 63):
        decision = sender.decision(now := 3.1 + (number - 60) / 20)
        assert decision.state == "startup"
        assert decision.frame_bytes <= 1000
        sender.sent(now, number, decision.frame_bytes, number)
    assert not sender.may_send(3.25)  # nothing more until a report of these comes, or is overdue
    assert sender.decision(5.2).state == "unreported"
    sender.reported(5.3, report([(62, 10)], 1))
    budget.newcomer()
    assert sender.decision(5.3).state != "unreported"
