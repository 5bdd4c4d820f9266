"""Networks in OpenVINO, on the CPU or an Intel GPU: an optional extra.

Above all for x86 with AMX, which onnxruntime's 8-bit convolutions leave idle.
"""

import sys
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.upscaling.base import Upscaler, not_pictures
from edgesr_ros.upscaling.card import ModelCard
from edgesr_ros.upscaling.tiles import upscale_any

_LOADING = Lock()  # held while one is built: two that use OpenVINO for the first time at once deadlock
_SIZES = 4  # compiled and kept, most recent last: a rate controller goes back and forth between a few


class OpenVinoUpscaler(Upscaler):
    """An ONNX model with uint8 (1, H, W, 3) in and out; any size.

    It is compiled for each size, which takes the first picture of that size some tenths of a second. What is
    float in it is computed in bfloat16 where the CPU has that, in float32 elsewhere.

    Args:
        path: of the model file.
        card: its card.
        threads: CPU threads.

    Raises:
        InputError: openvino or the device is missing, the file is no such model, or it does not do what its
            card says.
    """

    backend = "openvino"
    target: ClassVar[str] = "CPU"  # OpenVINO's name for the device

    def __init__(self, path: Path, card: ModelCard, threads: int) -> None:
        super().__init__(card.name, card.scale, card.parameters)
        self._card = card
        if problem := self.device_problem():
            raise InputError(problem)
        with _LOADING:
            self._load(path, threads)

    def _load(self, path: Path, threads: int) -> None:
        openvino = _openvino()
        self._core = openvino.Core()
        try:
            self._model = self._core.read_model(path)
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{path}: not a model that OpenVINO can run: {reason}") from None
        for tensors in (self._model.inputs, self._model.outputs):
            kind, shape = tensors[0].element_type, tensors[0].partial_shape
            if (
                len(tensors) != 1
                or kind != openvino.Type.u8
                or not shape.compatible(openvino.PartialShape([1, -1, -1, 3]))
            ):
                raise not_pictures(
                    path, ((tensor.element_type.to_string(), tensor.partial_shape) for tensor in tensors)
                )
        self._settings = {"PERFORMANCE_HINT": "LATENCY", **self._threading(threads)}
        self._requests: OrderedDict[tuple[int, ...], Any] = OrderedDict()
        try:
            self._try_out()
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{path}: not a model that {self.backend} can run: {reason}") from None
        self._requests.clear()

    def _threading(self, threads: int) -> dict[str, int | bool]:
        """Settings that only this device has."""
        # Pinned threads wait for a core that another process holds, while the next one is free.
        return {"INFERENCE_NUM_THREADS": threads, "ENABLE_CPU_PINNING": False}

    def _enlarge(self, rgb: np.ndarray) -> np.ndarray:
        return upscale_any(self._run, rgb, self._card)

    def _run(self, rgb: np.ndarray) -> np.ndarray:
        return self._request((1, *rgb.shape)).infer([rgb[None]])[0][0]

    def _request(self, shape: tuple[int, ...]) -> Any:
        """What runs pictures of one shape: a fifth faster than the model compiled for all shapes."""
        if shape in self._requests:
            self._requests.move_to_end(shape)
        else:
            fixed = self._model.clone()
            fixed.reshape(list(shape))
            compiled = self._core.compile_model(fixed, self.target, self._settings)
            self._requests[shape] = compiled.create_infer_request()
            if len(self._requests) > _SIZES:
                self._requests.popitem(last=False)
        return self._requests[shape]

    def close(self) -> None:
        del self._requests, self._model, self._core


class OpenVinoGpuUpscaler(OpenVinoUpscaler):
    """The same on an Intel GPU, whose plugin computes in float16 unless it is told otherwise."""

    backend, device = "openvino/openvino-gpu", "openvino-gpu"
    target = "GPU"  # the first of them, where there are several

    @classmethod
    def device_problem(cls) -> str | None:
        """As of every upscaler: whether OpenVINO finds a GPU."""
        with _LOADING:
            try:
                openvino = _openvino()
            except InputError as error:
                return str(error)
            found = openvino.Core().available_devices
        if any(name.partition(".")[0] == cls.target for name in found):
            return None
        return (
            f"device {cls.device}: expected an Intel GPU and its OpenCL driver, "
            f"OpenVINO {openvino.__version__.partition('-')[0]} finds {', '.join(found)}"
        )

    def _threading(self, threads: int) -> dict[str, int | bool]:  # noqa: ARG002 - of the CPU alone
        return {}


def _openvino() -> ModuleType:
    """The package; raises InputError."""
    # It would tell its makers that it is used, from a fork that can hang a process of several threads.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        import openvino
    except ImportError:
        raise InputError("backend openvino: not installed (pip install openvino)") from None
    return openvino


OPENVINO_RUNNERS = (OpenVinoUpscaler, OpenVinoGpuUpscaler)
