"""Networks in onnxruntime, on the CPU: the default. On other devices: `onnx_devices`."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.upscaling.base import Upscaler, not_pictures
from edgesr_ros.upscaling.card import ModelCard
from edgesr_ros.upscaling.cpu import products_may_overflow
from edgesr_ros.upscaling.tiles import upscale_any

_ERRORS_ONLY = 3  # its warnings are about GPUs that we do not use
CPU = "CPUExecutionProvider"
Provider = tuple[str, dict[str, Any]]  # its name and its options, as onnxruntime takes them


class OnnxUpscaler(Upscaler):
    """An ONNX model with uint8 (1, H, W, 3) in and out; any size.

    Args:
        path: of the model file.
        card: its card.
        threads: CPU threads.
        content: a whole model to run in place of the file's own, e.g. with other weights.

    Raises:
        InputError: onnxruntime or the device is missing, the file is no such model, or it does not do what
            its card says.
    """

    backend = "onnxruntime"
    provider: ClassVar[str] = CPU  # onnxruntime's name for what computes on the device
    package: ClassVar[str] = "onnxruntime"  # what brings it

    def __init__(self, path: Path, card: ModelCard, threads: int, content: bytes | None = None) -> None:
        super().__init__(card.name, card.scale, card.parameters)
        self._card = card
        if problem := self.device_problem():
            raise InputError(problem)
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Threads that spin between two layers take the cores from the rest of the node.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if products_may_overflow():  # 10 dB would be lost; the exact way takes three times as long
            options.add_session_config_entry("session.x64quantprecision", "1")
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.log_severity_level = _ERRORS_ONLY
        # Without its own fallback: it would go on on the CPU where a device fails, and hardly say so.
        providers = self._providers(is_file=content is None)
        try:
            self._session = onnxruntime.InferenceSession(
                content or path, options, providers=providers, enable_fallback=0
            )
        except Exception as error:  # onnxruntime's errors have no base class of their own
            reason = " ".join(str(error).split())
            raise InputError(f"{path}: not a model that {self.backend} can run: {reason}") from None
        if self.provider not in (started := self._session.get_providers()):
            raise InputError(
                f"device {self.device}: {self.provider} does not start, expected its device and libraries "
                f"(what it says is above), found {', '.join(started)}"
            )
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        for tensors in (inputs, outputs):
            shape = tensors[0].shape
            if len(tensors) != 1 or tensors[0].type != "tensor(uint8)" or len(shape) != 4 or shape[3] != 3:
                raise not_pictures(path, ((tensor.type, tensor.shape) for tensor in tensors))
        self._input = inputs[0].name
        self._try_out()

    @classmethod
    def device_problem(cls) -> str | None:
        """As of every upscaler: what of onnxruntime is not installed."""
        try:
            import onnxruntime
        except ImportError:
            return f"backend onnxruntime: not installed (pip install {cls.package})"
        if cls.provider in (available := onnxruntime.get_available_providers()):
            return None
        return (
            f"device {cls.device}: expected {cls.provider} in onnxruntime {onnxruntime.__version__} "
            f"(pip install {cls.package} in place of onnxruntime), found {', '.join(available)}"
        )

    def _providers(self, is_file: bool) -> list[Provider]:  # noqa: ARG002 - TensorRT keeps what it makes of files
        """What may compute: the first whatever it can, the next what is left, the CPU all the rest."""
        return [(CPU, {})]

    def _enlarge(self, rgb: np.ndarray) -> np.ndarray:
        return upscale_any(self._run, rgb, self._card)

    def _run(self, rgb: np.ndarray) -> np.ndarray:
        return self._session.run(None, {self._input: rgb[None]})[0][0]

    def close(self) -> None:
        del self._session
