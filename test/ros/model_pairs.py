"""Two models to interpolate between: the shipped pixel-trained one, and one made of it."""

import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from edgesr_ros import resources
from edgesr_ros.upscaling.card import card_path, file_sha256, read_card, write_card

GAN, PSNR = "edgesrgan_tiny_x4", "edgesrgan_tiny_x4_psnr"


def make_pair(folder: Path) -> tuple[Path, Path]:
    """Paths of a model with other weights, biases apart, and of its pixel-trained sibling."""
    onnx = pytest.importorskip("onnx", reason="interpolation needs the onnx package")
    shipped = resources.models() / f"{PSNR}.onnx"
    for file in (shipped, card_path(shipped)):
        shutil.copy(file, folder)
    rng = np.random.default_rng(7)
    model = onnx.load(shipped)
    for tensor in model.graph.initializer:
        if tensor.name.endswith("weight"):
            weights = onnx.numpy_helper.to_array(tensor)
            other = weights * rng.normal(1, 0.1, weights.shape).astype(np.float32)
            tensor.CopyFrom(onnx.numpy_helper.from_array(other, tensor.name))
    gan = folder / f"{GAN}.onnx"
    onnx.save(model, gan)
    give_card(gan, read_card(shipped))
    return gan, folder / shipped.name


def give_card(model: Path, like: msgspec.Struct, **entries: object) -> None:
    """Write a card as `like`, but of this file; any entry can be given."""
    facts = {"name": model.stem, "sha256": file_sha256(model), **entries}
    write_card(model, msgspec.structs.replace(like, **facts))
