"""Network interpolation: one network between two that were trained for texture and for pixel fidelity.

θ = α·θ_PSNR + (1−α)·θ_GAN (EdgeSRGAN, sec. 3.4, after ESRGAN, sec. 3.4), on two float32 ONNX models of one
architecture. The `onnx` package reads and writes their weights: onnxruntime could take other weights
(SessionOptions.add_initializer) but does not tell those that a file holds. Only who interpolates imports it.
"""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from edgesr_ros import resources
from edgesr_ros.errors import InputError
from edgesr_ros.upscaling.card import ModelCard, read_card
from edgesr_ros.upscaling.catalog import AUTO
from edgesr_ros.upscaling.onnx_runtime import OnnxUpscaler

_GAN_TRAINED = re.compile(r"(.+_x\d+)(?:_link)?")  # <network>_x<scale>[_link]
_PIXEL_TRAINED = r"\1_psnr"


class ModelPair(NamedTuple):
    """Two models of one architecture."""

    gan: Path  # α = 0
    psnr: Path  # α = 1
    card: ModelCard  # of `gan`


def find_pair(model: str, fidelity_model: str = "", backend: str = AUTO) -> ModelPair:
    """The models between which `model` can be interpolated, by their cards; their weights are not read.

    Args:
        model: shipped name or path of the GAN-trained model.
        fidelity_model: the same of the pixel-trained one; empty: `<network>_x<scale>_psnr` beside `model`.
        backend: what was asked to run `model`.

    Raises:
        InputError: one of them is missing, no float32 ONNX model or of another network or scale; `backend`
            is not onnxruntime; `onnx` is not installed.
    """
    if backend not in (AUTO, OnnxUpscaler.backend):
        raise InputError(f"backend: only {OnnxUpscaler.backend} can interpolate, got {backend}")
    gan = resources.find("models", model, ".onnx")
    psnr = resources.find("models", fidelity_model, ".onnx") if fidelity_model else _sibling(gan)
    card, other = _card(gan), _card(psnr)
    if (other.network, other.scale) != (card.network, card.scale):
        raise InputError(
            f"{psnr}: expected {card.network} x{card.scale} as {gan.name}, got {other.network} x{other.scale}"
        )
    if find_spec("onnx") is None:
        raise InputError("the onnx package is not installed (pip install onnx)")
    return ModelPair(gan, psnr, card)


def _sibling(gan: Path) -> Path:
    if not (name := _GAN_TRAINED.fullmatch(gan.stem)):
        raise InputError(
            f"{gan.name}: no pixel-trained sibling is known of this model, expected <network>_x<scale> or "
            "<network>_x<scale>_link, or fidelity_model"
        )
    psnr = gan.with_name(name.expand(_PIXEL_TRAINED) + gan.suffix)
    if not psnr.is_file():
        raise InputError(
            f"{gan.name}: no pixel-trained sibling {psnr.name} beside it, expected fidelity_model"
        )
    return psnr


def _card(path: Path) -> ModelCard:
    card = read_card(path)
    if (card.format, card.precision) != ("onnx", "float32"):
        why = " (int8 codes of two models stand for different numbers)" if card.precision == "int8" else ""
        raise InputError(f"{path}: expected a float32 onnx model, got {card.precision} {card.format}{why}")
    return card


class Blend:
    """The weights of a pair, read once.

    Raises:
        InputError: one of the files is no ONNX model, or the graphs are not the same.
    """

    def __init__(self, pair: ModelPair) -> None:
        from onnx.numpy_helper import to_array

        self._model, psnr = _read(pair.gan), _read(pair.psnr)
        if difference := _difference(self._model, psnr):
            raise InputError(f"{pair.psnr}: not the network of {pair.gan.name}: {difference}")
        others = {tensor.name: to_array(tensor) for tensor in psnr.graph.initializer}
        gan = [(tensor, to_array(tensor)) for tensor in self._model.graph.initializer]
        # What is equal stays untouched: rounding must not make another number of a constant.
        self._weights = [
            (tensor, weights, others[tensor.name])
            for tensor, weights in gan
            if not np.array_equal(weights, others[tensor.name])
        ]

    def at(self, alpha: float) -> bytes:
        """The ONNX model at α, 0..1; at the ends exactly the weights of the one or the other."""
        from onnx.numpy_helper import from_array

        for tensor, gan, psnr in self._weights:
            tensor.CopyFrom(from_array(alpha * psnr + (1 - alpha) * gan, tensor.name))
        return self._model.SerializeToString()


def _read(path: Path) -> Any:
    """The ModelProto of a file."""
    import onnx

    try:
        return onnx.load(path)
    except Exception as error:  # of protobuf; onnx has none of its own for this
        raise InputError(f"{path}: not an ONNX model: {' '.join(str(error).split())}") from None


def _difference(gan: Any, psnr: Any) -> str | None:
    """Where two ModelProtos differ in more than the values of their weights."""
    expected, found = _shapes(gan), _shapes(psnr)
    for name in sorted(expected | found):
        if expected.get(name) != found.get(name):
            return f"expected {name} of shape {expected.get(name, 'none')}, got {found.get(name, 'none')}"
    for what, one, other in zip(("operators", "constants", "opset"), _fixed(gan), _fixed(psnr), strict=True):
        if one != other:
            return f"other {what}"
    return None


def _shapes(model: Any) -> dict[str, list[int]]:
    return {tensor.name: list(tensor.dims) for tensor in model.graph.initializer}


def _fixed(model: Any) -> tuple[list[object], ...]:
    """What two models of one architecture share: operators, constants that are not float32, and opset."""
    from onnx import TensorProto

    return (
        [
            (node.domain, node.op_type, list(node.input), list(node.output), list(node.attribute))
            for node in model.graph.node
        ],
        [tensor for tensor in model.graph.initializer if tensor.data_type != TensorProto.FLOAT],
        list(model.opset_import),
    )
