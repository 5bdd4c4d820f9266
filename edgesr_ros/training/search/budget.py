"""What a candidate costs, and what it may cost at most: known before it is trained."""

import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
from msgspec import Meta

from edgesr_ros.networks import Network
from edgesr_ros.schema import Struct
from edgesr_ros.training.export import Variant
from edgesr_ros.training.model_files import Model, write_models
from edgesr_ros.training.weights import UNKNOWN, Facts
from edgesr_ros.upscaling.card import InputSize, read_card
from edgesr_ros.upscaling.onnx_runtime import OnnxUpscaler

Positive = Annotated[int, Meta(ge=1)]

_WARM_UP = 2  # runs
_RUNS = 20
_TRACED = np.zeros((12, 16, 3), np.uint8)  # what the file is compared with the network on


class Cost(Struct):
    """What a candidate costs."""

    parameters: int
    macs_per_pixel: int  # of a generator: for each small pixel; of a discriminator: for each pixel of a patch
    ms: float | None = None  # of a generator for a picture; null: not measured


class Budget(Struct):
    """What a candidate may cost; null: whatever it is."""

    parameters: Positive | None = None
    macs_per_pixel: Positive | None = None
    # Of float32 in onnxruntime on the machine of the worker that begins the trial.
    ms: Annotated[float, Meta(gt=0)] | None = None
    size: InputSize = InputSize(width=160, height=120)  # of the small picture that `ms` is for
    threads: Positive = 1  # that `ms` is for

    def problem(self, cost: Cost) -> str | None:
        """In a line, the first limit that is passed; None: none."""
        for name in ("parameters", "macs_per_pixel", "ms"):
            limit, value = getattr(self, name), getattr(cost, name)
            if limit is not None and value is not None and value > limit:
                return f"{name} {value:,.10g}, more than {limit:,.10g}"
        return None


def latency_ms(network: Network, size: InputSize, threads: int) -> float:
    """How long onnxruntime takes for a picture of noise, in float32: the least of some runs, milliseconds.

    What else runs on the machine only ever adds to it.
    """
    facts = Facts(spec=network.spec, recipe="none", degradation="bicubic", steps=0)
    noise = np.random.default_rng(0).integers(0, 256, (size.height, size.width, 3), np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        model = Model("candidate", size, "none", UNKNOWN)
        (path,) = write_models(
            network, facts, model, [Variant("onnx", "float32")], [_TRACED], Path(folder), lambda _: None
        )
        upscaler = OnnxUpscaler(path, read_card(path), threads)
        seconds = []
        for _ in range(_WARM_UP + _RUNS):
            began = time.perf_counter()
            upscaler.upscale(noise)
            seconds.append(time.perf_counter() - began)
        upscaler.close()
    return 1e3 * min(seconds[_WARM_UP:])
