"""Networks on a Coral Edge TPU, and what may be missing for that.

The device takes models in full int8 that went through edgetpu_compiler, which puts all that runs on the
device into custom operators; the runtime library libedgetpu executes these as a delegate.
"""

import ctypes
from pathlib import Path
from typing import Any

from edgesr_ros.errors import InputError
from edgesr_ros.upscaling.card import ModelCard
from edgesr_ros.upscaling.edgetpu_ops import COMPILED_OP, list_ops
from edgesr_ros.upscaling.litert import LiteRtUpscaler, runtime

LIBRARY = "libedgetpu.so.1"


class EdgeTpuUpscaler(LiteRtUpscaler):
    """A TFLite model that was compiled for the Edge TPU; pictures of its own size only.

    Raises:
        InputError: something is missing (`edgetpu_problems`), or as `LiteRtUpscaler`.
    """

    backend = "edgetpu"
    device = "edgetpu"
    _resizable = False

    def __init__(self, path: Path, card: ModelCard, threads: int, library: str = LIBRARY) -> None:
        if problems := edgetpu_problems(path, library):
            raise InputError(f"backend edgetpu: {'; '.join(problems)}")
        super().__init__(path, card, threads, experimental_delegates=[_load_delegate(library)])


def edgetpu_problems(model: Path, library: str = LIBRARY) -> list[str]:
    """What keeps a model from running on an Edge TPU here, one line each: library, device, model.

    Raises:
        InputError: the file was not compiled, and `list_ops` cannot read it.
    """
    return [*_device_problem(library), *_model_problem(model)]


def _device_problem(library: str) -> list[str]:
    try:
        # Tried first by itself: the runtime's own loader prints a traceback where the library is missing.
        ctypes.CDLL(library)
    except OSError:
        return [f"{library}: not found (install the Edge TPU runtime, libedgetpu)"]
    try:
        _load_delegate(library)
    except ValueError:
        return [f"{library}: finds no device (is the Edge TPU plugged in, and may this user open it?)"]
    return []


def _model_problem(model: Path) -> list[str]:
    # By its name in the file: what reads operators is not there beside tflite-runtime.
    if COMPILED_OP.encode() in model.read_bytes():
        return []
    if refused := next((op for op in list_ops(model) if op.refusal), None):
        return [f"{model}: not for the Edge TPU: {refused.name}: {refused.refusal} (edgesr check-edgetpu)"]
    return [f"{model}: not compiled for the Edge TPU (run edgetpu_compiler on it)"]


def _load_delegate(library: str) -> Any:
    return runtime().load_delegate(library)
