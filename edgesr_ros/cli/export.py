"""`edgesr export`: trained weights → the model files that are shipped, each with its card."""

import argparse
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgesr_ros import resources
from edgesr_ros.errors import InputError
from edgesr_ros.schema import Struct, read_json
from edgesr_ros.upscaling.base import Upscaler
from edgesr_ros.upscaling.card import InputSize, ModelCard, file_sha256, write_card
from edgesr_ros.upscaling.litert import LiteRtUpscaler
from edgesr_ros.upscaling.onnx_runtime import OnnxUpscaler

if TYPE_CHECKING:
    from torch import nn

HELP = "write trained weights as ONNX and TFLite models with their cards"

_FORMATS = {"onnx": OnnxUpscaler, "tflite": LiteRtUpscaler}
_DEGRADATION = "MATLAB bicubic"  # training.patches makes the low-resolution pictures so
_LIMITS = (
    "Made for clean pictures that were reduced bicubically: noise, blur and compression artefacts are not "
    "removed and may be amplified. Fine detail is estimated, not seen; it is no evidence."
)
_TOLERANCE = 1  # grey levels between the network in torch and an exported model: the order of additions
_THREADS = 2
_METRICS = ("psnr_y_db", "ssim_y", "lpips_alex", "niqe")


class _Row(Struct, forbid_unknown_fields=False):
    model: str
    dataset: str
    psnr_y_db: float
    ssim_y: float
    lpips_alex: float
    niqe: float | None


class _Evaluation(Struct):
    """What `edgesr evaluate --json` writes, as far as it goes into a card."""

    rows: list[_Row]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("weights", type=Path, help="safetensors file, e.g. work/<recipe>/best.safetensors")
    parser.add_argument(
        "--recipe", required=True, help="what it was trained by: name in config/recipes, or path"
    )
    parser.add_argument(
        "--training-data", required=True, help="what it was trained on, in words, for the card"
    )
    parser.add_argument("--licence", default="Apache-2.0", help="of the weights (default %(default)s)")
    parser.add_argument(
        "--figures", type=Path, help="JSON of `edgesr evaluate`, whose rows of this model go into the card"
    )
    parser.add_argument(
        "--output", type=Path, help="folder to write to; default: where the shipped models lie"
    )
    parser.add_argument(
        "--formats", nargs="+", choices=_FORMATS, default=list(_FORMATS), help="default: both"
    )
    parser.add_argument(
        "--size", default="160x120", help="width x height that the TFLite model is for (default %(default)s)"
    )


def run(arguments: argparse.Namespace) -> None:
    """Write OUTPUT/<recipe>.onnx and .tflite, each compared with the network in torch, and their cards."""
    from edgesr_ros.networks import count_parameters
    from edgesr_ros.training.picture_model import load_network
    from edgesr_ros.training.recipe import read_recipe

    size = parse_size(arguments.size)
    if "tflite" in arguments.formats and not importlib.util.find_spec("litert_torch"):
        raise InputError("--formats tflite: needs litert-torch (pip install -r requirements/export.txt)")
    recipe_path = resources.find("config/recipes", arguments.recipe, ".yaml")
    recipe = read_recipe(recipe_path)
    network = load_network(arguments.weights, recipe.network, recipe.scale)
    name = recipe_path.stem
    figures = _figures(arguments.figures, name) if arguments.figures else {}
    folder = arguments.output or resources.models()
    folder.mkdir(parents=True, exist_ok=True)
    for kind in arguments.formats:
        path = folder / f"{name}.{kind}"
        _write_model(network, path, size)
        card = ModelCard(
            name=name,
            network=recipe.network,
            scale=recipe.scale,
            parameters=count_parameters(network),
            format=kind,
            precision="float32",
            input_size=size if kind == "tflite" else None,
            input_range=(0.0, 255.0),
            output_range=(0.0, 255.0),
            colour_order="RGB",
            training_degradation=_DEGRADATION,
            training_data=arguments.training_data,
            recipe=recipe_path.name,
            steps=recipe.steps,
            figures=figures,
            licence=arguments.licence,
            limits=_LIMITS,
            sha256=file_sha256(path),
        )
        difference = _difference(network, _FORMATS[kind](path, card, _THREADS), size)
        if difference > _TOLERANCE:
            raise InputError(
                f"{path}: differs from the network by {difference} grey levels, expected {_TOLERANCE} at most"
            )
        write_card(path, card)
        print(f"{path}: {path.stat().st_size} bytes, within {difference} grey levels of the network")


def parse_size(text: str) -> InputSize:
    """`160x120` as a size.

    Raises:
        InputError: anything else.
    """
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise InputError(f"--size: expected width x height as in 160x120, got {text!r}")
    return InputSize(width=int(width), height=int(height))


def _write_model(network: "nn.Module", path: Path, size: InputSize) -> None:
    if path.suffix == ".onnx":
        from edgesr_ros.training.export_onnx import export_onnx

        export_onnx(network, path)
    else:
        from edgesr_ros.training.export_tflite import export_tflite

        export_tflite(network, path, size)


def _difference(network: "nn.Module", upscaler: Upscaler, size: InputSize) -> int:
    """Largest difference in grey levels between a network and its exported model, on noise."""
    import torch

    from edgesr_ros.training.picture_model import PictureModel

    rgb = np.random.default_rng(0).integers(0, 256, (size.height, size.width, 3), np.uint8)
    expected = PictureModel(network)(torch.from_numpy(rgb[None]))[0].numpy()
    return int(np.abs(upscaler.upscale(rgb).astype(int) - expected).max())


def _figures(path: Path, name: str) -> dict[str, dict[str, float]]:
    """Data set → metric → value, from the rows of an evaluation that are about model `name`."""
    rows = [row for row in read_json(path, _Evaluation).rows if row.model == name]
    if not rows:
        raise InputError(f"--figures: expected a row of model {name} in {path}")
    return {
        row.dataset: {metric: value for metric in _METRICS if (value := getattr(row, metric)) is not None}
        for row in rows
    }
