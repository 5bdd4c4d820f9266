"""LPIPS: how different two pictures look, as a distance of a classifier's features.

Zhang, Isola, Efros, Shechtman, Wang, "The Unreasonable Effectiveness of Deep Features as a Perceptual
Metric", CVPR 2018; version 0.1. AlexNet's features, which papers report, are compared by
models/lpips_alex.onnx; VGG16's by a file that is too large to ship and that
`python -m edgesr_ros.training.export_lpips --network vgg` makes.
"""

from pathlib import Path
from typing import Literal

import numpy as np
import onnxruntime

from edgesr_ros import resources
from edgesr_ros.errors import InputError

SMALLEST = 32  # pixels a side: the networks' strides leave nothing of a smaller picture


class Lpips:
    """Perceptual distance of two pictures: 0 for equal ones, about 1 for unrelated ones."""

    def __init__(
        self, threads: int = 1, model: Path | None = None, network: Literal["alex", "vgg"] = "alex"
    ) -> None:
        """Load the network.

        Args:
            model: the shipped one by default.
            network: whose features `model` must compare: figures of one are no figures of the other.
            threads: that one comparison may use. They sleep between comparisons, so that frames being shown
                on the same machine do not wait for figures.

        Raises:
            InputError: the file is missing or is not such a model.
        """
        path = model or resources.models() / "lpips_alex.onnx"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        if not path.is_file():
            raise InputError(f"{path}: no such file")
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's exceptions share no base of their own
            raise InputError(
                f"{path}: not a model that onnxruntime can load ({_first_line(error)})"
            ) from None
        if (found := self._session.get_modelmeta().graph_name) != f"lpips_{network}":
            raise InputError(
                f"{path}: expected LPIPS of {network}, as training.export_lpips makes it, found {found!r}"
            )

    def __call__(self, a: np.ndarray, b: np.ndarray) -> float:
        """The distance of two (H, W, 3) uint8 RGB pictures of one size, sides of 32 pixels or more.

        Raises:
            InputError: the pictures differ in size or are too small.
        """
        for picture in (a, b):
            if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
                raise InputError(f"LPIPS: expected (H, W, 3) uint8, got {picture.shape} {picture.dtype}")
        if a.shape != b.shape or min(a.shape[:2]) < SMALLEST:
            raise InputError(
                f"LPIPS: expected two pictures of one size, {SMALLEST}x{SMALLEST} or more, "
                f"got {a.shape[1]}x{a.shape[0]} and {b.shape[1]}x{b.shape[0]}"
            )
        (distance,) = self._session.run(None, {"a": a[None], "b": b[None]})
        return float(distance[0])


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
