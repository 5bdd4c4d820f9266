from pathlib import Path

import cv2
import numpy as np
import pytest

from edgesr_ros.experiment.footage import Footage
from edgesr_ros.sources.files import write_image

SIZE = (96, 128)  # rows, columns


def scene(number):
    """A picture of broad shapes and fine stripes that moves sideways."""
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]] + 3 * number
    red = 128 + 90 * np.sin(columns / 9) * np.cos(rows / 13)
    stripes = 40 * ((columns // 4) % 2)
    rgb = np.stack([red, red / 2 + stripes, 200 - red / 2], axis=2)
    return np.clip(cv2.GaussianBlur(rgb, (3, 3), 0.7), 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def footage() -> Footage:
    return Footage("moving", [scene(number) for number in range(20)])


@pytest.fixture(scope="session")
def recording(tmp_path_factory) -> Path:
    """The path of a recording of twelve pictures."""
    folder = tmp_path_factory.mktemp("recording") / "shapes"
    for number in range(12):
        write_image(folder / f"{number:02}.png", scene(number))
    return folder
