"""From the name or path of a model to an upscaler that is ready to run."""

import re
from pathlib import Path
from typing import NamedTuple

from edgesr_ros import resources
from edgesr_ros.errors import InputError
from edgesr_ros.upscaling.base import Upscaler
from edgesr_ros.upscaling.bicubic import BicubicUpscaler
from edgesr_ros.upscaling.card import ModelCard, read_card
from edgesr_ros.upscaling.edgetpu import EdgeTpuUpscaler
from edgesr_ros.upscaling.litert import LiteRtUpscaler
from edgesr_ros.upscaling.onnx_devices import ONNX_RUNNERS
from edgesr_ros.upscaling.onnx_runtime import OnnxUpscaler
from edgesr_ros.upscaling.openvino_runtime import OPENVINO_RUNNERS, OpenVinoUpscaler

Runner = type[OnnxUpscaler | OpenVinoUpscaler | LiteRtUpscaler]

# By suffix, what runs such a file; the first unless another is asked for.
_RUNNERS: dict[str, tuple[Runner, ...]] = {
    ".onnx": (*ONNX_RUNNERS, *OPENVINO_RUNNERS),
    ".tflite": (LiteRtUpscaler, EdgeTpuUpscaler),
}
# A backend of the ground station: what is fastest, see `AutoUpscaler`. A device: the backend's own; with
# backend "auto" any.
AUTO = "auto"


def _name(runner: Runner) -> str:
    """Of the backend, whatever the device."""
    return runner.backend.partition("/")[0]


_ALL = tuple(runner for runners in _RUNNERS.values() for runner in runners)
BACKENDS = ("bicubic", *dict.fromkeys(map(_name, _ALL)))
DEVICES = (AUTO, *dict.fromkeys(runner.device for runner in _ALL if runner is not EdgeTpuUpscaler))

_BICUBIC = re.compile(r"bicubic(?:_x([1-9]|1[0-6]))?")
_BICUBIC_SCALE = 4  # of plain "bicubic"
_SHIPPED = "*_x[0-9]*"  # <network>_x<scale>…; the metrics' networks lie in the same folder
_PRECISIONS = ("_int8", "")  # what they add to a model's name; float16 is computed as float32 on a CPU


class Way(NamedTuple):
    """A model file, and what runs it."""

    path: Path
    card: ModelCard
    runner: Runner

    def load(self, threads: int) -> Upscaler:
        """Run once; errors as `load_upscaler`."""
        return self.runner(self.path, self.card, threads)

    @property
    def gpu_missing(self) -> bool:
        """Whether it is for a GPU that is not there, or that no runtime here can use."""
        return self.runner.device != Upscaler.device and self.runner.device_problem() is not None


def list_models() -> list[str]:
    """What `load_upscaler` knows by name: bicubic, and the models that are shipped."""
    files = (path for suffix in _RUNNERS for path in resources.models().glob(f"{_SHIPPED}{suffix}"))
    return ["bicubic", *sorted({path.stem for path in files})]


def load_upscaler(model: str, backend: str | None = None, threads: int = 2, device: str = AUTO) -> Upscaler:
    """A model, checked against its card and run once.

    Args:
        model: `bicubic` (x4), `bicubic_x<1..16>`, a shipped name, or the path of an .onnx or .tflite file.
        backend: one of `BACKENDS`; None is onnxruntime for .onnx and litert for .tflite. A shipped name
            means its .onnx file, unless the backend runs only .tflite.
        threads: CPU threads of the network's runtime.
        device: one of `DEVICES`; "auto" is the backend's own: the CPU, or the Edge TPU.

    Raises:
        InputError: unknown model, backend, device or combination of them; a missing runtime or device; a
            damaged file.
    """
    if backend not in (None, *BACKENDS):
        raise InputError(f"backend: expected one of {', '.join(BACKENDS)}, got {backend!r}")
    _check_device(device)
    if threads < 1:
        raise InputError(f"threads: expected at least 1, got {threads}")
    if bicubic := load_bicubic(model):
        _check_backend(model, backend, (BicubicUpscaler.backend,))
        _check_among(BicubicUpscaler.backend, device, (BicubicUpscaler.device,))
        return bicubic
    path = _find(model, backend)
    runners = _RUNNERS[path.suffix]
    _check_backend(model, backend, tuple(dict.fromkeys(map(_name, runners))))
    able = [runner for runner in runners if _name(runner) == (backend or _name(runners[0]))]
    _check_among(_name(able[0]), device, tuple(runner.device for runner in able))
    runner = next(runner for runner in able if device in (AUTO, runner.device))
    return runner(path, read_card(path), threads)


def load_bicubic(model: str) -> BicubicUpscaler | None:
    """Bicubic, if `model` is a name of it."""
    name = _BICUBIC.fullmatch(model)
    return BicubicUpscaler(int(name[1] or _BICUBIC_SCALE)) if name else None


def ways_to_run(model: str, device: str = AUTO) -> list[Way]:
    """All that may run a network here or elsewhere; of a shipped name in int8 as well, and that first.

    Args:
        model: as of `load_upscaler`.
        device: one of `DEVICES`; "auto" is any.

    Raises:
        InputError: unknown model or device, one that this model cannot run on, or a damaged file.
    """
    _check_device(device)
    path = _find(model, None)
    files = [path]
    if not Path(model).expanduser().is_file():
        files = [
            file
            for precision in _PRECISIONS
            for suffix in _RUNNERS
            if (file := path.with_name(f"{path.stem}{precision}{suffix}")).is_file()
        ]
    able = [(file, runner) for file in files for runner in _RUNNERS[file.suffix]]
    _check_among(model, device, tuple(dict.fromkeys(runner.device for _, runner in able)))
    return [Way(file, read_card(file), runner) for file, runner in able if device in (AUTO, runner.device)]


def _check_backend(model: str, backend: str | None, possible: tuple[str, ...]) -> None:
    if backend not in (None, *possible):
        raise InputError(f"backend: {model} runs on {' or '.join(possible)}, got {backend}")


def _check_device(device: str) -> None:
    if device not in DEVICES:
        raise InputError(f"device: expected one of {', '.join(DEVICES)}, got {device!r}")


def _check_among(what: str, device: str, possible: tuple[str, ...]) -> None:
    if device not in (AUTO, *possible):
        raise InputError(f"device: {what} runs on {' or '.join(possible)}, got {device}")


def _find(model: str, backend: str | None) -> Path:
    """The file of a model; of a shipped one that has several, the first that `backend` runs."""
    given = Path(model).expanduser()
    if given.is_file():
        if given.suffix not in _RUNNERS:
            raise InputError(f"{model}: expected a model file, {' or '.join(_RUNNERS)}")
        return given
    shipped = [path for suffix in _RUNNERS if (path := resources.models() / f"{model}{suffix}").is_file()]
    if not shipped:
        raise InputError(f"model {model!r}: no such file, nor one of {', '.join(list_models())}")
    for path in shipped:
        if any(_name(runner) == backend for runner in _RUNNERS[path.suffix]):
            return path
    return shipped[0]
