import cv2
import numpy as np
import pytest


@pytest.fixture
def picture() -> np.ndarray:
    """(48, 64, 3) uint8 RGB: smooth colour gradients, a bright red block and a dark edge."""
    y, x = np.mgrid[0:48, 0:64]
    rgb = np.stack([4 * x, 5 * y, 255 - 2 * (x + y)], axis=2).clip(0, 255).astype(np.uint8)
    rgb[8:24, 8:24] = (250, 20, 10)
    rgb[30:, 40:] //= 4
    return rgb


@pytest.fixture(scope="session")
def clip() -> list[np.ndarray]:
    """90 frames (129, 161, 3) uint8 RGB: a camera that pans over texture, with a sensor's noise."""
    rng = np.random.default_rng(11)
    rough = rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)
    scene = cv2.resize(rough, (480, 320), interpolation=cv2.INTER_CUBIC) + rng.normal(0, 6, (320, 480, 3))
    frames = []
    for number in range(90):
        top, left = number, 3 * number
        seen = scene[top : top + 129, left : left + 161] + rng.normal(0, 2, (129, 161, 3))
        frames.append(seen.round().clip(0, 255).astype(np.uint8))
    return frames
