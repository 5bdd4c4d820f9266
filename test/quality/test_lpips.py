import cv2
import numpy as np
import pytest

from edgesr_ros import resources
from edgesr_ros.errors import InputError
from edgesr_ros.quality.lpips import Lpips


@pytest.fixture(scope="module")
def lpips() -> Lpips:
    return Lpips()


@pytest.fixture(scope="module")
def pattern() -> np.ndarray:
    """(64, 96, 3) uint8 RGB, the same to the last bit wherever the tests run."""
    y, x = np.mgrid[0:64, 0:96]
    rgb = np.stack([2 * x, 3 * y, x * y % 256], axis=2).astype(np.uint8)
    rgb[20:40, 30:60] = (200, 40, 90)
    return rgb


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda rgb: np.roll(rgb, 2, axis=1), 0.05379),
        (lambda rgb: rgb // 2, 0.05669),
        (lambda rgb: 255 - rgb, 0.44571),
    ],
    ids=["moved", "darker", "inverted"],
)
def test_known_distances(lpips, pattern, change, expected):
    """Expected figures: PyTorch with the unrounded weights."""
    changed = change(pattern)
    assert lpips(pattern, changed) == pytest.approx(expected, abs=1e-4)
    assert lpips(changed, pattern) == lpips(pattern, changed)


def test_equal_pictures_have_no_distance(lpips, photograph):
    assert lpips(photograph, photograph.copy()) == 0


def test_blur_and_noise_increase_the_distance(lpips, photograph):
    noise = np.random.default_rng(0).normal(0, 1, photograph.shape)
    blurred = [lpips(photograph, cv2.GaussianBlur(photograph, (0, 0), sigma)) for sigma in (0.7, 1.5, 4)]
    noisy = [lpips(photograph, (photograph + s * noise).clip(0, 255).astype(np.uint8)) for s in (8, 16, 32)]
    assert blurred == sorted(blurred)
    assert noisy == sorted(noisy)
    assert blurred[-1] > 0.5


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (375, 401)])
def test_any_size(lpips, photograph, size):
    part = photograph[: size[0], : size[1]]  # and a view, not contiguous
    assert 0 < lpips(part, 255 - part) < 2


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [
        (np.zeros((40, 50, 3), np.uint8), np.zeros((50, 40, 3), np.uint8), "50x40 and 40x50"),
        (np.zeros((31, 50, 3), np.uint8), np.zeros((31, 50, 3), np.uint8), "32x32 or more"),
        (np.zeros((40, 50), np.uint8), np.zeros((40, 50), np.uint8), "uint8, got"),
        (np.zeros((40, 50, 3), np.uint8), np.zeros((40, 50, 3)), "float64"),
    ],
    ids=["sizes", "small", "grey", "float"],
)
def test_what_cannot_be_compared(lpips, a, b, reason):
    with pytest.raises(InputError, match=reason):
        lpips(a, b)


def test_a_model_that_is_missing_or_damaged(tmp_path):
    path = tmp_path / "model.onnx"
    with pytest.raises(InputError, match="no such file"):
        Lpips(model=path)
    path.write_bytes(b"not a model")
    with pytest.raises(InputError, match="not a model that onnxruntime can load") as caught:
        Lpips(model=path)
    assert "\n" not in str(caught.value)


def test_the_figures_of_one_network_do_not_pass_for_those_of_another():
    with pytest.raises(InputError, match=r"expected LPIPS of vgg, .* found 'lpips_alex'"):
        Lpips(model=resources.models() / "lpips_alex.onnx", network="vgg")


def test_bicubic_on_set5_as_published(lpips, set5_bicubic):
    """.3406 is of bicubic that rounds once, at its end; ours rounds between its passes, as MATLAB: .3397."""
    scores = [lpips(enlarged, high) for enlarged, high in set5_bicubic]
    assert np.mean(scores) == pytest.approx(0.3406, abs=5e-4)
