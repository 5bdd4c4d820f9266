"""What `backend: auto` has found, from one run to the next."""

import hashlib
import os
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from edgesr_ros import resources
from edgesr_ros.errors import InputError
from edgesr_ros.schema import Struct, read_json, write_json
from edgesr_ros.upscaling.cpu import cpu_name

_RUNTIMES = (
    *("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "openvino"),
    *("ai-edge-litert", "tflite-runtime"),
)


def cache_folder() -> Path:
    """Ours in the user's cache folder ($XDG_CACHE_HOME); whether it exists is not checked."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / resources.PACKAGE


class Choice(Struct):
    """A model file, by its name, and what runs it."""

    file: str
    backend: str


class _Found(Struct):
    """By size, what is fastest; the newest last."""

    by_size: dict[str, Choice]


class BackendCache:
    """The choices for one model on this machine, in the user's cache folder ($XDG_CACHE_HOME).

    They hold for these files, this number of threads, these devices, this CPU and these versions of the
    runtimes. Where nothing can be written, nothing is remembered.

    Args:
        files: SHA-256 of the model's files.
        threads: CPU threads.
        device: what was asked for to compute on.
    """

    def __init__(self, files: list[str], threads: int, device: str) -> None:
        what = [*files, str(threads), device, cpu_name(), *map(_version, _RUNTIMES)]
        key = hashlib.sha256("\n".join(what).encode()).hexdigest()
        self._path = cache_folder() / f"backend_{key[:16]}.json"
        self._found = _Found(by_size={})
        with suppress(InputError):  # none yet, or damaged: it is measured anew
            self._found = read_json(self._path, _Found)

    @property
    def latest(self) -> tuple[str, Choice] | None:
        """The size of the last frames, and the choice for it."""
        return next(reversed(self._found.by_size.items()), None)

    def of(self, size: str) -> Choice | None:
        """For frames of a size, `<width>x<height>`."""
        return self._found.by_size.get(size)

    def remember(self, size: str, choice: Choice) -> None:
        """For frames of a size, which become the last ones."""
        others = {other: found for other, found in self._found.by_size.items() if other != size}
        self._found = _Found(by_size=others | {size: choice})
        part = self._path.with_suffix(f".{os.getpid()}")  # others read the file, or write it too
        with suppress(InputError, OSError):
            write_json(part, self._found)
            part.replace(self._path)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"
