"""What every source of recorded or live frames looks like."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from edgesr_ros.frames.message import Encoding

NOMINAL_RATE_HZ = 25.0  # for sources that know neither times nor a rate


class SourceFrame(NamedTuple):
    """One picture of a source.

    `array` is (H, W, 3) uint8 RGB for encoding `rgb8`, (H, W) uint8 for `mono8`; `stamp_ns` is the
    recording's own time; `camera_info` has the fields of sensor_msgs/CameraInfo where the source knows them;
    `received_ns` is when it was recorded, where that is told beside the stamp, by a clock of its own.
    """

    stamp_ns: int
    array: np.ndarray
    encoding: Encoding
    frame_id: str
    camera_info: Any | None
    received_ns: int | None = None

    @staticmethod
    def of(
        stamp_ns: int,
        array: np.ndarray,
        frame_id: str,
        camera_info: Any | None = None,
        received_ns: int | None = None,
    ) -> "SourceFrame":
        """A frame whose encoding follows from the array's shape."""
        encoding: Encoding = "mono8" if array.ndim == 2 else "rgb8"
        return SourceFrame(stamp_ns, array, encoding, frame_id, camera_info, received_ns)


class FrameSource(ABC):
    """Frames in order, read one by one; iterating again starts over.

    `rate_hz` is None where the source has no rate of its own.
    """

    description: str
    rate_hz: float | None

    @abstractmethod
    def __iter__(self) -> Iterator[SourceFrame]:
        """The frames; raises InputError where none can be read, or no more of a camera."""

    def notes(self) -> list[str]:
        """What the last iteration found wrong as far as it went, a line each: what it skipped, and why."""
        return []

    def close(self) -> None:  # noqa: B027 - most sources have nothing to do here
        """Give back what is held between iterations: a camera."""
