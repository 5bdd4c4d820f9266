"""Weights that others trained, or that only a model file of ours has → weights and a model file of ours."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.networks import Network, count_parameters, name_of
from edgesr_ros.schema import check_writable
from edgesr_ros.training.degradation import DEGRADATIONS
from edgesr_ros.training.export import Variant
from edgesr_ros.training.importing import edgesrgan
from edgesr_ros.training.importing.known import find_layout, publisher
from edgesr_ros.training.importing.layout import Layout
from edgesr_ros.training.importing.onnx_file import OnnxFile
from edgesr_ros.training.importing.tensors import Tensors, shown
from edgesr_ros.training.importing.torch_file import TorchFile
from edgesr_ros.training.model_files import Model, write_models
from edgesr_ros.training.weights import BEST, UNKNOWN, Facts, Origin, save_network
from edgesr_ros.upscaling.card import InputSize, card_path, file_sha256, read_card
from edgesr_ros.upscaling.import_onnx import check_other, name_after

_PAPERS = "bicubic"  # how those who say nothing made their small pictures
_WEIGHTS, _MODEL = ".safetensors", ".onnx"
_SIZE = InputSize(width=160, height=120)  # of the picture that the two files are compared on

Say = Callable[[str], None]


class Wanted(NamedTuple):
    """What is to be made of a file.

    Attributes:
        output: weights or model to write; the other one lies beside it. None: by the file's name, in this
            folder.
        network: that it must be of; None: what its tensors say.
        scale: likewise.
        licence: of the weights, for their card; None: what is known of the file.
    """

    output: Path | None = None
    network: str | None = None
    scale: int | None = None
    licence: str | None = None


class _Targets(NamedTuple):
    """Files to write, and the name of the model."""

    name: str
    weights: Path
    model: Path

    @classmethod
    def of(cls, source: Path, output: Path | None, scale: int) -> "_Targets":
        """Where recipes look for weights, they are called as their folder is."""
        output = output or Path(f"{name_after(source, scale)}{_WEIGHTS}")
        if output.suffix not in (_WEIGHTS, _MODEL):
            raise InputError(f"--output: expected a name with {_MODEL} or {_WEIGHTS}, got {output.name!r}")
        name = output.resolve().parent.name if output.name == BEST else output.stem
        targets = cls(name, output.with_suffix(_WEIGHTS), output.with_name(f"{name}{_MODEL}"))
        check_other(source, targets.model)
        check_writable(targets.weights)
        return targets


def import_checkpoint(source: Path, wanted: Wanted, say: Say) -> None:
    """Import a checkpoint of PyTorch's.

    Args:
        source: the file. Nothing that it names is imported or called.
        wanted: what to make of it.
        say: is told in lines what was found and written.

    Raises:
        InputError: the file is not whole, none of a network that is known, or of another than wanted; or
            something cannot be written.
    """
    tensors = TorchFile(source)
    if tensors.names:
        say(f"{source} names what was not looked up: {_some(tensors.names)}")
    layout, network = _network(source, tensors, wanted)
    targets = _Targets.of(source, wanted.output, network.scale)
    sha256 = file_sha256(source)
    author = publisher(sha256)
    whose = f"the authors' ({author.home})" if author else f"{UNKNOWN}; tensors named as in {layout.home}"
    origin = Origin(
        name=targets.name,
        file=source.name,
        sha256=sha256,
        whose=whose,
        training_data=f"not stated; weights: {whose}",
        licence=wanted.licence or (author.licence if author else UNKNOWN),
    )
    if left_out := layout.left_out(tensors.shapes):
        say(f"left out, as the network has no use for it: {_some(left_out)}")
    facts = Facts(spec=network.spec, recipe=targets.name, degradation=_PAPERS, steps=0, origin=origin)
    _write(source, network, facts, targets, say)


def import_own(source: Path, wanted: Wanted, say: Say) -> None:
    """Import an EdgeSRGAN from the float32 ONNX file that we exported; args and errors as above."""
    tensors = OnnxFile(source)
    _, network = _network(source, tensors, wanted)
    edgesrgan.check(source, network, tensors)
    targets = _Targets.of(source, wanted.output, network.scale)
    card = read_card(source) if card_path(source).is_file() else None
    recipe = card.recipe if card else None
    words = card.training_degradation if card else None
    origin = Origin(
        name=targets.name,
        file=source.name,
        sha256=file_sha256(source),
        whose="ours" if card else UNKNOWN,
        training_data=card.training_data if card else UNKNOWN,
        licence=wanted.licence or (card.licence if card else UNKNOWN),
        recipe=recipe,
    )
    facts = Facts(
        spec=network.spec,
        recipe=targets.name,
        degradation=next((name for name, known in DEGRADATIONS.items() if known.words == words), _PAPERS),
        steps=card.steps if card else 0,
        origin=origin,
    )
    _write(source, network, facts, targets, say)


def _network(source: Path, tensors: Tensors, wanted: Wanted) -> tuple[Layout, Network]:
    try:
        layout = find_layout(tensors.shapes, wanted.network)
    except InputError as error:
        raise InputError(f"{source}: {error}") from None
    if wanted.scale not in (None, scale := layout.describe(tensors.shapes).scale):
        raise InputError(f"--scale: {source} is of {layout.network} at scale {scale}, got {wanted.scale}")
    return layout, layout.network_of(source, tensors)


def _write(source: Path, network: Network, facts: Facts, targets: _Targets, say: Say) -> None:
    assert facts.origin
    say(
        f"{source}: {name_of(facts.spec)} at scale {facts.spec.scale}, {count_parameters(network):,} "
        f"parameters; weights: {facts.origin.whose}, licence {facts.origin.licence}"
    )
    picture = np.random.default_rng(0).integers(0, 256, (_SIZE.height, _SIZE.width, 3), np.uint8)
    model = Model(targets.name, _SIZE, facts.origin.training_data, facts.origin.licence)
    write_models(network, facts, model, [Variant("onnx", "float32")], [picture], targets.model.parent, say)
    save_network(targets.weights, network, facts)
    say(f"{targets.weights}: weights, for `edgesr evaluate`, `edgesr export` and recipes")


def _some(names: list[str]) -> str:
    """One name, and how many more there are."""
    return shown(names[0]) + (f" and {len(names) - 1} more" if len(names) > 1 else "")
