"""Pictures → an H.264 video file."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import cast

import av
import numpy as np
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream

from edgesr_ros.errors import InputError
from edgesr_ros.sources.frame_source import NOMINAL_RATE_HZ

_CODEC = "libx264"
_CRF = "18"  # x264's constant rate factor: about where the loss is no longer seen
_TIME_BASE = Fraction(1, 90_000)  # seconds; MPEG's


class VideoWriter:
    """An H.264 video whose pictures are shown at their stamps; a context manager.

    `rate_hz` is only what the file declares, and how long the last picture is shown; None where not known.

    The suffix chooses the container (.mp4, .mkv, .mov …). Colour is halved in both directions (4:2:0), as
    every player expects; a picture with an odd side gets its last row or column twice.

    Raises:
        InputError: the suffix is of no container for H.264, or the file cannot be written; from `write` and
            `close` too.
    """

    def __init__(self, path: Path, width: int, height: int, rate_hz: float | None = None) -> None:
        rate = Fraction(rate_hz or NOMINAL_RATE_HZ).limit_denominator(1001)  # 30000/1001 is a usual one
        self._path, self._written = path, 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._container = av.open(str(path), "w")
            stream = self._container.add_stream(_CODEC, rate, options={"crf": _CRF})
        except (ValueError, OSError) as error:  # also what av's own errors are
            raise InputError(f"{path}: cannot be written as an H.264 video ({error})") from None
        self._stream = cast(VideoStream, stream)
        self._stream.width, self._stream.height = width + width % 2, height + height % 2
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = _TIME_BASE
        # Which matrix turns RGB into YCbCr; players guess another one for large pictures.
        self._stream.codec_context.colorspace = Colorspace.ITU601

    def write(self, rgb: np.ndarray, stamp_ns: int) -> None:
        """Append an (H, W, 3) uint8 RGB picture of the size given; stamps must rise."""
        even = np.pad(rgb, ((0, rgb.shape[0] % 2), (0, rgb.shape[1] % 2), (0, 0)), mode="edge")
        frame = av.VideoFrame.from_ndarray(even, format="rgb24")
        frame.pts = round(stamp_ns * 1e-9 / _TIME_BASE)
        frame.time_base = _TIME_BASE
        with self._on_disk():
            self._container.mux(self._stream.encode(frame))
        self._written += 1

    def close(self) -> None:
        """Write what the encoder still holds, and the file's index."""
        with self._on_disk():
            try:
                self._container.mux(self._stream.encode(None))
            finally:
                self._container.close()

    def __enter__(self) -> "VideoWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except InputError:
            if error is None:  # else it has the same reason
                raise

    @contextmanager
    def _on_disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:  # also what av's own errors of the system are
            raise InputError(
                f"{self._path}: cannot be written ({error.strerror}) after {self._written} pictures"
            ) from None
