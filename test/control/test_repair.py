import pytest

from edgesr_ros.control.repair import Repair
from edgesr_ros.control.report import ArrivalReport, Missing

FRAME = 1 / 30
SHORT, LONG = 0.04, 0.24


class Robot:
    """Frames 30 times a second, each of 1000 bytes a message; every 8th is stored."""

    def __init__(self, messages=1, round_trip=SHORT):
        self.repair, self.messages, self.round_trip = Repair(), messages, round_trip
        self.number, self.base, self.now = 0, None, 0.0

    def send(self, frames=1, base=None, parity=False):
        for _ in range(frames):
            self.now += FRAME
            on = self.base if base is None else base
            stored = self.number % 8 == 0
            self.repair.sent(self.now, self.number, on, stored, self.messages, 1000 * self.messages)
            if not parity:
                self.repair.closed(self.number, self.number, 0)
            self.base = self.number
            self.number += 1

    def hear(self, newest, decoded, missing=(), lost=False, after=None, repaired=0):
        """A report of the frame `newest`."""
        self.now += self.round_trip if after is None else after
        report = ArrivalReport(
            stamp_ns=0,
            frames=1,
            bytes=1,
            arrival_ns=0,
            number=newest,
            decoded=decoded,
            missing=tuple(Missing(*of) if isinstance(of, tuple) else Missing(of) for of in missing),
            repaired=repaired,
        )
        return self.repair.told(self.now, report, self.round_trip, lost)


def started(frames=20, **chosen):
    robot = Robot(**chosen)
    robot.send(frames)
    robot.hear(frames - 1, frames - 1)
    return robot


def test_a_missing_frame_is_sent_again_twice_and_then_made_good_for():
    robot = started()
    robot.send(2)
    assert robot.hear(21, 19, [20]) == [Missing(20)]
    assert robot.hear(21, 19, [20], after=0.03) == []  # it may be on its way
    assert robot.hear(21, 19, [20], after=0.04) == [Missing(20)]
    assert not robot.repair.recover
    assert robot.hear(21, 19, [20], after=0.07) == []
    assert robot.repair.recover
    assert not robot.repair.key
    assert robot.repair.acknowledged == 16
    robot.send(base=16)
    assert not robot.repair.recover
    assert robot.hear(22, 19, [20, 21], after=0.07) == []  # of no use any more
    assert robot.hear(22, 22) == []
    assert not robot.repair.recover


def test_only_the_parts_that_are_missing_are_sent_again():
    robot = started(messages=4)
    robot.send(2)
    assert robot.hear(21, 19, [(20, (1, 3))]) == [Missing(20, (1, 3))]


def test_over_a_long_way_once_but_doubly():
    robot = started(round_trip=LONG)
    robot.send(2)
    assert robot.hear(21, 19, [20]) == [Missing(20)]
    assert robot.repair.copies == 2
    assert robot.hear(21, 19, [20], after=0.3) == []
    assert robot.repair.recover


def test_nothing_is_sent_again_into_a_link_that_may_be_gone():
    robot = started()
    robot.send(2)
    assert robot.hear(21, 19, [20], lost=True) == []
    assert robot.repair.recover


def test_many_missing_frames_are_made_good_for_by_one():
    robot = started()
    robot.send(12)
    assert robot.hear(31, 19, range(20, 31)) == []
    assert robot.repair.recover


def test_where_reports_show_no_progress_a_frame_makes_good_and_then_one_stands_alone():
    robot = started()
    robot.send(20)
    robot.hear(30, 19)  # nothing is missing, and yet it does not go on
    assert robot.repair.recover
    assert not robot.repair.key
    robot.send(base=16)
    robot.send(20)
    robot.hear(50, 19)
    assert not robot.repair.key  # the first one's turn is not over
    robot.send(base=16)
    robot.send(20)
    robot.hear(70, 19)
    assert (robot.repair.recover, robot.repair.key) == (True, True)


def test_who_comes_late_gets_a_frame_that_stands_alone():
    robot = started()
    robot.send(5)
    robot.hear(24, None)
    assert (robot.repair.recover, robot.repair.key) == (True, True)


def test_a_receiver_that_does_not_say_what_it_decodes_changes_nothing():
    robot = Robot()
    robot.send(100)
    report = ArrivalReport(stamp_ns=0, frames=1, bytes=1, arrival_ns=0, number=90)
    assert robot.repair.told(robot.now, report, SHORT, False) == []
    assert not robot.repair.recover
    assert robot.repair.acknowledged is None
    assert robot.repair.parity(4) == 0
    assert not robot.repair.parts


def test_a_stored_frame_counts_only_where_the_decoded_one_builds_on_it():
    robot = started(frames=12)  # 8 is stored, 11 decoded
    assert robot.repair.acknowledged == 8
    robot.send(6)  # 16 is stored …
    robot.send(base=8)  # … and left out
    robot.hear(18, 18)
    assert robot.repair.acknowledged == 8


def lossy(share, round_trip, messages, frames=300):
    """After reports of as many missing messages."""
    robot = started(messages=messages, round_trip=round_trip)
    owed = 0.0
    for _ in range(frames):
        robot.send()
        owed += share * messages
        missing = [(robot.number - 1, tuple(range(int(owed))))] if owed >= 1 else []
        owed -= int(owed)
        robot.hear(robot.number - 1, robot.number - 1 - bool(missing), missing, after=0)
        robot.repair.sent(robot.now, robot.number, robot.number - 1, False, messages, 1000)
        robot.number += 1
        robot.base = robot.number - 1
    return robot.repair


@pytest.mark.parametrize("share", [0.05, 0.1])
def test_the_share_of_messages_lost_is_known(share):
    repair = lossy(share, SHORT, 3)
    assert repair.loss == pytest.approx(share / 2, rel=0.5)  # every other frame is reported
    assert repair.parts == (repair.loss > 0.005)


def test_parity_is_over_several_frames_only_where_the_way_is_long():
    assert lossy(0.1, LONG, 1).group == 4
    assert lossy(0.1, LONG, 3).group == 2
    assert lossy(0.1, SHORT, 3).group == 1


def test_parity_follows_the_losses():
    counts = [lossy(share, LONG, 3).parity(6) for share in (0.0, 0.05, 0.15, 0.3)]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[1] > 0
    assert counts[-1] == 4
    assert [lossy(0.1, SHORT, messages).parity(messages) for messages in (1, 3)] == [0, 1]


def test_parity_that_may_still_come_is_waited_for():
    repair = lossy(0.2, LONG, 1)
    robot = Robot(round_trip=LONG)
    robot.repair, robot.number, robot.base, robot.now = repair, 10_000, 9_999, 1000.0
    robot.send(4, parity=True)
    assert robot.hear(10_002, 9_999, [10_001]) == []  # the group is open
    robot.repair.closed(10_000, 10_003, 2)
    assert robot.hear(10_003, 9_999, [10_001], after=0.03) == []
    robot.send()
    assert robot.hear(10_004, 9_999, [10_001], after=0.03) == [Missing(10_001)]


def test_what_only_came_late_is_waited_for_the_next_time():
    robot = started()
    robot.send(2)
    assert robot.hear(21, 19, [20]) == [Missing(20)]
    robot.hear(21, 21, after=0.01)  # there already
    robot.send(2)
    assert robot.hear(23, 21, [22]) == []
    assert robot.hear(23, 21, [22], after=0.06) == [Missing(22)]
