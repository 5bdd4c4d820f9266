import pytest

from edgesr_ros.control.clock import Estimate
from edgesr_ros.control.picture_age import PictureAge, StampClock

S = 1_000_000_000  # ns


class Exchange:
    """A robot and a ground station whose clocks differ, a delay apart in each direction."""

    def __init__(self, ahead: float, there: float = 0.02, back: float = 0.02) -> None:
        self.ahead, self.there, self.back = ahead, there, back
        self.ages = PictureAge()

    def frame(self, at: float, stamp: float | None = None) -> None:
        """Taken, sent and stamped at once, `at` by the ground's clock."""
        stamp = at + self.ahead if stamp is None else stamp
        self.ages.arrived(round((at + self.back) * S), round(stamp * S))

    def answer(self, at: float) -> float:
        """To the report of the frame that was sent at `at`; when it is here."""
        reported = at + self.back
        shown = reported + self.there + self.ahead
        here = reported + self.there + self.back
        self.ages.answered(round(here * S), round(reported * S), round(shown * S))
        return here

    def age(self, now: float, stamp: float) -> Estimate | None:
        return self.ages.of(round(now * S), round(stamp * S))


@pytest.mark.parametrize("ahead", [-100.0, 0.0, 100.0, 1.7e9])
def test_the_true_age_lies_within_the_uncertainty(ahead: float) -> None:
    link = Exchange(ahead, there=0.09, back=0.01)
    link.frame(10.0)
    assert link.age(10.01, 10.0 + ahead) is None
    now = link.answer(10.0)
    for taken in (now - 5.0, now - 0.3, now - 0.01):
        age = link.age(now, taken + ahead)
        assert age is not None
        assert abs(age.seconds - (now - taken)) <= age.uncertainty + 1e-5
        assert 0 <= age.uncertainty < 0.06


@pytest.mark.parametrize("ahead", [-100.0, 0.0, 1.7e9])
def test_an_answer_is_heard_as_a_picture_is(ahead: float) -> None:
    """Large pictures take long: the answer, which is small, tells more of the offset than they do."""
    link = Exchange(ahead, back=0.5)
    link.frame(10.0)
    link.back = 0.02
    reported = 10.5  # when the picture was here
    now = reported + link.there + link.back
    link.ages.answered(round(now * S), round(reported * S), round((reported + link.there + ahead) * S))
    age = link.age(now, 10.0 + ahead)
    assert age is not None
    assert age.uncertainty == pytest.approx(0.02, abs=1e-3)
    assert age.seconds == pytest.approx(0.54, abs=0.02)


def test_a_picture_from_the_future_has_no_age() -> None:
    link = Exchange(50.0)
    link.frame(10.0)
    now = link.answer(10.0)
    assert link.age(now, now + 50.0 + 1.0) is None


def test_answers_to_another_ground_station_are_ignored() -> None:
    link = Exchange(50.0)
    link.frame(10.0)
    link.ages.answered(11 * S, 9 * S, 200 * S)
    assert link.age(11.0, 60.0) is None


def test_a_recording_that_starts_over_is_learnt_anew() -> None:
    link = Exchange(100.0)
    link.frame(10.0)
    link.answer(10.0)
    link.frame(11.0)
    link.ahead = 50.0
    link.frame(12.0)
    # By what was known, this picture were 50 s old.
    assert link.age(12.1, 62.0) is None
    late = round(11.02 * S)  # an answer in the recording's old time, still on its way
    link.ages.answered(round(12.05 * S), late, 111 * S)
    assert link.age(12.1, 62.0) is None
    now = link.answer(12.0)
    age = link.age(now, now + 50.0 - 0.2)
    assert age is not None
    assert age.seconds == pytest.approx(0.2, abs=0.03)


def test_the_robots_clock_is_told_where_the_stamps_are_of_it() -> None:
    clock = StampClock()
    assert clock.read(5.0, 1000.0) is None
    clock.frame(5.0, 1000.0, 999.9)
    assert clock.read(5.5, 1000.5) == 1000.5
    assert clock.source == "ros_time"


@pytest.mark.parametrize("stamp", [70.0, 999_999.0, 1000.2])
def test_else_the_time_of_the_stamps_is_told(stamp: float) -> None:
    clock = StampClock()
    for number in range(10):
        # Ten frames a second, some of which come late.
        now = 5.0 + 0.1 * number
        clock.frame(now + 0.03 * (number % 3), 995.0 + now, stamp + 0.1 * number)
    assert clock.source == "camera_stamps"
    # The frames that were not late set the clock.
    assert clock.read(6.0, 1001.0) == pytest.approx(stamp + 1.0, abs=0.015)


def test_a_recording_that_pauses_jumps_or_plays_slowly_is_followed() -> None:
    clock = StampClock()
    clock.frame(5.0, 1000.0, 70.0)
    clock.frame(15.0, 1010.0, 70.1)
    assert clock.read(15.2, 1010.2) == pytest.approx(70.3)
    clock.frame(16.0, 1011.0, 20.0)
    assert clock.read(16.0, 1011.0) == pytest.approx(20.0)
    clock.frame(17.0, 1012.0, 500.0)
    assert clock.read(17.0, 1012.0) == pytest.approx(500.0)
    for number in range(100):  # at half the pace
        clock.frame(18.0 + 0.1 * number, 1013.0, 500.0 + 0.05 * number)
    assert clock.read(28.0, 1023.0) == pytest.approx(505.0, abs=0.2)
