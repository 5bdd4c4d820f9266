"""Weights as an upscaler, for what is measured before it is exported."""

from pathlib import Path

import numpy as np
import torch

from edgesr_ros.networks import count_parameters
from edgesr_ros.training.inference import upscale
from edgesr_ros.training.macs import macs_per_pixel
from edgesr_ros.training.weights import load_network
from edgesr_ros.upscaling.base import Upscaler


class WeightsUpscaler(Upscaler):
    """A network in PyTorch, in float32; any size.

    Attributes:
        macs_per_pixel: multiply-accumulates for each pixel of the small picture.

    Args:
        path: of its weights, which say what network they are of.
        threads: CPU threads, of all of PyTorch.

    Raises:
        InputError: as `load_network`.
    """

    backend = "torch"

    def __init__(self, path: Path, threads: int) -> None:
        self._network = load_network(path)
        super().__init__(path.stem, self._network.scale, count_parameters(self._network))
        self.macs_per_pixel = macs_per_pixel(self._network)
        torch.set_num_threads(threads)

    def _enlarge(self, rgb: np.ndarray) -> np.ndarray:
        return upscale(self._network, rgb)
