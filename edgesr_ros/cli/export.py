"""`edgesr export`: trained weights → the model files that are shipped, each with its card."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgesr_ros import resources
from edgesr_ros.cli.figures import read_figures
from edgesr_ros.errors import InputError
from edgesr_ros.schema import check_writable
from edgesr_ros.upscaling.card import InputSize, ModelCard, file_sha256, write_card
from edgesr_ros.upscaling.edgetpu_ops import count_ops, list_ops

if TYPE_CHECKING:
    from torch import nn

    from edgesr_ros.training.recipe import Recipe

HELP = "write trained weights as ONNX and TFLite models with their cards"

_FORMATS = ("onnx", "tflite")
_PRECISIONS = ("float32", "float16", "int8")
# By the recipe's degradation: how the low-resolution pictures were made, and what the network cannot do.
_DEGRADATIONS = {
    "bicubic": "MATLAB bicubic",
    "link": "sensor noise, area reduction, then WebP or JPEG as the onboard node sends them",
}
_LIMITS = {
    "bicubic": (
        "Made for clean pictures that were reduced bicubically: noise, blur and compression artefacts are "
        "not removed and may be amplified."
    ),
    "link": "Made for compressed camera pictures: fine texture of clean ones may be taken for noise.",
}
_NO_EVIDENCE = "Fine detail is estimated, not seen; it is no evidence."
_CALIBRATION_PICTURES = 32
_THREADS = 2


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
        "--figures",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="JSON of `edgesr evaluate`, whose rows of these models and backends go into the cards",
    )
    parser.add_argument(
        "--output", type=Path, help="folder to write to; default: where the shipped models lie"
    )
    parser.add_argument("--formats", nargs="+", choices=_FORMATS, default=_FORMATS, help="default: both")
    parser.add_argument(
        "--precisions",
        nargs="+",
        choices=_PRECISIONS,
        default=_PRECISIONS[:1],
        help="of weights and arithmetic (default float32); float16 is for TFLite alone",
    )
    parser.add_argument(
        "--calibration",
        type=Path,
        metavar="DIR",
        help="folder with the training photographs, searched recursively: what int8 takes its ranges from",
    )
    parser.add_argument(
        "--size", default="160x120", help="width x height that the TFLite model is for (default %(default)s)"
    )
    parser.add_argument(
        "--blend",
        type=Path,
        metavar="WEIGHTS",
        help="weights to interpolate with, e.g. those of the pixel stage; needs --alpha",
    )
    parser.add_argument(
        "--alpha", type=float, help="share of the --blend weights, 0 to 1; the rest is of the first ones"
    )


def run(arguments: argparse.Namespace) -> None:
    """Write OUTPUT/<recipe>[_<precision>].<format>, each compared with the network in torch, and its card."""
    from edgesr_ros.networks import count_parameters
    from edgesr_ros.training.export import RUNTIMES, check_model, variants, write_model
    from edgesr_ros.training.macs import macs_per_pixel
    from edgesr_ros.training.recipe import read_recipe

    size = parse_size(arguments.size)
    chosen = variants(arguments.formats, arguments.precisions)
    recipe_path = resources.find("config/recipes", arguments.recipe, ".yaml")
    recipe = read_recipe(recipe_path)
    network = _network(arguments, recipe)
    pictures = _pictures(arguments, recipe, size)
    names = {variant: recipe_path.stem + variant.suffix for variant in chosen}
    figures = {
        variant: read_figures(arguments.figures, name, RUNTIMES[variant.format].backend)
        for variant, name in names.items()
    }
    folder = arguments.output or resources.models()
    for variant, name in names.items():
        check_writable(folder / f"{name}.{variant.format}")
    for variant, name in names.items():
        path = folder / f"{name}.{variant.format}"
        write_model(network, path, variant, size, pictures)
        input_range, output_range = variant.ranges
        card = ModelCard(
            name=name,
            network=recipe.network,
            scale=recipe.scale,
            parameters=count_parameters(network),
            macs_per_pixel=macs_per_pixel(network),
            format=variant.format,
            precision=variant.precision,
            input_size=size if variant.format == "tflite" else None,
            input_range=input_range,
            output_range=output_range,
            colour_order="RGB",
            training_degradation=_DEGRADATIONS[recipe.patches.degradation],
            training_data=arguments.training_data,
            recipe=recipe_path.name + _blended(arguments),
            steps=recipe.steps,
            figures=figures[variant],
            licence=arguments.licence,
            limits=f"{_LIMITS[recipe.patches.degradation]} {_NO_EVIDENCE}",
            sha256=file_sha256(path),
            edgetpu=count_ops(list_ops(path)) if variant == ("tflite", "int8") else None,
        )
        upscaler = RUNTIMES[variant.format](path, card, _THREADS)
        result = check_model(network, upscaler, variant.precision, pictures)
        upscaler.close()
        write_card(path, card)
        print(f"{path}: {path.stat().st_size} bytes, {result}")


def parse_size(text: str) -> InputSize:
    """`160x120` as a size.

    Raises:
        InputError: anything else.
    """
    if size := InputSize.of_text(text):
        return size
    raise InputError(f"--size: expected width x height as in 160x120, got {text!r}")


def _network(arguments: argparse.Namespace, recipe: "Recipe") -> "nn.Module":
    from edgesr_ros.training.interpolation import blend
    from edgesr_ros.training.picture_model import load_network

    if (arguments.blend is None) != (arguments.alpha is None):
        raise InputError("--blend and --alpha: expected both or none of them")
    network = load_network(arguments.weights, recipe.network, recipe.scale)
    if arguments.blend:
        other = load_network(arguments.blend, recipe.network, recipe.scale)
        network.load_state_dict(blend(other.state_dict(), network.state_dict(), arguments.alpha))
    return network


def _blended(arguments: argparse.Namespace) -> str:
    """For the card: what was mixed in, by the last two parts of its path, <recipe>/best.safetensors."""
    if not arguments.blend:
        return ""
    return f", {arguments.alpha:g} parts of {'/'.join(arguments.blend.parts[-2:])}"


def _pictures(arguments: argparse.Namespace, recipe: "Recipe", size: InputSize) -> list[np.ndarray]:
    """What int8 is calibrated with, and what every model is compared with its network on."""
    from edgesr_ros.training.calibration import calibration_pictures

    if arguments.calibration:
        return calibration_pictures(
            arguments.calibration,
            recipe.scale,
            size,
            _CALIBRATION_PICTURES,
            recipe.seed,
            recipe.patches.degradation,
        )
    if "int8" in arguments.precisions:
        raise InputError("--precisions int8: needs --calibration, a folder of photographs as in training")
    return [np.random.default_rng(0).integers(0, 256, (size.height, size.width, 3), np.uint8)]
