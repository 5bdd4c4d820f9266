import re
from collections.abc import Callable, Iterator

import pytest

from edgesr_ros.control.arrivals import ArrivalLog
from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.control.sender import Sender
from edgesr_ros.control.stamps import StampOrder, StampWatch

S = 1_000_000_000
HZ = 10
FRAMES = 60

# What cameras put into header.stamp, by the number of the frame; and what is then said.
ODD: dict[str, tuple[Callable[[int], int], str]] = {
    "zero": (lambda _: 0, "never set"),
    "constant": (lambda _: 1_700_000_000 * S, "stand still at 1.7e\\+09 s"),
    "repeated": (lambda n: (n - (n % HZ == 5)) * S // HZ, "repeat the one before"),
    "backwards": (lambda n: 1_700_000_000 * S - n * S // HZ, "run backwards"),
    "whole_seconds": (lambda n: n // HZ * S, "whole seconds"),
    "negative": (lambda n: (n - 1000) * S // HZ, "negative"),
    "two_in_turn": (lambda n: (1 + n % 2) * S, "run backwards"),
    "jitter": (lambda n: (n + 3 * (n % 3)) * S // HZ, "run backwards"),
}
GOOD: dict[str, Callable[[int], int]] = {
    "even": lambda n: n * S // HZ,
    "paused": lambda n: n * S // HZ + (n > 30) * 100 * S,
    "starts_over": lambda n: n % 30 * S // HZ,
    "whole_seconds_of_a_slow_camera": lambda n: n * S,
}


def said(stamps: Iterator[int]) -> list[str]:
    watch = StampWatch()
    return [wrong for n, stamp in enumerate(stamps) if (wrong := watch.frame(n / HZ, stamp))]


@pytest.mark.parametrize("kind", ODD)
def test_what_is_wrong_is_said_once(kind: str) -> None:
    stamp, text = ODD[kind]
    told = said(stamp(n) for n in range(1, FRAMES))
    assert len(told) == 1
    assert re.search(text, told[0])


@pytest.mark.parametrize("kind", GOOD)
def test_good_stamps_are_no_news(kind: str) -> None:
    assert said(GOOD[kind](n) for n in range(1, FRAMES)) == []


def test_a_stamp_that_does_not_grow_dates_no_picture() -> None:
    order = StampOrder()
    stamps = [5 * S, 6 * S, 6 * S, 6 * S - 1, 7 * S, 2 * S, 3 * S]
    assert [order.dated(stamp) for stamp in stamps] == [True, True, False, False, True, True, True]


def sizes(stamp: Callable[[int], int], numbered: bool, delay: float, lose: int = 0) -> list[int]:
    """What goes out in a minute over a link without limits, 10 Hz."""
    sender, log = Sender(source_rate_hz=HZ, max_frame_bytes=40_000), ArrivalLog()
    sender.expect_reports()
    sent, reports = [], list[tuple[float, ArrivalReport]]()
    for tick in range(60 * 100):
        now = tick / 100
        while reports and reports[0][0] <= now:
            sender.reported(now, ArrivalReport.from_pairs(reports.pop(0)[1].to_pairs()))
        if tick % 10 or not sender.may_send(now):
            continue
        n = tick // 10
        size, number = sender.decision(now).frame_bytes, 7_000_000_000 + len(sent) if numbered else None
        sender.sent(now, stamp(n), size, number)
        sent.append(size)
        if not lose or n % lose:
            arrival = round((now + delay + 1000) * 1e9)
            reports.append((now + 2 * delay, log.arrived(arrival, stamp(n), size, number=number)))
    return sent


@pytest.mark.parametrize("delay", [0.004, 0.23])
@pytest.mark.parametrize("kind", ODD)
def test_bytes_do_not_hang_on_stamps(kind: str, delay: float) -> None:
    assert sizes(ODD[kind][0], True, delay) == sizes(GOOD["even"], True, delay)


def test_losses_are_counted_by_numbers() -> None:
    assert sizes(ODD["constant"][0], True, 0.05, lose=13) == sizes(GOOD["even"], True, 0.05, lose=13)


@pytest.mark.parametrize("frames", [2, 4, 500])
@pytest.mark.parametrize("delay", [0.004, 0.23])
def test_a_receiver_that_knows_only_stamps_does_not_ruin_the_rate(frames: int, delay: float) -> None:
    sent = sizes(lambda n: (100 if 100 <= n < 100 + frames else n) * S // HZ, False, delay)
    assert len(sent) > 590
    assert min(sent[200:]) >= 0.9 * max(sizes(GOOD["even"], False, delay))
