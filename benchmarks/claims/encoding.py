"""What the robot does to a frame, on one core: it is reduced four times and encoded."""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import cv2
import numpy as np

from benchmarks.harness.camera import CAMERA, SCALE, spread_frames
from benchmarks.harness.claim import Claim
from benchmarks.harness.evidence import Result
from benchmarks.harness.goals import Goal, most
from benchmarks.harness.markdown import number, table
from benchmarks.harness.spread import Spread, spread
from edgesr_ros.codecs.stills import encode
from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.schema import Struct

_CODEC, _QUALITIES = "webp", (50, 70, 90)


class EncodingSettings(Struct):
    """What all rows have in common."""

    codec: str
    width: int  # of the camera's frame
    height: int
    scale: int  # that both are divided by


class EncodingRow(Struct):
    """A camera's frame → what is sent, on one core."""

    quality: int  # of WebP
    bytes_per_frame: float
    reduce_ms: Spread
    encode_ms: Spread
    total_ms: Spread


EncodingResult = Result[EncodingSettings, list[EncodingRow]]


def measure(pictures: Sequence[np.ndarray], quality: int) -> EncodingRow:
    """Reduce and encode each of the pictures, (H, W, 3) uint8 RGB, at a quality of WebP."""
    reduce_ms, encode_ms, sizes = [], [], []
    with _one_core():
        for picture in (*pictures, *pictures):
            began = time.perf_counter()
            small = reduce_frame(picture, SCALE)
            reduced = time.perf_counter()
            sizes.append(len(encode(small, _CODEC, quality)))
            encode_ms.append(1e3 * (time.perf_counter() - reduced))
            reduce_ms.append(1e3 * (reduced - began))
    half = len(pictures)  # the first round is for warming up
    total = [first + second for first, second in zip(reduce_ms[half:], encode_ms[half:], strict=True)]
    return EncodingRow(
        quality=quality,
        bytes_per_frame=round(float(np.mean(sizes))),
        reduce_ms=spread(reduce_ms[half:]),
        encode_ms=spread(encode_ms[half:]),
        total_ms=spread(total),
    )


@contextmanager
def _one_core() -> Iterator[None]:
    cores, threads = os.sched_getaffinity(0), cv2.getNumThreads()
    os.sched_setaffinity(0, {min(cores)})
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
        cv2.setNumThreads(threads)


def encoding_table(result: EncodingResult) -> str:
    """A line for each quality."""
    lines = [
        (
            f"{row.quality}",
            number(row.bytes_per_frame, 0),
            number(row.reduce_ms.p50, 2),
            number(row.encode_ms.p50, 2),
            row.total_ms.text(2),
        )
        for row in result.rows
    ]
    given = result.settings
    small = f"{given.width // given.scale}x{given.height // given.scale}"
    head = ("WebP quality", "bytes", "reduce, ms", "encode, ms", "both p50 / p95, ms")
    return f"{given.width}x{given.height} to {small} WebP on one core.\n\n{table(head, lines)}"


GOALS = (
    Goal[EncodingResult](
        "reduced and encoded, p95, the longest of any quality",
        "≤",
        4,
        "ms",
        lambda result: most(row.total_ms.p95 for row in result.rows),
        digits=2,
    ),
)

CLAIM = Claim(
    name="encoding",
    title="What the robot does to a frame",
    about="The robot's half of the work, where frames are reduced.",
    reading="A line is a quality; reducing and encoding are medians.",
    result=EncodingResult,
    table=encoding_table,
    goals=GOALS,
)


def main() -> int:
    """Entry point."""
    return CLAIM.run(CLAIM.arguments(__doc__), _run)


def _run(given: argparse.Namespace) -> None:
    pictures = spread_frames()
    rows = [measure(pictures, quality) for quality in _QUALITIES]
    for row in rows:
        print(
            f"quality {row.quality}, {row.bytes_per_frame:.0f} bytes: reduce {row.reduce_ms.p50:.2f} ms, "
            f"encode {row.encode_ms.p50:.2f}, both p95 {row.total_ms.p95:.2f}"
        )
    settings = EncodingSettings(codec=_CODEC, width=CAMERA.width, height=CAMERA.height, scale=SCALE)
    CLAIM.write(given, settings, rows)


if __name__ == "__main__":
    sys.exit(main())
