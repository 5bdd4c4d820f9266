"""What the two processes of a peer write down, and how it becomes the run that a simulation gives.

A peer's frames carry no stamp: a picture is known by the position in the recording that its bar code tells,
and when it was taken by what the camera's end noted.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, TextIO

import numpy as np

from edgesr_ros.experiment.simulation import Glance, Run, Shown
from edgesr_ros.live.record import ARRIVED, CAMERA, SENT, SHOWN, Window, lines
from edgesr_ros.live.screens import read_screens, write_screen

# Lines of numbers, the time in ns since 1970 first: of the camera's and the shown pictures their positions
# follow, of the sent ones their bytes, of those that arrived nothing.
_LONGEST = 20.0  # s: a picture older than that is none of this run
_USUAL = 0.1  # s: age of the first picture, where it was on the screen already


class Recorder:
    """Writes what one end of a peer does into a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, TextIO] = {}

    def camera(self, at_ns: int, position: int) -> None:
        """The camera took a frame."""
        self._add(CAMERA, at_ns, position)

    def sent(self, at_ns: int, size: int) -> None:
        """A frame of so many bytes was sent."""
        self._add(SENT, at_ns, size)

    def arrived(self, at_ns: int) -> None:
        """A frame arrived whole."""
        self._add(ARRIVED, at_ns)

    def shown(self, at_ns: int, position: int) -> None:
        """A picture appeared."""
        self._add(SHOWN, at_ns, position)

    def screen(self, at_ns: int, pictures: Sequence[tuple[int, np.ndarray]]) -> None:
        """What was on the screen: the last two with their positions, (H, W, 3) uint8 RGB, oldest first."""
        write_screen(self._folder, at_ns, pictures)

    def _add(self, name: str, *numbers: int) -> None:
        if name not in self._files:
            self._files[name] = (self._folder / name).open("w", encoding="utf-8", buffering=1)
        self._files[name].write(" ".join(map(str, numbers)) + "\n")

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files.values():
            file.close()


class _Taken(NamedTuple):
    at_ns: int
    position: int


def read_peer(record: Path, window: Window) -> tuple[Run, list[Glance]]:
    """What a peer's processes wrote, within the window; as `live.record.read_record`."""
    end_ns = window.start_ns + round(window.seconds * 1e9)
    camera = [_Taken(*line) for line in lines(record / CAMERA)]

    def seconds(ns: int) -> float:
        return (ns - window.start_ns) * 1e-9

    def within(name: str) -> list[tuple[int, ...]]:
        return [line for line in lines(record / name) if window.start_ns <= line[0] < end_ns]

    sent = [(seconds(at), size) for at, size in within(SENT)]
    lost = max(0, len(sent) - len(within(ARRIVED)))
    ages = dict(_ages([_Taken(*line) for line in lines(record / SHOWN)], camera))
    shown = [Shown(seconds(at), position, ages[at], 0) for at, position in within(SHOWN) if at in ages]
    run = Run(window.seconds, shown, sent, {"queue": lost} if lost else {}, window.used_bytes)
    glances = []
    for screen in read_screens(record, lambda position: position):
        taken = bisect_right(camera, screen.at_ns, key=_time)
        if window.start_ns <= screen.at_ns < end_ns and taken:
            seen = camera[taken - 1].position
            glances.append(Glance(seconds(screen.at_ns), seen, screen.newest, screen.before))
    return run, glances


def _ages(shown: Sequence[_Taken], camera: Sequence[_Taken]) -> list[tuple[int, float]]:
    """When a picture appeared, and its age then, s; without those that the camera never took.

    Recordings are played forwards and back, so that a position comes twice within a short time where they
    turn: it was taken after the picture before it, and of such moments at that which makes it about as old.
    """
    ages: list[tuple[int, float]] = []
    last_ns, age = 0, _USUAL
    for at_ns, position in shown:
        first = bisect_left(camera, max(last_ns, at_ns - round(_LONGEST * 1e9)), key=_time)
        past = bisect_left(camera, at_ns, key=_time)
        fits = [taken.at_ns for taken in camera[first:past] if taken.position == position]
        if fits:
            last_ns = min(fits, key=lambda taken_ns: abs((at_ns - taken_ns) * 1e-9 - age))
            age = (at_ns - last_ns) * 1e-9
            ages.append((at_ns, age))
    return ages


def _time(taken: _Taken) -> int:
    return taken.at_ns
