"""Measuring some of the pictures of a session, when it is over.

Not while it runs: the perceptual network takes a good part of a core, and even at the lowest priority it
slowed the super-resolution on the other core by two thirds. What measures must not change what is measured.
"""

import contextlib
import time
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from edgesr_ros.codecs.stills import decode
from edgesr_ros.errors import InputError
from edgesr_ros.frames.colour import three_channels
from edgesr_ros.frames.reduce import reduction
from edgesr_ros.quality.measure import Measurer
from edgesr_ros.quality.record import Recording
from edgesr_ros.quality.rows import FrameRow, Scores
from edgesr_ros.quality.strip import picture_strip
from edgesr_ros.upscaling.restore import restore

_MOST_SAMPLES = 64
_MOST_BYTES = 200_000_000
_MOMENTS = 4  # in the picture strip
_THREADS = 2

T = TypeVar("T")


class Sample(NamedTuple):
    """A picture that was shown, with what it came from."""

    row: FrameRow
    original: np.ndarray  # (H, W, 3) RGB or (H, W) grey, uint8
    # The compressed frame; one of a stream decoded, (h, w, 3) uint8 RGB. None: not known. A recorder that
    # begins in the middle of a stream cannot decode it, and for a recorder it does not begin anew.
    received: bytes | np.ndarray | None
    shown: np.ndarray  # as `original`


class Sampler:
    """Keeps samples that are evenly spread over a session, however long it gets, and scores them at its end.

    Args:
        rate: samples per second at most; halved each time that memory is full.

    Raises:
        InputError: the perceptual network is missing.
    """

    def __init__(self, rate: float) -> None:
        self._measurer = Measurer(_THREADS)
        self._period = 1 / rate
        self._samples: list[Sample] = []

    def offer(self, sample: Sample) -> None:
        """Keep a sample, if one is due."""
        # The distance counts, not the order: a clock may be set back.
        if self._samples and abs(sample.row.shown_s - self._samples[-1].row.shown_s) < self._period:
            return
        self._samples.append(sample)
        size = sum(kept.original.nbytes + kept.shown.nbytes for kept in self._samples)
        if len(self._samples) > _MOST_SAMPLES or size > _MOST_BYTES:
            self._samples = self._samples[::2]
            # Pictures may come more rarely than the rate: what comes now must not stand closer than they did.
            span = abs(self._samples[-1].row.shown_s - self._samples[0].row.shown_s)
            self._period = max(2 * self._period, span / max(1, len(self._samples) - 1))

    def measure(self, recording: Recording, patience: float) -> None:
        """Score the samples for up to `patience` seconds, those far apart first."""
        deadline = time.monotonic() + patience
        for sample in coarse_to_fine(self._samples):
            if time.monotonic() >= deadline:
                break
            # A picture that does not fit its original (a malformed message, say) stays without scores.
            with contextlib.suppress(InputError):
                recording.set_scores(sample.row.stamp_s, *self._scores(sample))

    def strips(self) -> list[np.ndarray]:
        """Picture strips of a few moments, evenly spread over the session."""
        strips: list[np.ndarray] = []
        known = [(sample, sample.received) for sample in self._samples if sample.received is not None]
        if not known:
            return strips
        for index in np.unique(np.linspace(0, len(known) - 1, _MOMENTS).round().astype(int)):
            with contextlib.suppress(InputError):
                sample, received = known[index]
                strips.append(_strip(sample, _decoded(received)))
        return strips

    def _scores(self, sample: Sample) -> tuple[Scores, Scores | None, float | None]:
        original, shown = three_channels(sample.original), three_channels(sample.shown)
        if sample.received is None:
            return self._measurer.scores(shown, original), None, None
        received = _decoded(sample.received)
        height, width = original.shape[:2]
        scale = reduction((width, height), (received.shape[1], received.shape[0]))
        return self._measurer.measure(original, received, shown, scale)


def coarse_to_fine(items: Sequence[T]) -> list[T]:
    """All items, in an order in which those of any beginning are spread over the whole."""
    step = 1
    while 2 * step < len(items):
        step *= 2
    ordered = list(items[::step])
    while step > 1:
        ordered += items[step // 2 :: step]
        step //= 2
    return ordered


def _decoded(received: bytes | np.ndarray) -> np.ndarray:
    return decode(received) if isinstance(received, bytes) else received


def _strip(sample: Sample, received: np.ndarray) -> np.ndarray:
    original, shown = three_channels(sample.original), three_channels(sample.shown)
    bicubic = restore(received, (original.shape[1], original.shape[0])).picture
    age = "age not known" if sample.row.age_ms is None else f"{sample.row.age_ms:.0f} ms old"
    caption = f"{sample.row.bytes} bytes, {age}"
    label = "super-resolved" if sample.row.method == "sr" else f"shown ({sample.row.method})"
    return picture_strip(original, received, bicubic, shown, caption, label)
