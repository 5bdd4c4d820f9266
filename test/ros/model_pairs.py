"""Models for tests of the ground station: a pair to interpolate between, and small ones of any scale."""

import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from edgesr_ros import resources
from edgesr_ros.upscaling.card import card_path, file_sha256, read_card, write_card

GAN, PSNR = "edgesrgan_tiny_x4", "edgesrgan_tiny_x4_psnr"
# What load_upscaler takes. `auto` changes over to another, which rounds differently, where that is faster.
BACKEND = "onnxruntime"


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


def make_repeating(folder: Path, scale: int) -> Path:
    """Path of a model that makes each sample a block of scale x scale: a known answer, and not bicubic's."""
    onnx = pytest.importorskip("onnx", reason="the onnx package writes the test models")
    sides = onnx.TensorProto.UINT8, [1, None, None, 3]
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node(
                "Resize",
                ["picture", "", "scales"],
                ["enlarged"],
                mode="nearest",
                coordinate_transformation_mode="asymmetric",
                nearest_mode="floor",
            )
        ],
        "repeating",
        [onnx.helper.make_tensor_value_info("picture", *sides)],
        [onnx.helper.make_tensor_value_info("enlarged", *sides)],
        [onnx.numpy_helper.from_array(np.array([1, scale, scale, 1], np.float32), "scales")],
    )
    opsets = [onnx.helper.make_opsetid("", 17)]
    path = folder / f"repeating_x{scale}.onnx"
    onnx.save(onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    give_card(path, read_card(resources.models() / f"{PSNR}.onnx"), scale=scale)
    return path
