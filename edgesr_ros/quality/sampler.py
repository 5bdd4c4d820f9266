"""Measuring some of the pictures of a session while it runs, without slowing what is measured."""

import contextlib
import os
import queue
import threading
from typing import NamedTuple

import cv2
import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.frames.codecs import decode
from edgesr_ros.frames.reduce import reduction
from edgesr_ros.frames.resize import resize_bicubic
from edgesr_ros.quality.measure import Measurer
from edgesr_ros.quality.record import FrameRow, Recording
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


class Sampler:
    """A thread of the lowest priority that scores samples and adds the scores to a recording.

    Attributes:
        strips: picture strips of a few moments, evenly spread over the session; complete after `finish`.
    """

    def __init__(self, recording: Recording, measurer: Measurer) -> None:
        self.strips: list[np.ndarray] = []
        self._recording, self._measurer = recording, measurer
        self._strip_every, self._measured = 1, 0
        self._samples: queue.Queue[Sample | None] = queue.Queue(_WAITING)
        self._abandoned = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def offer(self, sample: Sample) -> bool:
        """Take a sample, unless as many as may wait are waiting; never blocks."""
        with contextlib.suppress(queue.Full):
            self._samples.put_nowait(sample)
            return True
        return False

    def finish(self, patience: float) -> None:
        """Measure what waits for up to `patience` seconds, then stop."""
        timer = threading.Timer(patience, self._abandoned.set)
        timer.start()
        self._samples.put(None)
        self._thread.join()
        timer.cancel()

    def _run(self) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST_PRIORITY)
        while (sample := self._samples.get()) is not None:
            # A picture that does not fit its original (a malformed message, say) stays without scores.
            with contextlib.suppress(InputError):
                if not self._abandoned.is_set():
                    self._measure(sample)

    def _measure(self, sample: Sample) -> None:
        received = decode(sample.received)
        original, shown = _rgb(sample.original), _rgb(sample.shown)
        scale = reduction((original.shape[1], original.shape[0]), (received.shape[1], received.shape[0]))
        scores = self._measurer.measure(original, received, shown, scale)
        self._recording.set_scores(sample.row.stamp_s, *scores)
        if self._measured % self._strip_every == 0:
            self._keep_moment(sample.row, original, received, shown, scale)
        self._measured += 1

    def _keep_moment(
        self, row: FrameRow, original: np.ndarray, received: np.ndarray, shown: np.ndarray, scale: int
    ) -> None:
        height, width = original.shape[:2]
        enlarged = resize_bicubic(received, received.shape[0] * scale, received.shape[1] * scale)
        caption = f"{row.bytes} bytes, {row.age_ms:.0f} ms old"
        label = "super-resolved" if row.method == "sr" else f"shown ({row.method})"
        bicubic = enlarged[:height, :width]
        self.strips.append(picture_strip(original, received, bicubic, shown, caption, label))
        if len(self.strips) > _MOMENTS:
            # Half as many from now on: they stay evenly spread however long the session lasts.
            self.strips, self._strip_every = self.strips[::2], self._strip_every * 2


def _rgb(array: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(array, cv2.COLOR_GRAY2RGB) if array.ndim == 2 else array
