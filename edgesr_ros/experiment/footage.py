"""A recording as a camera of the experiment's size and rate would have taken it."""

import hashlib
from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.experiment.plan import Camera
from edgesr_ros.frames.colour import three_channels
from edgesr_ros.sources.opening import open_source

_MOST_BYTES = 300_000_000  # of frames in memory; 10 s of 640x480 at 30 Hz


class Footage:
    """Frames that go on for ever: at its end a recording is played backwards, so that no cut is added.

    Args:
        name: in tables.
        frames: (H, W, 3) RGB or (H, W) grey, uint8, all of one size; one at least.
        notes: what was wrong with the recording, a line each.
    """

    def __init__(self, name: str, frames: Iterable[np.ndarray], notes: Sequence[str] = ()) -> None:
        self.name, self.notes = name, notes
        self._frames = list(frames)
        self._first = 0

    def later(self, frames: int) -> "Footage":
        """The same from a frame on."""
        footage = Footage(self.name, self._frames, self.notes)
        footage._first = self._first + frames
        return footage

    @staticmethod
    def read(name: str, source: str, camera: Camera) -> "Footage":
        """The first frames of a source, fitted to the camera.

        A frame of the recording is a frame of the camera: a recording of another rate plays faster or slower.

        Raises:
            InputError: as `open_source`.
        """
        opened, frames = open_source(source), []
        most = _MOST_BYTES // (camera.width * camera.height * 3)
        for frame in opened:
            frames.append(fit(frame.array, camera.width, camera.height))
            if len(frames) >= most:
                break
        opened.close()
        if not frames:
            raise InputError(f"{source}: expected at least one frame")
        return Footage(name, frames, [f"{name}: {note}" for note in opened.notes()])

    def sha256(self) -> str:
        """Of all frames and of how large they are."""
        digest = hashlib.sha256()
        for frame in self._frames:
            digest.update(repr(frame.shape).encode())
            digest.update(np.ascontiguousarray(frame).data)
        return digest.hexdigest()

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def period(self) -> int:
        """So many frames forwards and back, after which they repeat."""
        return max(1, 2 * len(self) - 2)

    def position(self, number: int) -> int:
        """Which frame of the recording is the camera's frame `number`, counted from 0."""
        last = len(self._frames) - 1
        turn = (number + self._first) % self.period
        return turn if turn <= last else 2 * last - turn

    def spread(self, count: int) -> list[int]:
        """Numbers of `count` frames, or of all where there are fewer, spread over the recording."""
        return np.linspace(0, len(self) - 1, min(count, len(self))).round().astype(int).tolist()

    def frame(self, number: int) -> np.ndarray:
        """The camera's frame `number`: (H, W, 3) RGB or (H, W) grey, uint8."""
        return self._frames[self.position(number)]

    def picture(self, number: int) -> np.ndarray:
        """The same as (H, W, 3) uint8 RGB, as a screen shows it."""
        return three_channels(self.frame(number))


def fit(frame: np.ndarray, width: int, height: int) -> np.ndarray:
    """The middle of a frame in the shape of `width` x `height`, scaled to that size."""
    rows, columns = frame.shape[:2]
    cut_rows = min(rows, round(columns * height / width))
    cut_columns = min(columns, round(rows * width / height))
    top, left = (rows - cut_rows) // 2, (columns - cut_columns) // 2
    middle = frame[top : top + cut_rows, left : left + cut_columns]
    method = cv2.INTER_AREA if cut_columns >= width else cv2.INTER_CUBIC
    return cv2.resize(middle, (width, height), interpolation=method)
