import pytest

from edgesr_ros.control.arrivals import ArrivalLog
from edgesr_ros.control.report import Arrival, ArrivalReport
from edgesr_ros.errors import InputError

SECOND = 1_000_000_000
PAIRS = {"stamp_ns": "1700000000123456789", "frames": "7", "bytes": "28000", "arrival_ns": "42"}


def test_all_there_is_to_say_there_and_back() -> None:
    recent = (Arrival(200, 42_000), Arrival(300, 17))  # newest first; the second came out of order
    report = ArrivalReport(
        stamp_ns=250, frames=3, bytes=9, arrival_ns=50_000, recent=recent, decode_s=0.0035, display_s=0.25
    )
    pairs = report.to_pairs()
    assert pairs["recent"] == "50:8000 -50:49983"
    assert ArrivalReport.from_pairs(pairs) == report
    assert report.arrivals == (Arrival(300, 17), Arrival(200, 42_000), Arrival(250, 50_000))


@pytest.mark.parametrize("recent", ["5", "5:x", "1:2:3", "1.5:2", "9" * 5000 + ":1"])
def test_nonsense_in_recent_arrivals_is_named(recent: str) -> None:
    with pytest.raises(InputError, match="recent") as error:
        ArrivalReport.from_pairs(PAIRS | {"recent": recent})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("key", ["decode_s", "display_s"])
@pytest.mark.parametrize("value", ["-1", "x", "nan"])
def test_nonsense_durations_are_named(key: str, value: str) -> None:
    with pytest.raises(InputError, match=key):
        ArrivalReport.from_pairs(PAIRS | {key: value})


def test_a_report_tells_again_what_came_before() -> None:
    log = ArrivalLog()
    for i in range(6):
        report = log.arrived(10 * i, SECOND + i, 1000)
    assert [arrival.stamp_ns - SECOND for arrival in report.arrivals] == [2, 3, 4, 5]
    duplicate = log.arrived(99, SECOND + 5, 1000)
    assert duplicate.arrivals[-2:] == (Arrival(SECOND + 5, 50), Arrival(SECOND + 5, 99))


def test_durations_are_reported() -> None:
    log = ArrivalLog()
    log.display_s = 0.08
    report = log.arrived(0, SECOND, 1000, decode_s=0.004)
    assert (report.decode_s, report.display_s) == (0.004, 0.08)


def test_pairs_there_and_back() -> None:
    report = ArrivalReport(stamp_ns=1_700_000_000_123_456_789, frames=7, bytes=28_000, arrival_ns=42)
    assert report.to_pairs() == PAIRS
    assert ArrivalReport.from_pairs(PAIRS) == report


def test_a_newer_receiver_may_say_more() -> None:
    assert ArrivalReport.from_pairs(PAIRS | {"decode_ms": "3.5"}).frames == 7


@pytest.mark.parametrize("value", ["", "x", "-1", "1.5", "nan", "9" * 5000])
@pytest.mark.parametrize("key", PAIRS)
def test_nonsense_is_named(key: str, value: str) -> None:
    with pytest.raises(InputError, match=r"arrival report: .*" + key) as error:
        ArrivalReport.from_pairs(PAIRS | {key: value})
    assert "\n" not in str(error.value)


def test_a_missing_key_is_named() -> None:
    with pytest.raises(InputError, match="frames"):
        ArrivalReport.from_pairs({key: value for key, value in PAIRS.items() if key != "frames"})


def test_counts_frames_and_bytes() -> None:
    log = ArrivalLog()
    log.arrived(100, 1 * SECOND, 4000)
    report = log.arrived(200, 2 * SECOND, 3000)
    assert report == ArrivalReport(
        stamp_ns=2 * SECOND, frames=2, bytes=7000, arrival_ns=200, recent=(Arrival(SECOND, 100),)
    )
    assert (log.duplicates, log.reordered) == (0, 0)


def test_a_duplicate_is_reported_but_counts_once() -> None:
    log = ArrivalLog()
    first = log.arrived(100, SECOND, 4000)
    again = log.arrived(150, SECOND, 4000)
    assert (again.stamp_ns, again.frames, again.bytes) == (SECOND, first.frames, first.bytes)
    assert (log.duplicates, log.reordered) == (1, 0)
    assert log.order == "duplicate"


def test_a_frame_after_a_newer_one_counts_as_reordered() -> None:
    log = ArrivalLog()
    orders = []
    for stamp in (SECOND, 2 * SECOND, 3 * SECOND // 2, 3 * SECOND):
        report = log.arrived(0, stamp, 1000)
        orders.append(log.order)
    assert (report.frames, report.bytes) == (4, 4000)
    assert (log.duplicates, log.reordered) == (0, 1)
    assert orders == ["new", "new", "out_of_order", "new"]


def test_a_recording_that_starts_over_is_neither_duplicate_nor_reordered() -> None:
    log = ArrivalLog()
    stamps = [i * SECOND // 10 for i in range(50)]
    for stamp in stamps + stamps:
        report = log.arrived(0, stamp, 1000)
    assert report.frames == 100
    assert (log.duplicates, log.reordered) == (0, 0)


def test_remembers_no_more_than_it_needs() -> None:
    log = ArrivalLog()
    for i in range(5000):
        log.arrived(i, i * 1000, 10)
    assert sum(len(part) for part in vars(log).values() if hasattr(part, "__len__")) < 1000


def test_numbers_there_and_back_beside_what_older_senders_read():
    log = ArrivalLog()
    for number in (7_000_000_000, 7_000_000_001, 7_000_000_003):
        report = log.arrived(10, -5 * SECOND, 1000, number=number)
    pairs = report.to_pairs()
    assert (pairs["stamp_ns"], pairs["number"], pairs["recent"]) == ("0", "7000000003", "0:0 0:0")
    assert pairs["recent_numbers"] == "2 3"
    assert ArrivalReport.from_pairs(pairs) == report
    assert [arrival.number for arrival in report.arrivals] == [7_000_000_000, 7_000_000_001, 7_000_000_003]


@pytest.mark.parametrize("number", ["-1", "x", "1.5"])
def test_nonsense_numbers_are_named(number):
    with pytest.raises(InputError, match="number"):
        ArrivalReport.from_pairs(PAIRS | {"number": number})
    with pytest.raises(InputError, match="recent_numbers"):
        told = {"number": "9", "recent": "5:6", "recent_numbers": "x"}
        ArrivalReport.from_pairs(PAIRS | told)
