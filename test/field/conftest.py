"""Fixtures of the tests of what people really have: as found in the field, over DDS where it counts."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ros_bench import Bench


@pytest.fixture
def bench(tmp_path: Path, ros_domain: int) -> Iterator["Bench"]:
    """As of test/ros; only what needs it is skipped where ROS 2 is not installed."""
    pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")
    from ros_bench import Bench

    bench = Bench(tmp_path, ros_domain)
    yield bench
    bench.close()
