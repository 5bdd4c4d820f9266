"""No gap in playing is longer than the gap of recording by more than a second, whatever the stamps."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from edgesr_ros.sources.frame_source import SourceFrame
from edgesr_ros.sources.opening import open_source
from edgesr_ros.sources.pacing import Pacing

SECOND = 1_000_000_000
NOW = 1_700_000_000 * SECOND
PERIOD = 0.1


def frames(stamps_s, received_s=None):
    received_s = np.arange(len(stamps_s)) * PERIOD if received_s is None else received_s
    pixel = np.zeros((1, 1), np.uint8)
    return [
        SourceFrame.of(round(stamp * SECOND), pixel, "camera", None, NOW + round(received * SECOND))
        for stamp, received in zip(stamps_s, received_s, strict=True)
    ]


def gaps(played):
    pacing = Pacing()
    found = [pacing.gap_s(one, other, 0.05) for one, other in pairwise(played)]
    return found, pacing.note


def test_good_stamps_are_followed_though_recording_stutters():
    stamps = 5 + np.arange(6) * PERIOD
    found, note = gaps(frames(stamps, [0, 0.3, 0.31, 0.32, 0.45, 0.5]))
    assert found == pytest.approx([PERIOD] * 5)
    assert note is None


@pytest.mark.parametrize(
    "stamps",
    [
        [0.1, 0.2, 0.3, 1.7e9, 1.7e9 + 0.1],  # the clock is set
        [1.7e9, 1.7e9 + 0.1, 0.1, 0.2, 0.3],  # back
        [0.1, 0.2, 5.3, 5.4, 5.5],
        [7, 7, 7, 7, 7],
        [0, 0, 0, 0, 0],
        [7, 7, 7, 8, 8],  # whole seconds
        [-5, -4.9, 3, 4, 5],
        [5, 4, 3, 2, 1],
    ],
)
def test_stamps_that_jump_or_stand_still_give_way_to_the_times_of_recording(stamps):
    found, note = gaps(frames(stamps))
    assert found == pytest.approx([PERIOD] * 4)
    assert note and "\n" not in note


def test_a_pause_in_recording_is_kept():
    found, note = gaps(frames([1, 1.1, 31.1, 31.2], [0, 0.1, 30.1, 30.2]))
    assert found == pytest.approx([0.1, 30, 0.1])
    assert note is None


def test_where_both_clocks_were_set_the_period_is_left():
    found, _ = gaps(frames([0.1, 0.2, 1.7e9, 1.7e9 + 0.1], [0.1, 0.2, 1.7e9, 1.7e9 + 0.1]))
    assert found == pytest.approx([0.1, 0.05, 0.1])


def test_sources_without_times_of_recording_keep_their_stamps():
    played = [frame._replace(received_ns=None) for frame in frames([0, 0.5, 0.5, 100])]
    assert gaps(played) == (pytest.approx([0.5, 0.05, 99.5]), None)


def test_the_clock_of_a_robot_that_is_set_while_it_records():
    source = open_source(str(Path(__file__).parent / "recordings" / "stamps_jump_forward.mcap"))
    played = list(source)
    assert [frame.stamp_ns // SECOND for frame in played] == [3600] * 5 + [1_700_000_000] * 5
    found, note = gaps(played)
    assert found == pytest.approx([0.04] * 9)
    assert note == (
        "header stamps go from 3600.160 s to 1700000000.200 s in 0.040 s of the recording: "
        "from there on the times of recording are followed"
    )
