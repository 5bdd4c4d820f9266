import math
import pickle
from collections.abc import Callable

import numpy as np
import pytest

from edgesr_ros.control.arrivals import ArrivalLog
from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.control.sender import Sender
from edgesr_ros.errors import InputError

RATE = 125_000.0
PROPAGATION = 0.02


def talk(sender: Sender, log: ArrivalLog, begin: float, frames: int, clock: float = 0.0) -> float:
    """Frames over a link of RATE, each reported before the next one; returns the time after the last."""
    now = begin
    for _ in range(frames):
        now = sender.next_deadline(now) or now
        size, stamp = sender.decision(now).frame_bytes, round(now * 1e9)
        sender.sent(now, stamp, size)
        arrival = now + PROPAGATION + size / RATE
        report = log.arrived(round((arrival + clock) * 1e9), stamp, size)
        now = arrival + PROPAGATION
        sender.reported(now, report)
    return now


def queue(sender: Sender, log: ArrivalLog, begin: float, frames: int, clock: float) -> float:
    """As `talk`, but frames go out as soon as the sender likes, and wait for those before them."""
    now, free, reports = begin, begin, list[tuple[float, ArrivalReport]]()
    for _ in range(frames):
        while (deadline := sender.next_deadline(now)) is not None:
            now = min(deadline, reports[0][0]) if reports else deadline
            while reports and reports[0][0] <= now:
                sender.reported(*reports.pop(0))
        size, stamp = sender.decision(now).frame_bytes, round(now * 1e9)
        sender.sent(now, stamp, size)
        free = max(free, now) + size / RATE
        arrival = free + PROPAGATION
        report = log.arrived(round((arrival + clock) * 1e9), stamp, size)
        reports.append((arrival + PROPAGATION, report))
    return now


def test_it_learns_the_capacity_whatever_the_clocks_show() -> None:
    for clock in (0.0, 1e6):
        sender = Sender()
        now = talk(sender, ArrivalLog(), 100.0, 30, clock)
        decision = sender.decision(now)
        assert decision.capacity_bytes_per_s == pytest.approx(RATE, rel=0.15)
        assert decision.state == "steady"
        assert decision.wait == 0
        assert decision.round_trip == pytest.approx(2 * PROPAGATION + decision.frame_bytes / RATE, rel=0.3)


def test_first_frames_are_small_and_few_until_one_is_reported() -> None:
    sender = Sender()
    now, sizes = 0.0, []
    while (deadline := sender.next_deadline(now)) is None or deadline < 0.5:
        now = deadline or now
        sizes.append(sender.decision(now).frame_bytes)
        sender.sent(now, len(sizes), sizes[-1])
    assert sizes == [1000, 1000, 1000]


@pytest.mark.parametrize("harm", ["duplicate", "late", "unknown"])
def test_reports_that_tell_nothing_new_change_nothing(harm: str) -> None:
    sender, log = Sender(), ArrivalLog()
    now = talk(sender, log, 0.0, 20)
    stamps = [round(1e9 * (now + i)) for i in range(2)]
    reports = []
    for i, stamp in enumerate(stamps):
        sender.sent(now + 0.07 * i, stamp, 5000)
        reports.append(log.arrived(round((now + 0.07 * i + 0.06) * 1e9), stamp, 5000))
    sender.reported(now + 0.2, reports[1])  # the first got lost, or comes late
    before = sender.decision(now + 0.21), sender.next_deadline(now + 0.21)
    unknown = ArrivalReport(stamp_ns=1, frames=9999, bytes=1, arrival_ns=1)
    sender.reported(now + 0.21, {"duplicate": reports[1], "late": reports[0], "unknown": unknown}[harm])
    assert (sender.decision(now + 0.21), sender.next_deadline(now + 0.21)) == before
    assert before[0].loss == 0


def test_a_report_makes_good_for_lost_ones() -> None:
    heard_all, heard_last = Sender(), Sender()
    reports = []
    for sender in (heard_all, heard_last):
        now, log = talk(sender, ArrivalLog(), 0.0, 20), ArrivalLog()
    for i in range(3):
        arrival = now + 0.07 * i + PROPAGATION + 7000 / RATE
        for sender in (heard_all, heard_last):
            sender.sent(now + 0.07 * i, 10**12 + i, 7000)
        reports.append(log.arrived(round(arrival * 1e9), 10**12 + i, 7000))
    for report in reports:
        heard_all.reported(arrival + PROPAGATION, report)
    heard_last.reported(arrival + PROPAGATION, reports[-1])
    later = arrival + 0.1
    assert heard_last.decision(later).capacity_bytes_per_s == heard_all.decision(later).capacity_bytes_per_s
    assert heard_last.may_send(later)


def test_reports_of_old_receivers_are_enough() -> None:
    sender = Sender()
    now = talk(sender, ArrivalLog(), 0.0, 20)
    sender.sent(now, 7, 5000)
    old = {"stamp_ns": "7", "frames": "21", "bytes": "5", "arrival_ns": f"{(now + 0.06) * 1e9:.0f}"}
    sender.reported(now + 0.08, ArrivalReport.from_pairs(old))
    assert sender.decision(now + 0.08).loss == 0
    assert sender.may_send(now + 0.2)


@pytest.mark.parametrize("deviation", [-2000, -300, 0, 300, 2000])
def test_the_next_frame_makes_good_for_one_of_another_size(deviation: int) -> None:
    sender = Sender()
    now = talk(sender, ArrivalLog(), 0.0, 30)
    planned = sender.decision(now).frame_bytes
    assert planned > 4000  # half a frame at most is made good for
    sender.sent(now, 1, planned + deviation)
    assert sender.decision(now).frame_bytes == pytest.approx(planned - deviation, abs=2)
    # What the one after it takes is what is planned again.
    sender.sent(now, 2, sender.decision(now).frame_bytes)
    assert sender.decision(now).frame_bytes == pytest.approx(planned, abs=2)


@pytest.mark.parametrize("size", [1, 40_000])
def test_no_more_than_half_a_frame_is_made_good_for(size: int) -> None:
    sender = Sender()
    now = talk(sender, ArrivalLog(), 0.0, 30)
    planned = sender.decision(now).frame_bytes
    for stamp in range(3):
        sender.sent(now, stamp, size)
    expected = planned * (1.5 if size < planned else 0.5)
    assert sender.decision(now).frame_bytes == pytest.approx(expected, abs=2)


@pytest.mark.parametrize("clock", [-1e5, 1e5])
def test_a_receiver_that_starts_again_is_met_anew(clock: float) -> None:
    sender = Sender()
    now = talk(sender, ArrivalLog(), 0.0, 30, 2e5)
    now = queue(sender, ArrivalLog(), now, 60, 2e5 + clock)
    decision = sender.decision(now)
    assert decision.capacity_bytes_per_s == pytest.approx(RATE, rel=0.2)
    assert decision.state == "steady"
    assert decision.loss <= 0.1


@pytest.mark.parametrize("step", [0.15, 4.6, 3600.0])
@pytest.mark.parametrize("back_after", [1, 60])
def test_a_receivers_clock_that_goes_on_costs_nothing_for_long(step: float, back_after: int) -> None:
    sender, log = Sender(), ArrivalLog()
    began = talk(sender, log, 0.0, 60)
    usual = talk(sender, log, began, 60) - began
    began += usual
    now = talk(sender, log, began, back_after, step)
    assert talk(sender, log, now, 60) - began < 2.5 * usual + 0.1 * back_after
    assert sender.decision(now).state == "steady"


def test_silence_holds_then_probes_with_small_frames() -> None:
    sender = Sender()
    now = talk(sender, ArrivalLog(), 0.0, 30)
    sent = []
    end = now + 10
    while (now := sender.next_deadline(now) or now) < end:
        decision = sender.decision(now)
        sent.append((now, decision.frame_bytes, decision.state))
        sender.sent(now, round(now * 1e9), decision.frame_bytes)
    assert [state for *_, state in sent].index("lost") <= 2
    probes = [(at, size) for at, size, state in sent if state == "lost"]
    assert {size for _, size in probes} == {1000}
    gaps = np.diff([at for at, _ in probes])
    assert gaps.min() >= 0.39
    assert gaps.max() <= 2.0


def test_keeps_no_memory_of_a_dead_link() -> None:
    sender = Sender(fixed_rate_bytes_per_s=1e6)
    now = 0.0
    for stamp in range(5000):
        now = sender.next_deadline(now) or now
        sender.sent(now, stamp, 4000)
    assert len(pickle.dumps(sender)) < 20_000


def test_the_policy_can_change_while_it_runs() -> None:
    sender = Sender("sharp")
    now = talk(sender, ArrivalLog(), 0.0, 30)
    before = sender.decision(now)
    sender.use("smooth", source_rate_hz=30.0, max_frame_bytes=40_000)
    after = sender.decision(now)
    assert after.rate_bytes_per_s == before.rate_bytes_per_s
    assert after.frame_interval < before.frame_interval
    assert after.frame_bytes < before.frame_bytes


WRONG: list[tuple[str, Callable[[], object]]] = [
    ("fixed_rate_bytes_per_s", lambda: Sender(fixed_rate_bytes_per_s=0.0)),
    ("fixed_rate_bytes_per_s", lambda: Sender(fixed_rate_bytes_per_s=math.nan)),
    ("source_rate_hz", lambda: Sender(source_rate_hz=0.0)),
    ("max_frame_bytes", lambda: Sender(max_frame_bytes=10)),
]


@pytest.mark.parametrize(("name", "build"), WRONG)
def test_wrong_settings_are_named(name: str, build: Callable[[], object]) -> None:
    with pytest.raises(InputError, match=name):
        build()
