"""A trained network → a model file of one format and precision, and how true to the network the file is."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.networks import Network, name_of
from edgesr_ros.networks.edgesrgan import EdgeSRGAN
from edgesr_ros.quality.distortion import PSNR_LIMIT, psnr
from edgesr_ros.training.inference import upscale
from edgesr_ros.upscaling.base import Upscaler
from edgesr_ros.upscaling.card import InputSize, Range
from edgesr_ros.upscaling.litert import LiteRtUpscaler
from edgesr_ros.upscaling.onnx_runtime import OnnxUpscaler

RUNTIMES: dict[str, type[OnnxUpscaler | LiteRtUpscaler]] = {"onnx": OnnxUpscaler, "tflite": LiteRtUpscaler}

_COMPARED = 8  # pictures are enough to see that nothing went wrong
_TOLERANCE = 1  # grey levels, of float32: the order of additions
_LEAST_PSNR = {"float16": 50.0, "int8": 36.0}  # dB: what is below comes from a mistake, not from rounding

Format = Literal["onnx", "tflite"]
Precision = Literal["float32", "float16", "int8"]


class Variant(NamedTuple):
    """One of the files that a network can be written as."""

    format: Format
    precision: Precision

    @property
    def suffix(self) -> str:
        """What the precision adds to a model's name."""
        return "" if self.precision == "float32" else f"_{self.precision}"

    @property
    def ranges(self) -> tuple[Range, Range]:
        """What sample values 0 and 255 are as real numbers at the model's input and output."""
        if self == ("tflite", "int8"):
            from edgesr_ros.training.export_tflite_int8 import INPUT_RANGE, OUTPUT_RANGE

            return INPUT_RANGE, OUTPUT_RANGE
        return (0.0, 255.0), (0.0, 255.0)


def variants(formats: Sequence[Format], precisions: Sequence[Precision], network: Network) -> list[Variant]:
    """The files of a network in these formats and precisions; float16 is TFLite's alone.

    Raises:
        InputError: there is none, the network has none, or what writes it is not installed.
    """
    chosen = [
        Variant(kind, precision)
        for kind in formats
        for precision in precisions
        if (kind, precision) != ("onnx", "float16")
    ]
    if not chosen:
        raise InputError("--precisions float16: only TFLite has it (--formats tflite)")
    if ("tflite", "int8") in chosen and not isinstance(network, EdgeSRGAN):
        raise InputError(
            f"--precisions int8: {name_of(network.spec)} has no TFLite file in int8, "
            "only EdgeSRGANs have (--formats onnx)"
        )
    # Which brings along the quantizer.
    if "tflite" in formats and not importlib.util.find_spec("litert_torch"):
        raise InputError("--formats tflite: needs litert-torch (pip install -r requirements/export.txt)")
    return chosen


def write_model(
    network: Network, path: Path, variant: Variant, size: InputSize, calibration: Sequence[np.ndarray]
) -> None:
    """Write a model file; `size` is what a TFLite model is for, `calibration` is for int8."""
    match variant:
        case ("onnx", "int8"):
            from edgesr_ros.training.export_onnx_int8 import export_onnx_int8

            export_onnx_int8(network, path, calibration)
        case ("onnx", _):
            from edgesr_ros.training.export_onnx import export_onnx

            export_onnx(network, path)
        case ("tflite", "int8"):
            from edgesr_ros.training.export_tflite_int8 import export_tflite_int8

            export_tflite_int8(network, path, size, calibration)
        case ("tflite", precision):
            from edgesr_ros.training.export_tflite import export_tflite

            export_tflite(network, path, size, precision)


def check_model(
    network: Network, upscaler: Upscaler, precision: Precision, pictures: Sequence[np.ndarray]
) -> str:
    """Compare a model with its network on pictures (H, W, 3) uint8 RGB; returns the result in words.

    Raises:
        InputError: they differ by more than the precision accounts for.
    """
    differences, ratios = [], []
    for rgb in pictures[:_COMPARED]:
        expected = upscale(network, rgb)
        actual = upscaler.upscale(rgb)
        differences.append(int(np.abs(actual.astype(int) - expected).max()))
        ratios.append(min(psnr(actual, expected), PSNR_LIMIT))
    if precision == "float32":
        result, limit = f"within {max(differences)} grey levels of the network", f"{_TOLERANCE} at most"
        good = max(differences) <= _TOLERANCE
    else:
        mean, least = float(np.mean(ratios)), _LEAST_PSNR[precision]
        result = f"{mean:.1f} dB PSNR against the network (worst picture {min(ratios):.1f} dB)"
        limit, good = f"{least:.0f} dB or more", mean >= least
    if not good:
        raise InputError(f"{upscaler.name} in {precision}: {result}, expected {limit}")
    return result
