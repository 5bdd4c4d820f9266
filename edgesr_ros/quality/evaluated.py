"""A model as it is evaluated: with its card, and in tiles where it is made for one size."""

from typing import NamedTuple

import numpy as np

from edgesr_ros import resources
from edgesr_ros.upscaling.base import Upscaler
from edgesr_ros.upscaling.card import ModelCard, read_card
from edgesr_ros.upscaling.catalog import AUTO, load_upscaler
from edgesr_ros.upscaling.litert import LiteRtUpscaler
from edgesr_ros.upscaling.tiles import upscale_any

_FRAME = 80 * 60  # pixels: the frame of which papers state the multiply-accumulates


class EvaluatedModel(NamedTuple):
    """A model that is measured."""

    upscaler: Upscaler
    card: ModelCard | None  # None: bicubic, or weights that are no model file yet
    macs_per_pixel: int = 0  # where no card says it: multiply-accumulates for each pixel of the small picture

    @staticmethod
    def load(name: str, backend: str | None, threads: int, device: str = AUTO) -> "EvaluatedModel":
        """A model on the chosen backend and device; bicubic, the baseline of every table, on its own.

        Raises:
            InputError: as `load_upscaler`.
        """
        if name.startswith("bicubic"):
            return EvaluatedModel(load_upscaler(name, threads=threads), None)
        upscaler = load_upscaler(name, backend, threads, device)
        suffix = ".tflite" if isinstance(upscaler, LiteRtUpscaler) else ".onnx"
        return EvaluatedModel(upscaler, read_card(resources.find("models", name, suffix)))

    def upscale(self, rgb: np.ndarray) -> np.ndarray:
        """A picture of any size, (h, w, 3) uint8 RGB; in tiles where the model is made for one size."""
        if self.card is None or self.card.input_size is None:
            return self.upscaler.upscale(rgb)
        return upscale_any(self.upscaler.upscale, rgb, self.card)

    def gmac(self) -> float:
        """10^9 multiply-accumulates of the network for an 80x60 picture."""
        macs = self.card.macs_per_pixel if self.card else self.macs_per_pixel
        return round(macs * _FRAME / 1e9, 4)
