import cv2
import numpy as np
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.quality.niqe import Niqe
from edgesr_ros.sources.files import list_images, read_image


@pytest.fixture(scope="module")
def niqe() -> Niqe:
    return Niqe()


def test_blur_makes_a_picture_less_natural(niqe, photograph):
    scores = [niqe(photograph), *(niqe(cv2.GaussianBlur(photograph, (0, 0), sigma)) for sigma in (1, 2, 4))]
    assert scores == sorted(scores)
    assert scores[0] < 6 < 10 < scores[-1]


def test_noise_makes_a_picture_less_natural(niqe, photograph):
    noise = np.random.default_rng(0).normal(0, 1, photograph.shape)
    scores = [niqe((photograph + sigma * noise).clip(0, 255).astype(np.uint8)) for sigma in (0, 8, 16, 32)]
    assert scores == sorted(scores)
    assert scores[-1] > 12


def test_what_does_not_fill_a_patch_is_left_out(niqe, photograph):
    assert niqe(photograph[:300, :400]) == niqe(photograph[:288, :384])


def test_a_black_border_changes_little(niqe, photograph):
    framed = np.zeros((384, 768, 3), np.uint8)
    framed[:, :480] = photograph  # the last three columns of patches are without any contrast
    assert niqe(framed) == pytest.approx(niqe(photograph), abs=0.5)


@pytest.mark.parametrize("size", [(191, 400), (400, 191)])
def test_too_small(niqe, size):
    with pytest.raises(InputError, match=f"192x192 pixels or more, got {size[1]}x{size[0]}"):
        niqe(np.zeros((*size, 3), np.uint8))


def test_a_flat_picture_has_no_score(niqe):
    with pytest.raises(InputError, match="contrast"):
        niqe(np.full((200, 200, 3), 90, np.uint8))


def test_a_model_that_is_missing_or_is_none(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        Niqe(tmp_path / "none.npz")
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(InputError, match="not a NIQE model"):
        Niqe(broken)
    np.savez(broken, mean=np.zeros(3), covariance=np.eye(3))
    with pytest.raises(InputError, match="36 features"):
        Niqe(broken)


def test_set5_as_by_basicsr(niqe, shared):
    """Expected figures: `niqe` of BasicSR 1.4.2 on rounded luma."""
    paths = list_images(shared / "data" / "eval" / "set5" / "HR")
    scores = {path.stem: niqe(read_image(path)) for path in paths}
    expected = {"baby": 3.266, "bird": 4.439, "butterfly": 5.155, "head": 8.716, "woman": 4.398}
    assert scores == pytest.approx(expected, abs=0.03)
