"""Network → TFLite, for LiteRT. Needs litert-torch: requirements/export.txt."""

import warnings
from pathlib import Path

import litert_torch
import torch
from torch import nn

from edgesr_ros.training.picture_model import PictureModel
from edgesr_ros.upscaling.card import InputSize


def export_tflite(network: nn.Module, path: Path, size: InputSize) -> None:
    """Write a float32 model of uint8 RGB (1, height, width, 3) → (1, s·height, s·width, 3) of one size.

    The network is one of `edgesr_ros.networks`: RGB 0..255 (N, 3, H, W) in and out.
    """
    sample = torch.zeros((1, size.height, size.width, 3), dtype=torch.uint8)
    litert_torch.config.show_progress = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # torch's, about litert-torch's own calls
        litert_torch.convert(PictureModel(network).eval(), (sample,)).export(str(path))
