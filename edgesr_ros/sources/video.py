"""Video files and USB cameras as sources of frames."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2

from edgesr_ros.errors import InputError
from edgesr_ros.sources.frame_source import NOMINAL_RATE_HZ, FrameSource, SourceFrame

# FFmpeg guesses on: a .txt it draws as a terminal.
VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".wmv", ".flv", ".ogv"}
    | {".mjpg", ".mjpeg", ".h264", ".h265", ".gif"}
)

# FFmpeg inside OpenCV writes to stderr what we say in our own error; read once, when it is first used.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


class VideoSource(FrameSource):
    """A video file; stamps count from 0 by the container's times.

    Raises:
        InputError: no picture can be decoded from the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._opened() as capture:
            read, first = capture.read()
            if not read:
                raise InputError(f"{path}: no picture in this video can be decoded")
            rate = capture.get(cv2.CAP_PROP_FPS)
        self.rate_hz = rate if rate > 0 else None
        rate_text = f"{rate:.4g} Hz" if rate > 0 else "rate unknown"
        self.description = f"video {path.name}: {first.shape[1]}x{first.shape[0]}, {rate_text}"

    def __iter__(self) -> Iterator[SourceFrame]:
        period_ns = round(1e9 / (self.rate_hz or NOMINAL_RATE_HZ))
        last_ns = -1
        with self._opened() as capture:
            while True:
                read, picture = capture.read()
                if not read:
                    return
                stamp_ns = round(capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6)
                if stamp_ns <= last_ns:  # raw streams carry no times
                    stamp_ns = last_ns + period_ns
                last_ns = stamp_ns
                yield SourceFrame.of(stamp_ns, cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), "camera")

    @contextmanager
    def _opened(self) -> Iterator[cv2.VideoCapture]:
        # FFmpeg only: of the other backends some know no times, and all report to stderr.
        with _quiet():
            capture = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
        try:
            if not capture.isOpened():
                raise InputError(f"{self._path}: not a video that can be decoded")
            yield capture
        finally:
            capture.release()


class CameraSource(FrameSource):
    """A USB camera by its number, stamped by `clock` (ns) as pictures arrive; iterating again goes on live.

    Raises:
        InputError: no such camera, or it gives no picture.
    """

    def __init__(self, index: int, clock: Callable[[], int] = time.time_ns) -> None:
        self._name = f"camera:{index}"
        self._clock = clock
        with _quiet():
            self._capture = cv2.VideoCapture(index)
        if not self._capture.isOpened():
            raise InputError(f"{self._name}: no such camera, or another program uses it")
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest picture, not the oldest waiting one
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate_hz = rate if rate > 0 else None
        width, height = (
            round(self._capture.get(size)) for size in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )
        self.description = f"{self._name}: {width}x{height}"

    def __iter__(self) -> Iterator[SourceFrame]:
        while True:
            read, picture = self._capture.read()
            if not read:
                raise InputError(f"{self._name}: gives no picture (unplugged?)")
            yield SourceFrame.of(self._clock(), cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), "camera")

    def close(self) -> None:
        self._capture.release()


@contextmanager
def _quiet() -> Iterator[None]:
    """OpenCV's own warnings off while a source is opened: our error says the same in one line."""
    log = getattr(cv2.utils, "logging", cv2)  # the functions moved between OpenCV 4.10 and 4.14
    level = log.getLogLevel()
    log.setLogLevel(0)
    try:
        yield
    finally:
        log.setLogLevel(level)
