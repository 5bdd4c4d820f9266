from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from launch_actions import Started
from launch_stand_in import perform


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A camera: twenty pictures 160x120 of a square that moves."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(20):
        picture = np.full((120, 160, 3), 60, np.uint8)
        picture[40:80, 5 * number : 5 * number + 40] = (40, 90, 220)
        cv2.imwrite(str(folder / f"{number:02}.png"), picture)
    return folder


@pytest.fixture
def starts(prefix: Path) -> Callable[..., Started]:
    """What an installed launch file would start, by the stand-in."""

    def starts(name: str, **given: str) -> Started:
        return perform(prefix / "share/edgesr_ros/launch" / f"{name}.launch.py", **given)

    return starts
