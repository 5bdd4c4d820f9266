import pytest

from edgesr_ros.control.gaps import Gaps
from edgesr_ros.control.report import Arrival, ArrivalReport, Missing
from edgesr_ros.errors import InputError


def test_what_is_between_the_decoded_and_the_newest_is_missing():
    gaps = Gaps()
    for number in (5, 6, 9):
        gaps.came(number)
    gaps.was_decoded(6)
    assert gaps.missing() == (Missing(7), Missing(8))
    gaps.came(8)
    assert gaps.missing() == (Missing(7),)
    gaps.was_decoded(9)  # builds on an earlier one
    assert gaps.missing() == ()


def test_nothing_before_the_first_frame_is_missed():
    gaps = Gaps()
    assert gaps.missing() == ()
    gaps.came(70)
    assert gaps.missing() == ()
    gaps.came(72)
    assert gaps.missing() == (Missing(71),)


def test_parts_that_may_still_come_are_not_missing():
    gaps = Gaps()
    gaps.came(1)
    gaps.was_decoded(1)
    gaps.part_came(2, {1}, 4)
    assert gaps.missing() == (Missing(2, (0,)),)
    gaps.part_came(3, {0}, 2)
    assert gaps.missing() == (Missing(2, (0, 2, 3)),)
    gaps.came(2)
    assert gaps.missing() == ()


def test_what_is_told_is_bounded():
    gaps = Gaps()
    gaps.came(1)
    gaps.was_decoded(1)
    gaps.came(100_000)
    assert len(gaps.missing()) == 32
    for number in range(100_000, 105_000):
        gaps.came(number)
    assert sum(len(part) for part in vars(gaps).values() if hasattr(part, "__len__")) < 1000


REPORT = ArrivalReport(
    stamp_ns=9,
    frames=3,
    bytes=9,
    arrival_ns=50,
    recent=(Arrival(8, 40, 40),),
    number=41,
    decoded=36,
    missing=(Missing(37), Missing(39, (0, 2)), Missing(42, (1,))),
    repaired=4,
    hold_s=0.09,
)


def test_what_is_missing_there_and_back():
    pairs = REPORT.to_pairs()
    assert (pairs["decoded"], pairs["missing"], pairs["repaired"]) == ("36", "4 2/0,2 -1/1", "4")
    assert ArrivalReport.from_pairs(pairs) == REPORT


def test_older_receivers_say_nothing_of_it():
    new = {"decoded", "missing", "repaired", "hold_s"}
    old = {key: value for key, value in REPORT.to_pairs().items() if key not in new}
    report = ArrivalReport.from_pairs(old)
    assert (report.decoded, report.missing, report.repaired, report.hold_s) == (None, (), None, None)


@pytest.mark.parametrize("text", ["x", "1/x", "1/2,", "1.5", "1/2/3", "9" * 5000])
def test_nonsense_in_what_is_missing_is_named(text):
    with pytest.raises(InputError, match="missing") as error:
        ArrivalReport.from_pairs(REPORT.to_pairs() | {"missing": text})
    assert "\n" not in str(error.value)
