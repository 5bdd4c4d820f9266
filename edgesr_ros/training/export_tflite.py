"""Network → TFLite in floating point, for LiteRT. Needs litert-torch: requirements/export.txt."""

import tempfile
import warnings
from pathlib import Path
from typing import Literal

import litert_torch
import torch
from ai_edge_quantizer.algorithm_manager import AlgorithmName
from ai_edge_quantizer.qtyping import TFLOperationName
from ai_edge_quantizer.quantizer import Quantizer
from torch import nn

from edgesr_ros.networks.fold import PictureModel
from edgesr_ros.networks.simplify import simplified
from edgesr_ros.upscaling.card import InputSize

_WITH_WEIGHTS = (
    TFLOperationName.CONV_2D,
    TFLOperationName.CONV_2D_TRANSPOSE,
    TFLOperationName.DEPTHWISE_CONV_2D,
)


def export_tflite(
    network: nn.Module, path: Path, size: InputSize, precision: Literal["float32", "float16"] = "float32"
) -> None:
    """Write a model of uint8 RGB (1, height, width, 3) → (1, s·height, s·width, 3) of one size.

    The network is one of `edgesr_ros.networks`: RGB 0..255 (N, 3, H, W) in and out. With float16, weights are
    stored in 16 bits, half the file; the CPU still computes in float32.
    """
    model = convert(
        PictureModel(simplified(network)), torch.zeros((1, size.height, size.width, 3), dtype=torch.uint8)
    )
    path.write_bytes(_with_half_weights(model) if precision == "float16" else model)


def convert(module: nn.Module, sample: torch.Tensor) -> bytes:
    """A module with one tensor in and one out as a TFLite model for inputs of the sample's shape."""
    litert_torch.config.show_progress = False
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # torch's, about litert-torch's own calls
        path = Path(folder) / "model.tflite"
        litert_torch.convert(module.eval(), (sample,)).export(str(path))
        return path.read_bytes()


def _with_half_weights(model: bytes) -> bytes:
    quantizer = Quantizer(model)
    for kind in _WITH_WEIGHTS:
        quantizer.add_weight_only_config(".*", kind, num_bits=16, algorithm_key=AlgorithmName.FLOAT_CASTING)
    return bytes(quantizer.quantize(enable_progress_report=False).quantized_model)
