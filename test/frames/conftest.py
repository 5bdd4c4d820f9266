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
