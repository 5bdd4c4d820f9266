"""What the watchers of a real run wrote down, as the run that a simulation gives."""

import zlib
from bisect import bisect_right
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from typing_extensions import Buffer

from edgesr_ros.experiment.simulation import Glance, Run, Shown
from edgesr_ros.live.screens import read_screens

# Lines of numbers, the header stamp in ns first. Of what was sent and shown, the time in ns since 1970
# follows, then of what was sent the bytes and, where it has one, the frame's number; a frame that travels in
# parts, or again, has a line for each. Of the camera's frames it is their fingerprint: numbers counted would
# be wrong from the first frame on that was missed. Arrivals may be told more than once, by the number or else
# by the stamp.
CAMERA, SENT, ARRIVED, SHOWN = "camera.txt", "sent.txt", "arrived.txt", "shown.txt"
READY = "ready.txt"  # says that the receiver is there


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
    numbers = {stamp: frames[mark] for stamp, mark in lines(record / CAMERA) if mark in frames}
    camera = list(numbers)
    sizes: dict[int, int] = {}
    first: dict[int, tuple[int, ...]] = {}  # line of a frame
    for line in lines(record / SENT):
        sizes[line[0]] = sizes.get(line[0], 0) + line[2]
        first.setdefault(line[0], line)
    arrived = {known for (known,) in lines(record / ARRIVED)} | {stamp for stamp, _ in lines(record / SHOWN)}

    def seconds(ns: int) -> float:
        return (ns - window.start_ns) * 1e-9

    sent = [line for line in first.values() if window.start_ns <= line[1] < end_ns]
    shown = [
        Shown(seconds(at), numbers.get(stamp, 0), (at - stamp) * 1e-9, sizes.get(stamp, 0))
        for stamp, at in lines(record / SHOWN)
        if window.start_ns <= at < end_ns
    ]
    lost = sum(arrived.isdisjoint((line[0], *line[3:])) for line in sent)
    run = Run(
        window.seconds,
        shown,
        [(seconds(line[1]), sizes[line[0]]) for line in sent],
        {"queue": lost} if lost else {},
        window.used_bytes,
    )
    glances = []
    for screen in read_screens(record, lambda stamp: numbers.get(stamp, 0)):
        taken = bisect_right(camera, screen.at_ns)
        if window.start_ns <= screen.at_ns < end_ns and taken:
            seen = numbers[camera[taken - 1]]
            glances.append(Glance(seconds(screen.at_ns), seen, screen.newest, screen.before))
    return run, glances


def lines(path: Path) -> list[tuple[int, ...]]:
    """The numbers of each whole line of a file; none where there is no file."""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    whole = text[: text.rfind("\n") + 1]  # the last line may be cut short
    return [tuple(map(int, line.split())) for line in whole.splitlines()]
