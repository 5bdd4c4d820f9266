"""Real nodes in processes of their own, and this process as the other side of their topics."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from ros_bench import Bench


@pytest.fixture
def bench(tmp_path: Path, ros_domain: int) -> Iterator[Bench]:
    bench = Bench(tmp_path, ros_domain)
    yield bench
    bench.close()


@pytest.fixture
def picture() -> np.ndarray:
    """A 64x48 picture with smooth areas and edges, (48, 64, 3) uint8 RGB."""
    y, x = np.mgrid[:48, :64]
    smooth = np.stack([4 * x, 5 * y, 2 * (x + y)], axis=-1)
    smooth[12:30, 20:40] = (200, 40, 90)
    return smooth.clip(0, 255).astype(np.uint8)
