import cv2
import numpy as np
import pytest


@pytest.fixture(scope="session")
def photograph() -> np.ndarray:
    """(384, 480, 3) uint8 RGB with the statistics of a photograph: a 1/f spectrum, and edges of discs."""
    rng = np.random.default_rng(7)
    height, width = 384, 480
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    frequency[0, 0] = 1
    spectrum = np.fft.rfft2(rng.normal(size=(3, height, width))) / frequency
    texture = np.fft.irfft2(spectrum, (height, width)).transpose(1, 2, 0)
    rgb = 128 + 24 * texture / texture.std()
    for _ in range(60):
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        disc = cv2.circle(
            np.zeros((height, width), np.float32), centre, int(rng.integers(5, 60)), 1, -1, cv2.LINE_AA
        )
        rgb += cv2.GaussianBlur(disc, (3, 3), 0.6)[:, :, None] * rng.normal(0, 40, 3)
    return np.clip(rgb, 0, 255).astype(np.uint8)
