"""Networks as the files that they would be exported to, to take their time by."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np

from edgesr_ros.networks import Network
from edgesr_ros.training.export import Precision, variants, write_model
from edgesr_ros.training.model_files import Model, card_of
from edgesr_ros.training.weights import Facts
from edgesr_ros.upscaling.base import Upscaler
from edgesr_ros.upscaling.card import InputSize, write_card
from edgesr_ros.upscaling.catalog import load_upscaler
from edgesr_ros.upscaling.litert import LiteRtUpscaler

Backend = Literal["onnxruntime", "openvino", "litert"]


@contextmanager
def exported(
    network: Network,
    backend: Backend,
    precision: Precision,
    size: InputSize,
    threads: int,
    pictures: Sequence[np.ndarray],
) -> Iterator[Upscaler]:
    """A network as the file that it would be exported to, which is gone afterwards.

    Args:
        network: for inference.
        backend: what runs it: LiteRT as TFLite, the others as ONNX.
        precision: of the file.
        size: of the pictures that a TFLite file is for, pixels.
        threads: of the CPU.
        pictures: (H, W, 3) uint8 RGB, to calibrate int8 with.

    Raises:
        InputError: the network has no such file, or the backend is not installed.
    """
    kind: Literal["onnx", "tflite"] = "tflite" if backend == LiteRtUpscaler.backend else "onnx"
    (variant,) = variants((kind,), (precision,), network)
    facts = Facts(spec=network.spec, recipe="", degradation="bicubic", steps=0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"exported.{kind}"
        write_model(network, path, variant, size, pictures)
        write_card(path, card_of(path, network, facts, Model(path.stem, size, "", ""), variant))
        upscaler = load_upscaler(str(path), backend, threads)
        try:
            yield upscaler
        finally:
            upscaler.close()


def noise(size: InputSize, count: int) -> list[np.ndarray]:
    """Pictures (H, W, 3) uint8 RGB to time with: how long it takes does not depend on what they show."""
    shape = (count, size.height, size.width, 3)
    return list(np.random.default_rng(0).integers(0, 256, shape, np.uint8))
