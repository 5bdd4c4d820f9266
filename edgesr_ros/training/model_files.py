"""Trained weights → the model files that are shipped, each with its card."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from edgesr_ros.networks import Network, count_parameters, name_of
from edgesr_ros.schema import check_writable
from edgesr_ros.training.degradation import DEGRADATIONS
from edgesr_ros.training.export import RUNTIMES, Variant, check_model, write_model
from edgesr_ros.training.macs import macs_per_pixel
from edgesr_ros.training.weights import Facts
from edgesr_ros.upscaling.card import InputSize, ModelCard, file_sha256, write_card
from edgesr_ros.upscaling.edgetpu_ops import count_ops, list_ops

_NO_EVIDENCE = "Fine detail is estimated, not seen; it is no evidence."
_THREADS = 2


class Model(NamedTuple):
    """What the card of a model file says that its weights do not."""

    name: str  # <network>_x<scale>[_psnr|_link], without what the precision adds
    size: InputSize  # that a TFLite file is for
    training_data: str  # in words
    licence: str
    figures: dict[Variant, dict[str, dict[str, float]]] = {}  # noqa: RUF012 - nobody changes it


def write_models(
    network: Network,
    facts: Facts,
    model: Model,
    variants: Sequence[Variant],
    pictures: Sequence[np.ndarray],
    folder: Path,
    say: Callable[[str], None],
) -> list[Path]:
    """Write FOLDER/<name>[_<precision>].<format>, each compared with the network in torch, and its card.

    Args:
        network: for inference.
        facts: what its weights say of themselves.
        model: what else the cards say.
        variants: which files.
        pictures: (H, W, 3) uint8 RGB: what int8 is calibrated with, and all files are compared on.
        folder: to write to.
        say: is told of each file in a line.

    Raises:
        InputError: a file cannot be written, or differs from the network by more than its precision
            accounts for.
    """
    paths = {variant: folder / f"{model.name}{variant.suffix}.{variant.format}" for variant in variants}
    for path in paths.values():
        check_writable(path)
    written = []
    for variant in variants:
        path = paths[variant]
        write_model(network, path, variant, model.size, pictures)
        card = card_of(path, network, facts, model, variant)
        upscaler = RUNTIMES[variant.format](path, card, _THREADS)
        result = check_model(network, upscaler, variant.precision, pictures)
        upscaler.close()
        write_card(path, card)
        say(f"{path}: {path.stat().st_size} bytes, {result}")
        written.append(path)
    return written


def card_of(path: Path, network: Network, facts: Facts, model: Model, variant: Variant) -> ModelCard:
    """What a model file that was just written is, as its card says it; arguments as of `write_models`."""
    degradation = DEGRADATIONS[facts.degradation]
    of_others = facts.origin.limits if facts.origin else ""
    input_range, output_range = variant.ranges
    return ModelCard(
        name=path.stem,
        network=name_of(facts.spec),
        scale=facts.spec.scale,
        parameters=count_parameters(network),
        macs_per_pixel=macs_per_pixel(network),
        format=variant.format,
        precision=variant.precision,
        input_size=model.size if variant.format == "tflite" else None,
        input_range=input_range,
        output_range=output_range,
        colour_order="RGB",
        margin=facts.spec.reach,
        training_degradation=degradation.words,
        training_data=model.training_data,
        recipe=facts.made_by,
        steps=facts.steps,
        figures=model.figures.get(variant, {}),
        licence=model.licence,
        limits=" ".join(filter(None, (degradation.limits, _NO_EVIDENCE, of_others))),
        sha256=file_sha256(path),
        edgetpu=count_ops(list_ops(path)) if variant == ("tflite", "int8") else None,
    )
