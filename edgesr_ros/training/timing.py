"""How long a network takes on this machine, as the file that it would be exported to."""

import tempfile
import time
from pathlib import Path
from typing import Literal

import numpy as np

from edgesr_ros.networks import Network
from edgesr_ros.training.export import Precision, variants, write_model
from edgesr_ros.training.model_files import Model, card_of
from edgesr_ros.training.weights import Facts
from edgesr_ros.upscaling.card import InputSize, write_card
from edgesr_ros.upscaling.catalog import load_upscaler
from edgesr_ros.upscaling.litert import LiteRtUpscaler

Backend = Literal["onnxruntime", "openvino", "litert"]

_SECONDS, _RUNS = 1.0, 5  # at the least
_CALIBRATION = 2  # pictures: how long it takes does not depend on what they show


def milliseconds(
    network: Network, backend: Backend, precision: Precision, size: InputSize, threads: int
) -> float:
    """The shortest run of a network: whatever else the machine did has made the others longer.

    Args:
        network: for inference.
        backend: what runs it: LiteRT as TFLite, the others as ONNX.
        precision: of the file.
        size: of the pictures that go in, pixels.
        threads: of the CPU.

    Raises:
        InputError: the network has no such file, or the backend is not installed.
    """
    kind: Literal["onnx", "tflite"] = "tflite" if backend == LiteRtUpscaler.backend else "onnx"
    (variant,) = variants((kind,), (precision,), network)
    rng = np.random.default_rng(0)
    shape = (_CALIBRATION, size.height, size.width, 3)
    pictures = list(rng.integers(0, 256, shape, np.uint8))
    facts = Facts(spec=network.spec, recipe="", degradation="bicubic", steps=0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"timed.{kind}"
        write_model(network, path, variant, size, pictures)
        card = card_of(path, network, facts, Model(path.stem, size, "", ""), variant)
        write_card(path, card)
        upscaler = load_upscaler(str(path), backend, threads)
        upscaler.upscale(pictures[0])
        times: list[float] = []
        while len(times) < _RUNS or sum(times) < _SECONDS:
            began = time.perf_counter()
            upscaler.upscale(pictures[0])
            times.append(time.perf_counter() - began)
        upscaler.close()
    return 1e3 * min(times)
