"""What is on the operator's screen at some moments of a run, as files."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from edgesr_ros.experiment.simulation import Picture


class Looks:
    """When the screen is looked at: somewhere within each period, lest the moments beat with the frames.

    Args:
        per_s: moments each second, in the mean.
        clock: tells seconds.
    """

    def __init__(self, per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._period, self._rng, self._clock = 1 / per_s, np.random.default_rng(1), clock
        self._next = clock()

    def due(self) -> bool:
        """Whether it is time; the next one is then later."""
        if self._clock() < self._next:
            return False
        self._next += self._period * (0.5 + self._rng.random())
        return True


class Screen(NamedTuple):
    """A moment, in ns since 1970: what was on the screen, and before that."""

    at_ns: int
    newest: Picture | None
    before: Picture | None


def write_screen(folder: Path, at_ns: int, pictures: Sequence[tuple[int, np.ndarray]]) -> None:
    """Keep the last pictures, two at most: what each is known by, and (H, W, 3) uint8 RGB; oldest first."""
    marks = np.array([mark for mark, _ in pictures], np.int64)
    np.savez(folder / f"screen_{at_ns}.npz", marks, *(rgb for _, rgb in pictures))  # arr_0, arr_1, …


def read_screens(folder: Path, number_of: Callable[[int], int]) -> Iterator[Screen]:
    """What was kept, in the order of time.

    Args:
        folder: that it was kept in.
        number_of: the number of the camera's frame by what a picture is known by.
    """
    for path in sorted(folder.glob("screen_*.npz"), key=_moment):
        with np.load(path) as saved:
            marks, *arrays = (saved[name] for name in saved.files)
        shown: list[Picture | None] = [
            Picture(number_of(int(mark)), rgb, factor=1, size=0)
            for mark, rgb in zip(marks, arrays, strict=True)
        ]
        newest_first = [*reversed(shown), None, None]
        yield Screen(_moment(path), newest_first[0], newest_first[1])


def _moment(path: Path) -> int:
    return int(path.stem.partition("_")[2])
