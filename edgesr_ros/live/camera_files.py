"""A recording as files, for the cameras of an experiment in real time."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from edgesr_ros.experiment.footage import Footage
from edgesr_ros.live.peers.y4m import write_y4m
from edgesr_ros.live.record import fingerprint
from edgesr_ros.sources.files import write_image


class CameraFiles(NamedTuple):
    """What the cameras take, until it repeats.

    Attributes:
        frames: for each a folder of pictures that are read fast; each begins elsewhere in the recording.
        numbers: of the recording's pictures, by fingerprint.
        recording: the first camera's in one file, where there are peers.
    """

    frames: list[Path]
    numbers: dict[int, int]
    recording: Path


def write_camera(footage: Footage, folder: Path, cameras: int, rate_hz: float | None) -> CameraFiles:
    """Write it into a folder; with a rate, for peers as well."""
    first, *others = (folder / f"camera_{number + 1}" for number in range(cameras))
    files = CameraFiles([first, *others], {}, folder / "camera.y4m")
    names = [f"{number:05}.bmp" for number in range(footage.period)]
    for number, name in enumerate(names):
        picture = footage.picture(number)
        write_image(first / name, picture)
        files.numbers[fingerprint(np.ascontiguousarray(picture).data)] = number
    for place, other in enumerate(others, 1):
        other.mkdir()
        later = place * len(footage) // cameras
        for name, source in zip(names, names[later:] + names[:later], strict=True):
            (other / name).hardlink_to(first / source)
    if rate_hz is not None:
        write_y4m(files.recording, footage, rate_hz)
    return files
