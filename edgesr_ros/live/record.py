"""What the watchers of a real run wrote down, as the run that a simulation gives."""

import zlib
from bisect import bisect_right
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from typing_extensions import Buffer

from edgesr_ros.experiment.simulation import Glance, Picture, Run, Shown

# Lines of numbers, the header stamp in ns first. Of what was sent and shown, the time in ns since 1970
# follows, then of what was sent the bytes. Of the camera's frames it is their fingerprint: numbers counted
# would be wrong from the first frame on that was missed. Arrivals may be told more than once.
CAMERA, SENT, ARRIVED, SHOWN = "camera.txt", "sent.txt", "arrived.txt", "shown.txt"


def fingerprint(pixels: Buffer) -> int:
    """What tells a frame of the camera from the others."""
    return zlib.crc32(pixels)


class Window(NamedTuple):
    """What the link carried in the time that counts."""

    start_ns: int
    seconds: float
    used_bytes: int


def read_record(record: Path, window: Window, frames: Mapping[int, int]) -> tuple[Run, list[Glance]]:
    """What the watchers wrote, within the window; times from its beginning.

    Args:
        frames: by fingerprint the numbers of the camera's frames.
    """
    end_ns = window.start_ns + round(window.seconds * 1e9)
    numbers = {stamp: frames[mark] for stamp, mark in _lines(record / CAMERA) if mark in frames}
    camera = list(numbers)
    sizes = {stamp: size for stamp, _, size in _lines(record / SENT)}
    arrived = {stamp for (stamp,) in _lines(record / ARRIVED)}

    def seconds(ns: int) -> float:
        return (ns - window.start_ns) * 1e-9

    sent = [(stamp, at, size) for stamp, at, size in _lines(record / SENT) if window.start_ns <= at < end_ns]
    shown = [
        Shown(seconds(at), numbers.get(stamp, 0), (at - stamp) * 1e-9, sizes.get(stamp, 0))
        for stamp, at in _lines(record / SHOWN)
        if window.start_ns <= at < end_ns
    ]
    lost = sum(stamp not in arrived for stamp, _, _ in sent)
    run = Run(
        window.seconds,
        shown,
        [(seconds(at), size) for _, at, size in sent],
        {"queue": lost} if lost else {},
        window.used_bytes,
    )
    glances = []
    for path in sorted(record.glob("screen_*.npz"), key=lambda path: int(path.stem.partition("_")[2])):
        at_ns = int(path.stem.partition("_")[2])
        if window.start_ns <= at_ns < end_ns:
            taken = bisect_right(camera, at_ns)
            if taken:
                seen = numbers[camera[taken - 1]]
                glances.append(Glance(seconds(at_ns), seen, *_screen(path, numbers)))
    return run, glances


def _screen(path: Path, numbers: Mapping[int, int]) -> tuple[Picture | None, Picture | None]:
    """What is on the screen, and what was before."""
    with np.load(path) as saved:
        pictures: list[Picture | None] = [
            Picture(numbers.get(int(stamp), 0), saved[f"picture{index}"], factor=1, size=0)
            for index, stamp in enumerate(saved["stamps"])
        ]
    newest_first: list[Picture | None] = [*reversed(pictures), None, None]
    return newest_first[0], newest_first[1]


def _lines(path: Path) -> list[tuple[int, ...]]:
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    whole = text[: text.rfind("\n") + 1]  # the last line may be cut short
    return [tuple(map(int, line.split())) for line in whole.splitlines()]
