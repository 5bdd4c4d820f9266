"""Pictures of cameras with and without colour."""

import cv2
import numpy as np


def three_channels(image: np.ndarray) -> np.ndarray:
    """(H, W, 3) RGB or (H, W) grey uint8 → (H, W, 3); RGB is returned as it is."""
    return cv2.cvtColor(image, cv2.COLOR_GRAY2RGB) if image.ndim == 2 else image


def without_colour(rgb: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 RGB → the same with its luma in all three channels."""
    return three_channels(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
