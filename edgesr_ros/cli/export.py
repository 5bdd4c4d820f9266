"""`edgesr export`: trained weights → the model files that are shipped, each with its card."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgesr_ros import resources
from edgesr_ros.cli.figures import read_figures
from edgesr_ros.errors import InputError
from edgesr_ros.upscaling.card import InputSize

if TYPE_CHECKING:
    from edgesr_ros.networks import Network
    from edgesr_ros.training.weights import Facts

HELP = "write trained weights as ONNX and TFLite models with their cards"

_FORMATS = ("onnx", "tflite")
_PRECISIONS = ("float32", "float16", "int8")
_LICENCE = "Apache-2.0"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("weights", type=Path, help="safetensors file, e.g. work/<recipe>/best.safetensors")
    parser.add_argument(
        "--recipe",
        help="what they were trained by: name in config/recipes, or path; for weights that do not say it",
    )
    parser.add_argument(
        "--training-data", help="what it was trained on, in words, for the card; imported weights say it"
    )
    parser.add_argument(
        "--licence", help=f"of the weights (default {_LICENCE}, or what imported weights began with)"
    )
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
        help="weights to blend with, e.g. those of the pixel stage; needs --alpha",
    )
    parser.add_argument(
        "--alpha", type=float, help="share of the --blend weights, 0 to 1; the rest is of the first ones"
    )


def run(arguments: argparse.Namespace) -> None:
    """Write OUTPUT/<recipe>[_<precision>].<format>, each compared with the network in torch, and its card."""
    from edgesr_ros.training.export import RUNTIMES, variants
    from edgesr_ros.training.model_files import Model, write_models

    size = parse_size(arguments.size)
    network, facts = _weights(arguments)
    chosen = variants(arguments.formats, arguments.precisions, network)
    pictures = _pictures(arguments, facts, size)
    figures = {
        variant: read_figures(
            arguments.figures, facts.recipe + variant.suffix, RUNTIMES[variant.format].backend
        )
        for variant in chosen
    }
    data = arguments.training_data or (facts.origin.training_data if facts.origin else None)
    if data is None:
        raise InputError("--training-data: expected what the network was trained on, in words, for the card")
    licence = arguments.licence or facts.licence(_LICENCE)
    model = Model(facts.recipe, size, data, licence, figures)
    write_models(network, facts, model, chosen, pictures, arguments.output or resources.models(), print)


def parse_size(text: str) -> InputSize:
    """`160x120` as a size.

    Raises:
        InputError: anything else.
    """
    if size := InputSize.of_text(text):
        return size
    raise InputError(f"--size: expected width x height as in 160x120, got {text!r}")


def _weights(arguments: argparse.Namespace) -> "tuple[Network, Facts]":
    """The network, blended if so asked, and what its weights are."""
    from edgesr_ros.training.steps.blend import mix, mixed
    from edgesr_ros.training.weights import load_network, read_facts

    if (arguments.blend is None) != (arguments.alpha is None):
        raise InputError("--blend and --alpha: expected both or none of them")
    said = read_facts(arguments.weights)
    named = _facts_of(arguments.recipe) if arguments.recipe else None
    network = load_network(arguments.weights, named.spec if named else None)
    if said and named and said.recipe != named.recipe:
        raise InputError(f"--recipe: {arguments.weights} is of {said.recipe}, got {named.recipe}")
    facts = said or named
    assert facts, "load_network wants one of both"
    if arguments.blend:
        mix(network, arguments.blend, arguments.alpha)
        facts = mixed(facts, arguments.blend, arguments.alpha)
    return network, facts


def _facts_of(name: str) -> "Facts":
    """What weights of a recipe that do not say it themselves are."""
    from edgesr_ros.networks import find_spec
    from edgesr_ros.training.recipe import read_recipe
    from edgesr_ros.training.weights import Facts

    path = resources.find("config/recipes", name, ".yaml")
    recipe = read_recipe(path)
    return Facts(
        spec=find_spec(recipe.network, recipe.scale),
        recipe=path.stem,
        degradation=recipe.patches.degradation,
        steps=recipe.trained_steps,
        seed=recipe.seed,
    )


def _pictures(arguments: argparse.Namespace, facts: "Facts", size: InputSize) -> list[np.ndarray]:
    """What int8 is calibrated with, and what every model is compared with its network on."""
    from edgesr_ros.training.calibration import CALIBRATION_PICTURES, calibration_pictures

    if arguments.calibration:
        scale, degradation = facts.spec.scale, facts.degradation
        return calibration_pictures(
            arguments.calibration, scale, size, CALIBRATION_PICTURES, facts.seed, degradation
        )
    if "int8" in arguments.precisions:
        raise InputError("--precisions int8: needs --calibration, a folder of photographs as in training")
    return [np.random.default_rng(0).integers(0, 256, (size.height, size.width, 3), np.uint8)]
