"""Bicubic enlargement: the baseline, and what steps in where a network cannot."""

import numpy as np

from edgesr_ros.frames.resize import enlarge_bicubic
from edgesr_ros.upscaling.base import Upscaler


class BicubicUpscaler(Upscaler):
    """Enlarges as MATLAB's `imresize`; any size."""

    method = "bicubic"
    backend = "bicubic"

    def __init__(self, scale: int) -> None:
        super().__init__(f"bicubic_x{scale}", scale, parameters=0)

    def _enlarge(self, rgb: np.ndarray) -> np.ndarray:
        return enlarge_bicubic(rgb, self.scale)
