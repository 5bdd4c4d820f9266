"""How long an upscaler takes on this machine."""

import time

import numpy as np

from edgesr_ros.upscaling.base import Upscaler

_SECONDS, _RUNS = 1.0, 5  # at the least


def milliseconds(upscaler: Upscaler, picture: np.ndarray) -> float:
    """The shortest run on a picture (H, W, 3) uint8 RGB: whatever else ran has made the others longer."""
    upscaler.upscale(picture)
    times: list[float] = []
    while len(times) < _RUNS or sum(times) < _SECONDS:
        began = time.perf_counter()
        upscaler.upscale(picture)
        times.append(time.perf_counter() - began)
    return 1e3 * min(times)
