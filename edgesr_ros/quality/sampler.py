"""Measuring some of the pictures of a session while it runs, without slowing what is measured."""

import multiprocessing
import os
import signal
import threading
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from multiprocessing.connection import wait as wait_for_sentinel
from typing import NamedTuple

import cv2
import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.frames.codecs import decode
from edgesr_ros.frames.reduce import reduction
from edgesr_ros.frames.resize import resize_bicubic
from edgesr_ros.quality.measure import Measurer
from edgesr_ros.quality.record import FrameRow, Recording, Scores
from edgesr_ros.quality.strip import picture_strip

_WAITING = 16  # pictures that wait to be measured
_LOWEST_PRIORITY = 19  # nice value
_MOMENTS = 4  # in the picture strip


class Sample(NamedTuple):
    """A picture that was shown, with what it came from."""

    row: FrameRow
    original: np.ndarray  # (H, W, 3) RGB or (H, W) grey, uint8
    received: bytes  # the compressed frame
    shown: np.ndarray  # as `original`


class _Measured(NamedTuple):
    stamp_s: float
    sr: Scores
    bicubic: Scores
    consistency_db: float
    strip: np.ndarray | None


class Sampler:
    """A process of the lowest priority that scores samples; the scores are added to a recording.

    A process and not a thread: a thread of low priority that holds the interpreter's lock holds up the
    threads of high priority that wait for it, and the pictures would seem older than they are.

    Attributes:
        strips: picture strips of a few moments, evenly spread over the session; complete after `finish`.

    Raises:
        InputError: the perceptual network is missing.
    """

    def __init__(self, recording: Recording) -> None:
        _measurer()  # fails here, in one line, and not in the other process
        self.strips: list[np.ndarray] = []
        self._recording = recording
        self._strip_every, self._taken = 1, 0
        self._waiting: list[Future[_Measured]] = []
        self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _prepare)

    def offer(self, sample: Sample) -> bool:
        """Take a sample, unless as many as may wait are waiting; never blocks."""
        self._collect()
        if len(self._waiting) >= _WAITING:
            return False
        try:
            future = self._pool.submit(_measure, sample, self._taken % self._strip_every == 0)
        except BrokenProcessPool:
            return False
        self._waiting.append(future)
        self._taken += 1
        return True

    def finish(self, patience: float) -> None:
        """Measure what waits for up to `patience` seconds, then stop."""
        wait(self._waiting, patience)
        self._pool.shutdown(cancel_futures=True)
        self._collect()

    def _collect(self) -> None:
        """Record what has been measured."""
        while self._waiting and self._waiting[0].done():
            future = self._waiting.pop(0)
            # Without scores stay: what time did not suffice for, a picture that does not fit its original
            # (a malformed message, say), and what a process that was killed had left.
            if future.cancelled() or isinstance(future.exception(), (InputError, BrokenProcessPool)):
                continue
            stamp_s, sr, bicubic, consistency_db, strip = future.result()
            self._recording.set_scores(stamp_s, sr, bicubic, consistency_db)
            if strip is not None:
                self._keep(strip)

    def _keep(self, strip: np.ndarray) -> None:
        self.strips.append(strip)
        if len(self.strips) > _MOMENTS:
            # Half as many from now on: they stay evenly spread however long the session lasts.
            self.strips, self._strip_every = self.strips[::2], self._strip_every * 2


@cache
def _measurer() -> Measurer:
    return Measurer(threads=1)


def _prepare() -> None:
    """The other process: gives way to all others, outlives an interrupt, but not the session's process."""
    os.nice(_LOWEST_PRIORITY)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the session decides
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        wait_for_sentinel([parent.sentinel])
    os._exit(1)


def _measure(sample: Sample, with_strip: bool) -> _Measured:
    received = decode(sample.received)
    original, shown = _rgb(sample.original), _rgb(sample.shown)
    scale = reduction((original.shape[1], original.shape[0]), (received.shape[1], received.shape[0]))
    sr, bicubic, consistency_db = _measurer().measure(original, received, shown, scale)
    strip = _strip(sample.row, original, received, shown, scale) if with_strip else None
    return _Measured(sample.row.stamp_s, sr, bicubic, consistency_db, strip)


def _strip(
    row: FrameRow, original: np.ndarray, received: np.ndarray, shown: np.ndarray, scale: int
) -> np.ndarray:
    height, width = original.shape[:2]
    enlarged = resize_bicubic(received, received.shape[0] * scale, received.shape[1] * scale)
    caption = f"{row.bytes} bytes, {row.age_ms:.0f} ms old"
    label = "super-resolved" if row.method == "sr" else f"shown ({row.method})"
    return picture_strip(original, received, enlarged[:height, :width], shown, caption, label)


def _rgb(array: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(array, cv2.COLOR_GRAY2RGB) if array.ndim == 2 else array
