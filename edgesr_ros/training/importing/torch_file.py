"""PyTorch's checkpoints as named arrays: nothing in them runs, and no size is believed."""

import math
import mmap
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.training.importing.containers import STORAGES, Container, Older, Storage, Zip
from edgesr_ros.training.importing.pickled import Call, External, Name
from edgesr_ros.training.importing.tensors import Shapes, shown

_UNDER = "model"  # where a training run keeps the network's tensors, beside its optimizer's
_TENSOR = "torch._utils._rebuild_tensor_v2"
_PARAMETER = "torch._utils._rebuild_parameter"
_KINDS: dict[str, np.dtype[Any]] = {"Float": np.dtype("<f4"), "Long": np.dtype("<i8")}
_USUAL = {_TENSOR, _PARAMETER, "collections.OrderedDict", *STORAGES}
_AXES = 8  # at most


class _Place(NamedTuple):
    """Where a tensor lies among the numbers of a file."""

    storage: Storage
    offset: int  # of its first number
    shape: tuple[int, ...]
    strides: tuple[int, ...]  # from one number to the next along each axis


class TorchFile:
    """The tensors of the state dict in a file that `torch.save` wrote.

    Attributes:
        shapes: of each tensor, by its name, in the order of the file.
        names: of classes and functions that the file names, beside those that every state dict does.

    Args:
        path: of the file.

    Raises:
        InputError: it cannot be read, is no such file, is cut, or holds no state dict.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with path.open("rb") as file:
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror})") from None
        except ValueError:  # which cannot be mapped
            raise InputError(f"{path}: is empty") from None
        kind = Zip if data[: len(Zip.BEGIN)] == Zip.BEGIN else Older
        try:
            self._container: Container = kind(path, data)
        except InputError as error:
            raise InputError(f"{path}: not a PyTorch checkpoint, or not all of one: {error}") from None
        held = self._container.held
        self.names = sorted(held.names - _USUAL)
        self._places = {str(name): self._place(name, value) for name, value in self._state_dict(held.value)}
        self.shapes: Shapes = {name: place.shape for name, place in self._places.items()}
        if sum(4 * math.prod(shape) for shape in self.shapes.values()) > len(data):
            raise InputError(f"{path}: its tensors are larger than the file")

    def read(self, name: str) -> np.ndarray:
        """A tensor: float32, or int64 of what counts. Read-only: its memory is the file's.

        Raises:
            InputError: its numbers are not there, are of another kind, or are not finite.
        """
        place = self._places[name]
        if place.storage.kind not in _KINDS:
            raise InputError(f"{self._path}: {shown(name)} is {place.storage.kind}, expected Float")
        kind = _KINDS[place.storage.kind]
        try:
            numbers = np.frombuffer(self._container.numbers(place.storage), kind)
        except InputError as error:
            raise InputError(f"{self._path}: {shown(name)}: {error}") from None
        strides = [kind.itemsize * stride for stride in place.strides]
        array = np.lib.stride_tricks.as_strided(
            numbers[place.offset :], place.shape, strides, writeable=False
        )
        if not np.isfinite(array).all():
            raise InputError(f"{self._path}: {shown(name)}: not all of its numbers are finite")
        return array

    def _state_dict(self, whole: object) -> list[tuple[object, object]]:
        """Names and tensors."""
        held = whole.get(_UNDER, whole) if isinstance(whole, dict) else None
        if isinstance(held, dict) and any(isinstance(value, Call) for value in held.values()):
            return list(held.items())
        keys = list(whole)[:4] if isinstance(whole, dict) else ["something else"]
        found = ", ".join(shown(str(key)) for key in keys)
        raise InputError(
            f"{self._path}: no state dict: expected tensors by name, or {_UNDER!r} with them, got {found}"
        )

    def _place(self, name: object, value: object) -> _Place:
        """Of a tensor, by what its pickle says of it, which is checked."""
        match value:
            case Call(Name(text), (Call() as tensor, *_)) if text == _PARAMETER:
                value = tensor
        match value:
            case Call(Name(text), (External() as numbers, int(offset), tuple(shape), tuple(strides), *_)) if (
                text == _TENSOR and isinstance(name, str)
            ):
                storage = Storage.of(numbers)
                if storage and _within(storage.count, offset, shape, strides):
                    return _Place(storage, offset, shape, strides)
        raise InputError(f"{self._path}: {shown(str(name))} is no tensor, or not all of one")


def _within(count: int, offset: Any, shape: tuple[Any, ...], strides: tuple[Any, ...]) -> bool:
    """Whether a tensor lies within so many numbers, and has none of them twice just by its shape."""
    if len(shape) != len(strides) or len(shape) > _AXES:
        return False
    if any(type(value) is not int or value < 0 for value in (offset, *shape, *strides)):
        return False
    last = offset + sum((side - 1) * stride for side, stride in zip(shape, strides, strict=True))
    return math.prod(shape) <= count and last < count
