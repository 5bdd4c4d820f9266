"""Quantization-aware training: a network that computes as its int8 file will, and learns to live with it."""

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch

from edgesr_ros.networks import Network
from edgesr_ros.networks.fold import COLOURS, Folded
from edgesr_ros.training.export_onnx_int8 import Quantized, planes, quantize
from edgesr_ros.training.quantized_graph import QuantizedGraph


class FakeQuantization:
    """Rounds weights and activations exactly where the exported graph does, in the folded, equalized form.

    The ranges are those of our calibration, found once, before the first step. They stay as they are, and
    the weights carry them along for the exporter.

    Args:
        pictures: low-resolution ones to calibrate with, (H, W, 3) uint8 RGB each.
    """

    def __init__(self, pictures: Sequence[np.ndarray]) -> None:
        self._pictures = [planes(rgb) for rgb in pictures]

    def convert(self, network: Network) -> Network:
        return FakeQuantized(network, quantize(network, self._pictures))

    def after_step(self, step: int) -> None:
        """Nothing: scales of weights follow them by themselves."""

    def finish(self, network: Network) -> Network:
        quantized = cast(FakeQuantized, network)
        plain = quantized.spec.build()
        plain.load_state_dict(quantized.network.state_dict())
        plain.calibration = quantized.quantized_by
        return plain.eval()


class FakeQuantized(Network):
    """A network that does what its int8 file does, but for the rounding of sums.

    Args:
        network: whose parameters are trained.
        quantized: the same, as the exporter quantizes it.
    """

    def __init__(self, network: Network, quantized: Quantized) -> None:
        super().__init__(network.spec)
        self.network, self.quantized_by = network, quantized.calibration
        self.graph = QuantizedGraph(quantized.model)
        self.__dict__["_folded"] = quantized.folded  # whose parameters are not trained, but made

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) float in 0..255 → (N, 3, s·H, s·W) float in 0..255."""
        folded: Folded = self.__dict__["_folded"]
        with torch.autocast(x.device.type, enabled=False):  # bfloat16 has fewer digits than the codes
            samples = self.graph(x.float() / 255.0, folded.weights(self.network))
        return 255.0 * _as_picture(samples, folded.block)


def _as_picture(samples: torch.Tensor, block: int) -> torch.Tensor:
    """As `networks.fold.unfold`: (N, b·b·3, H, W) → (N, 3, b·H, b·W)."""
    by_place = samples.unflatten(1, (block, block, COLOURS))  # row, column, colour
    rows = by_place.permute(0, 3, 4, 1, 5, 2)  # colour, H, row, W, column
    return rows.flatten(4, 5).flatten(2, 3)
