"""What every upscaler looks like, whatever runs it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from edgesr_ros.errors import InputError


def not_pictures(path: Path, tensors: Iterable[tuple[str, object]]) -> InputError:
    """For a file with other tensors, each of a type and a shape, than the graph of a network of ours has."""
    found = ", ".join(f"{kind} {shape}" for kind, shape in tensors)
    return InputError(f"{path}: expected one uint8 (1, H, W, 3) in and one out, got {found}")


Method = Literal["sr", "bicubic", "none"]


class Upscaled(NamedTuple):
    """An enlarged picture and what made it.

    Attributes:
        picture: (scale·H, scale·W, 3) uint8 RGB.
        method: sr: super-resolved; bicubic: nothing invented; none: it came at full size.
        model: name of the model.
        backend: what ran it.
        alpha: from texture (0) to pixel fidelity (1), see `BlendingUpscaler`.
        problem: in one line what went wrong: why bicubic stands in, or why another alpha was not to be had.
    """

    picture: np.ndarray
    method: Method
    model: str
    backend: str
    alpha: float = 0.0
    problem: str | None = None


class Upscaler(ABC):
    """Makes pictures `scale` times larger. Not for use by two threads at once.

    Attributes:
        method: what it does, as it is told to who sees the picture.
        backend: what runs it, as `load_upscaler` calls it; and behind a `/` the device, where that is not
            the backend's own.
        device: what it computes on, as `load_upscaler` calls it.
        name: of the model.
        scale: enlargement of both sides.
        parameters: how many trained values it has; 0 for bicubic.
        alpha: where between texture (0) and pixel fidelity (1) a blend of two networks lies.
    """

    method: ClassVar[Method] = "sr"
    backend: str
    device: ClassVar[str] = "cpu"

    def __init__(self, name: str, scale: int, parameters: int) -> None:
        self.name, self.scale, self.parameters = name, scale, parameters
        self.alpha = 0.0

    @classmethod
    def device_problem(cls) -> str | None:
        """Why `device` is not to be had here, in one line; None: nothing is known that speaks against it."""
        return None

    def upscale(self, rgb: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 RGB → a new, C-contiguous (scale·H, scale·W, 3) uint8 RGB.

        Raises:
            InputError: another shape or dtype, no pixels, or a size that the model cannot take.
        """
        return self.upscaled(rgb).picture

    def upscaled(self, rgb: np.ndarray) -> Upscaled:
        """As `upscale`, with what made the picture."""
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.size:
            raise InputError(f"{self.name}: expected (H, W, 3) uint8, got {rgb.shape} {rgb.dtype}")
        made = self._make(np.ascontiguousarray(rgb))
        height, width = (side * self.scale for side in rgb.shape[:2])
        if made.picture.shape != (height, width, 3):
            raise InputError(
                f"{self.name}: made {made.picture.shape} of {rgb.shape}, expected scale {self.scale} "
                "(model card)"
            )
        return made

    def close(self) -> None:  # noqa: B027 - most have nothing to do here
        """Give back what the runtime holds; not usable afterwards."""

    def _try_out(self, height: int = 32, width: int = 32) -> None:
        """Enlarge a black picture once: what is wrong with a model shows at its load, not at a frame."""
        self.upscale(np.zeros((height, width, 3), np.uint8))

    def _make(self, rgb: np.ndarray) -> Upscaled:
        """`upscaled` of a checked, contiguous picture."""
        return Upscaled(self._enlarge(rgb), self.method, self.name, self.backend, self.alpha)

    @abstractmethod
    def _enlarge(self, rgb: np.ndarray) -> np.ndarray:
        """`upscale` of a checked, contiguous picture."""


class ChangingUpscaler(Upscaler):
    """Hands each picture to the upscaler that is in use; another one may take over between two pictures.

    Its name and backend are those that it began with; what made a picture comes with it (`upscaled`).

    Attributes:
        problem: why what was asked for last is not in use, in one line; else None.
    """

    def __init__(self, first: Upscaler) -> None:
        super().__init__(first.name, first.scale, first.parameters)
        self.backend = first.backend
        self.problem: str | None = None

    @abstractmethod
    def _current(self, rgb: np.ndarray) -> Upscaler:
        """What this picture is for."""

    def _make(self, rgb: np.ndarray) -> Upscaled:
        made = self._current(rgb).upscaled(rgb)
        return made._replace(problem=self.problem or made.problem)

    def _enlarge(self, rgb: np.ndarray) -> np.ndarray:
        return self._make(rgb).picture
