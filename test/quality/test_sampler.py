import numpy as np
import pytest

from edgesr_ros.quality.record import Recording, read_rows
from edgesr_ros.quality.rows import FrameRow
from edgesr_ros.quality.sampler import Sample, Sampler, coarse_to_fine


def row(shown_s: float) -> FrameRow:
    return FrameRow(stamp_s=shown_s, shown_s=shown_s, age_ms=0.0, method="sr", bytes=1)


def test_any_beginning_is_spread_over_the_whole():
    ordered = coarse_to_fine(range(64))
    assert sorted(ordered) == list(range(64))
    for count in (2, 4, 8, 16, 32):
        assert np.diff(sorted(ordered[:count])).tolist() == [64 // count] * (count - 1)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 63])
def test_every_item_comes_once(count):
    assert sorted(coarse_to_fine(range(count))) == list(range(count))


def test_an_hour_leaves_a_bounded_number_of_samples_spread_over_it(tmp_path):
    sampler, recording = Sampler(rate=2.0), Recording(tmp_path)
    grey = np.zeros((64, 64), np.uint8)
    for second in range(3600):
        recording.add(row(second))
        sampler.offer(Sample(row(second), grey, b"not an image", grey))
    recording.close()
    kept = [sample.row.shown_s for sample in sampler._samples]
    assert 32 <= len(kept) <= 64
    assert kept[0] == 0
    assert kept[-1] > 3600 - 128
    assert len(set(np.diff(kept))) == 1


def test_samples_that_cannot_be_measured_stay_without_scores(tmp_path):
    sampler, recording = Sampler(rate=1.0), Recording(tmp_path)
    recording.add(row(1.0))
    sampler.offer(Sample(row(1.0), np.zeros((64, 64), np.uint8), b"not an image", np.zeros((9, 9), np.uint8)))
    sampler.measure(recording, patience=10.0)
    recording.close()
    assert read_rows(tmp_path / "frames.csv")[0].sr is None
    assert sampler.strips() == []
