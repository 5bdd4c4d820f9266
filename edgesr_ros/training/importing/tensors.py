"""What every file of tensors looks like, whatever it is."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]  # of tensors, by their names, in the order of the file
_LONGEST = 80  # letters


def shown(name: str) -> str:
    """A name out of a file, as it can be printed: one line that is not too long, nothing for a terminal."""
    return name if name.isprintable() and len(name) <= _LONGEST else repr(name[:_LONGEST])


class Tensors(Protocol):
    """The tensors of a file."""

    shapes: Shapes

    def read(self, name: str) -> np.ndarray:
        """One of them, which may be read-only.

        Raises:
            InputError: it is damaged, or of other numbers than float32, or int64 of what counts.
        """
