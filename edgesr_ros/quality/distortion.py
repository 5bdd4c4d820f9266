"""PSNR and SSIM: how far a picture is from the original, sample by sample."""

import math

import cv2
import numpy as np

PSNR_LIMIT = 100.0  # dB: for equal pictures where infinity has no place, in means and in files

# ITU-R BT.601 luma, 16..235 for RGB 0..255: what super-resolution papers measure on.
_LUMA = np.array([65.481, 128.553, 24.966], np.float64) / 255.0

# SSIM (Wang et al. 2004): Gaussian window 11x11 of sigma 1.5, K1 = .01, K2 = .03.
_WINDOW, _SIGMA, _K1, _K2 = 11, 1.5, 0.01, 0.03


def luma(rgb: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 RGB → (H, W) float64 luma in 16..235."""
    return rgb @ _LUMA + 16.0


def shave(image: np.ndarray, border: int) -> np.ndarray:
    """The picture without `border` pixels at each side."""
    return image[border:-border, border:-border] if border else image


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB of two arrays in 0..255; infinite when equal."""
    error = float(np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2))
    return math.inf if error == 0 else 10 * math.log10(255.0**2 / error)


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Mean structural similarity of two (H, W) arrays in 0..255, over the windows that lie inside."""

    def blur(x: np.ndarray) -> np.ndarray:
        return shave(cv2.GaussianBlur(x, (_WINDOW, _WINDOW), _SIGMA), _WINDOW // 2)

    a, b = a.astype(np.float64), b.astype(np.float64)
    mean_a, mean_b = blur(a), blur(b)
    var_a = blur(a * a) - mean_a**2
    var_b = blur(b * b) - mean_b**2
    covariance = blur(a * b) - mean_a * mean_b
    c1, c2 = (_K1 * 255) ** 2, (_K2 * 255) ** 2
    score = ((2 * mean_a * mean_b + c1) * (2 * covariance + c2)) / (
        (mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2)
    )
    return float(score.mean())


def psnr_y(a: np.ndarray, b: np.ndarray, border: int) -> float:
    """PSNR in dB on luma of two (H, W, 3) uint8 RGB pictures, `border` pixels shaved off."""
    return psnr(luma(shave(a, border)), luma(shave(b, border)))


def ssim_y(a: np.ndarray, b: np.ndarray, border: int) -> float:
    """SSIM on luma of two (H, W, 3) uint8 RGB pictures, `border` pixels shaved off."""
    return ssim(luma(shave(a, border)), luma(shave(b, border)))
