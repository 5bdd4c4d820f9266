import msgspec
import numpy as np
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.frames.resize import resize_bicubic
from edgesr_ros.quality.evaluation import EvaluationRow, evaluate
from edgesr_ros.sources.files import write_image


def bicubic_x4(low: np.ndarray) -> np.ndarray:
    return resize_bicubic(low, 4 * low.shape[0], 4 * low.shape[1])


@pytest.fixture
def dataset(tmp_path, photograph):
    """A data set of two pictures, only the first of which is large enough for NIQE."""
    folder = tmp_path / "two"
    write_image(folder / "HR" / "large.png", photograph[:202, :243])  # cut to 200x240
    write_image(folder / "HR" / "small.png", photograph[:100, :120])
    return folder


def test_figures_are_the_means_over_the_pictures(dataset):
    row = evaluate(bicubic_x4, 4, dataset)
    large, small = row.images
    assert (row.dataset, large.image, small.image) == ("two", "large.png", "small.png")
    for metric in ("psnr_y_db", "ssim_y", "lpips_alex"):
        mean = (getattr(large, metric) + getattr(small, metric)) / 2
        assert getattr(row, metric) == pytest.approx(mean, abs=1e-4)
    assert 10 < row.psnr_y_db < 40
    assert 0 < row.ssim_y < 1
    assert 0 < row.lpips_alex < 1


def test_a_picture_too_small_for_niqe_is_left_out_of_its_mean(dataset):
    row = evaluate(bicubic_x4, 4, dataset)
    assert row.lpips_vgg is None
    assert row.niqe == row.images[0].niqe
    assert row.images[1].niqe is None
    assert row.niqe_left_out == ["small.png: NIQE needs 192x192 pixels or more, got 120x100"]
    (dataset / "HR" / "large.png").unlink()
    assert evaluate(bicubic_x4, 4, dataset).niqe is None


def test_a_perfect_upscaler(dataset, photograph):
    def remember(low: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(photograph[: 4 * low.shape[0], : 4 * low.shape[1]])

    row = evaluate(remember, 4, dataset)
    assert (row.psnr_y_db, row.ssim_y, row.lpips_alex) == (100, 1, 0)


def test_a_folder_of_pictures_is_taken_as_the_originals(dataset):
    pictures = evaluate(bicubic_x4, 4, dataset / "HR")
    assert pictures.dataset == "HR"
    assert pictures.images == evaluate(bicubic_x4, 4, dataset).images


def test_supplied_low_resolution_pictures_are_what_is_upscaled(dataset):
    given = {}
    for name, shape in (("large.png", (50, 60, 3)), ("small.png", (25, 30, 3))):
        given[shape] = np.full(shape, 77, np.uint8)
        write_image(dataset / "LRx4" / name, given[shape])

    def check(low: np.ndarray) -> np.ndarray:
        assert np.array_equal(low, given.pop(low.shape))
        return bicubic_x4(low)

    evaluate(check, 4, dataset)
    assert not given


def test_a_row_survives_json(dataset):
    row = evaluate(bicubic_x4, 4, dataset)
    assert msgspec.json.decode(msgspec.json.encode(row), type=EvaluationRow) == row


def test_data_that_does_not_fit(dataset, tmp_path, photograph):
    with pytest.raises(InputError, match=r"large\.png: upscaled to 180x150, expected 240x200 \(scale 4\?\)"):
        evaluate(lambda low: low.repeat(3, axis=0).repeat(3, axis=1), 4, dataset)
    write_image(dataset / "LRx4" / "large.png", photograph[:50, :61])
    with pytest.raises(InputError, match=r"LRx4/large\.png: 61x50, expected 60x50"):
        evaluate(bicubic_x4, 4, dataset)
    write_image(dataset / "LRx4" / "large.png", photograph[:50, :60])
    with pytest.raises(InputError, match=r"LRx4/small\.png: no such file"):
        evaluate(bicubic_x4, 4, dataset)
    write_image(tmp_path / "tiny" / "tiny.png", photograph[:28, :60])
    with pytest.raises(InputError, match=r"tiny\.png: 60x28 is too small, expected 32x32"):
        evaluate(bicubic_x4, 4, tmp_path / "tiny")
    with pytest.raises(InputError, match="no such folder"):
        evaluate(bicubic_x4, 4, tmp_path / "none")
