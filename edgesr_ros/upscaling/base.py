"""What every upscaler looks like, whatever runs it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from edgesr_ros.errors import InputError


def not_pictures(path: Path, tensors: Iterable[tuple[str, object]]) -> InputError:
    """For a file with other tensors, each of a type and a shape, than the graph of a network of ours has."""
    found = ", ".join(f"{kind} {shape}" for kind, shape in tensors)
    return InputError(f"{path}: expected one uint8 (1, H, W, 3) in and one out, got {found}")


class Upscaler(ABC):
    """Makes pictures `scale` times larger. Not for use by two threads at once.

    Attributes:
        backend: what runs it, as `load_upscaler` calls it.
        name: of the model.
        scale: enlargement of both sides.
        parameters: how many trained values it has; 0 for bicubic.
    """

    backend: str

    def __init__(self, name: str, scale: int, parameters: int) -> None:
        self.name, self.scale, self.parameters = name, scale, parameters

    def upscale(self, rgb: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 RGB → a new, C-contiguous (scale·H, scale·W, 3) uint8 RGB.

        Raises:
            InputError: another shape or dtype, no pixels, or a size that the model cannot take.
        """
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.size:
            raise InputError(f"{self.name}: expected (H, W, 3) uint8, got {rgb.shape} {rgb.dtype}")
        enlarged = self._enlarge(np.ascontiguousarray(rgb))
        height, width = (side * self.scale for side in rgb.shape[:2])
        if enlarged.shape != (height, width, 3):
            raise InputError(
                f"{self.name}: made {enlarged.shape} of {rgb.shape}, expected scale {self.scale} (model card)"
            )
        return enlarged

    def close(self) -> None:  # noqa: B027 - most have nothing to do here
        """Give back what the runtime holds; not usable afterwards."""

    def _try_out(self, height: int = 32, width: int = 32) -> None:
        """Enlarge a black picture once: what is wrong with a model shows at its load, not at a frame."""
        self.upscale(np.zeros((height, width, 3), np.uint8))

    @abstractmethod
    def _enlarge(self, rgb: np.ndarray) -> np.ndarray:
        """`upscale` of a checked, contiguous picture."""
