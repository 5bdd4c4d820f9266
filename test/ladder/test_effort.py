import numpy as np
import pytest

from edgesr_ros.codecs import av1
from edgesr_ros.codecs.machine import Machine
from edgesr_ros.ladder.effort import SizeByTime
from edgesr_ros.ladder.points import read_ladder
from edgesr_ros.ladder.stream import StreamStage
from edgesr_ros.ladder.walk import LadderWalk

PERIOD = 0.1


def scales(full, frames=600, saving=1.0):
    """After each frame; one of full size takes `full` s."""
    by_time, found = SizeByTime(lambda: PERIOD), []
    for _ in range(frames):
        by_time.spent(full / by_time.scale**1.5, saving)
        found.append(by_time.scale)
    return found


@pytest.mark.parametrize(("full", "last"), [(0.01, 1), (0.079, 1), (0.1, 2), (0.22, 2), (0.4, 4), (3.0, 4)])
def test_frames_are_of_a_size_that_is_through_before_the_next_one_and_stay_so(full, last):
    found = scales(full)
    assert found[0] == 1
    assert found[60:] == [last] * 540


def test_it_is_told_before_the_least_effort_is_reached():
    assert scales(0.15, saving=1.8)[-1] == 2
    assert scales(0.12, saving=1.8)[-1] == 1


def test_a_machine_that_has_time_again_sends_the_full_size_after_a_while():
    by_time, found = SizeByTime(lambda: PERIOD), []
    for number in range(300):
        by_time.spent((0.2 if number < 60 else 0.04) / by_time.scale**1.5)
        found.append(by_time.scale)
    assert found[60] == 2
    assert found.index(1, 60) > 130
    assert found[-1] == 1


@pytest.mark.skipif(av1.missing() is not None, reason="no SVT-AV1 here")
def test_a_stream_is_reduced_where_the_time_is_short():
    times = iter(range(10**6))
    machine = Machine(lambda: next(times) * 0.2, period=lambda: PERIOD)  # each frame takes 0.2 s
    stage = StreamStage(LadderWalk(read_ladder("av1")), 0, machine)
    picture = np.full((128, 256, 3), 90, np.uint8)
    found = [stage.encode(picture, 2000, None)[1].scale for _ in range(40)]
    assert (found[0], found[20], found[-1]) == (1, 2, 4)
