import numpy as np
import pytest

from edgesr_ros.quality.rows import FrameRow, Scores
from edgesr_ros.quality.timeline import MOST_BINS, Timeline


def shown(*times, age_ms=50.0, start=1.7e9, size=1000):
    return [
        FrameRow(stamp_s=start + t - age_ms / 1e3, shown_s=start + t, age_ms=age_ms, method="sr", bytes=size)
        for t in times
    ]


def test_a_stream_that_stops_shows_as_nothing_until_the_end_of_the_run():
    timeline = Timeline(shown(0, 0.5, 1, 1.5), duration_s=4)
    assert timeline.edges.tolist() == [0, 1, 2, 3, 4]
    assert timeline.rate().tolist() == [2, 2, 0, 0]
    assert timeline.kbps().tolist() == [16, 16, 0, 0]


def test_a_frozen_picture_ages_on_the_screen():
    timeline = Timeline(shown(0, 2.5, 2.75), duration_s=4)
    assert timeline.oldest_on_screen() == pytest.approx([1050, 2050, 2550, 1300], abs=0.01)
    assert timeline.age_when_shown() == pytest.approx([50, np.nan, 50, np.nan], nan_ok=True)


def test_the_capacity_shares_the_clock_of_the_pictures():
    capacity = [(1.7e9 - 2, 800.0), (1.7e9 + 1, None), (1.7e9 + 3, 0.0)]
    timeline = Timeline(shown(0, 0.5), duration_s=6, capacity=capacity)
    times, kbps = timeline.capacity()
    assert times.tolist() == [0, 3, 5, 6]
    assert kbps == pytest.approx([800, np.nan, 0], nan_ok=True)
    assert timeline.rate().tolist() == [0, 0, 2, 0, 0, 0]


def test_a_clock_that_is_set_back_costs_no_picture():
    rows = shown(5, 5.5, 1, 2)
    timeline = Timeline(rows, duration_s=3, capacity=[(1.7e9 + 5, 800.0), (1.7e9 + 1, 80.0)])
    assert timeline.rate().sum() * timeline.edges[1] == pytest.approx(4)
    assert timeline.end == pytest.approx(4.5)
    assert timeline.capacity()[0].tolist() == [0, 4, 4.5]
    assert timeline.capacity()[1].tolist() == [80, 800]


def test_a_single_picture_of_a_run_without_length_has_one_bin():
    timeline = Timeline(shown(0), duration_s=0)
    assert timeline.end == 1
    assert timeline.rate().tolist() == [1]


def test_what_only_some_pictures_have_is_given_at_their_times():
    rows = shown(0, 1, 2, 3)
    score = Scores(psnr_db=30, ssim=0.9, lpips=0.2)
    rows[2] = FrameRow(
        stamp_s=rows[2].stamp_s, shown_s=rows[2].shown_s, age_ms=50, method="sr", bytes=1, sr=score
    )
    times, values, style = Timeline(rows, 4).samples(lambda row: row.sr.lpips if row.sr else None)
    assert (times.tolist(), values.tolist(), style) == ([2], [0.2], "samples")


def test_long_runs_are_binned_without_losing_pictures():
    rows = shown(*np.arange(0, 3600, 0.5))
    timeline = Timeline(rows, 3600)
    assert len(timeline.rate()) == MOST_BINS
    assert timeline.rate() == pytest.approx(2)
    edges, ages, style = timeline.samples(lambda row: row.age_ms)
    assert (len(edges), style) == (MOST_BINS + 1, "steps")
    assert ages == pytest.approx(50)
