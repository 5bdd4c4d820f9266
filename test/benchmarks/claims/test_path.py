"""What the nodes add to the network."""

import os

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from benchmarks.claims.path import encoding_row, measure
from benchmarks.claims.path_tables import path_table
from benchmarks.harness.camera import compressed
from benchmarks.harness.evidence import EncodingRow, Machine, PathResult, PathRow, Spread, spread

TIME = Spread(p50=10.0, p95=12.0)


@pytest.fixture
def picture() -> np.ndarray:
    """(480, 640, 3) uint8 with something to encode."""
    rng = np.random.default_rng(5)
    return cv2.resize(rng.integers(0, 255, (30, 40, 3), np.uint8), (640, 480), interpolation=cv2.INTER_CUBIC)


@pytest.mark.usefixtures("ros_domain")
def test_the_path_is_the_network_and_what_the_node_adds(picture: np.ndarray) -> None:
    row = measure("edgesrgan_tiny_x4_link_int8", [compressed(picture)], seconds=1.0)
    assert row.frames > 1
    assert row.stages_ms.keys() == {"decode", "upscale", "publish", "rest"}
    assert min(row.stages_ms.values()) > 0
    assert row.path_ms.p50 < row.delivered_ms.p50
    assert row.ratio == pytest.approx(row.path_ms.p50 / row.network_ms.p50, abs=0.01)


def test_encoding_is_measured_on_one_core_and_all_are_given_back(picture: np.ndarray) -> None:
    cores, threads = os.sched_getaffinity(0), cv2.getNumThreads()
    coarse, fine = (encoding_row([picture], quality) for quality in (20, 90))
    assert coarse.bytes_per_frame < fine.bytes_per_frame
    assert fine.total_ms.p50 == pytest.approx(fine.reduce_ms.p50 + fine.encode_ms.p50, abs=0.02)
    assert (os.sched_getaffinity(0), cv2.getNumThreads()) == (cores, threads)


def test_spread() -> None:
    assert spread([float(value) for value in range(101)]) == Spread(p50=50.0, p95=95.0)


def test_each_family_has_its_goal() -> None:
    def row(model: str) -> PathRow:
        return PathRow(
            model=model,
            backend="onnxruntime",
            threads=2,
            frames=9,
            bytes_per_frame=2500,
            network_ms=TIME,
            path_ms=Spread(p50=13.0, p95=15.0),
            ratio=1.3,
            delivered_ms=TIME,
            stages_ms={"decode": 0.5, "rest": 1.0},
        )

    encoding = EncodingRow(quality=70, bytes_per_frame=2500, reduce_ms=TIME, encode_ms=TIME, total_ms=TIME)
    rows = [row("edgesrgan_tiny_x4_link"), row("edgesrgan_x4_link")]
    text = path_table(PathResult(machine=Machine(cpu="a CPU", cores=2), rows=rows, encoding=[encoding]))
    assert "| `edgesrgan_tiny_x4_link` | 10.0 / 12.0 | 13.0 / 15.0 | 1.30 | ≤ 1.60 | 0.50 | 1.00 |" in text
    assert "| `edgesrgan_x4_link` | 10.0 / 12.0 | 13.0 / 15.0 | 1.30 | ≤ 1.20 | 0.50 | 1.00 |" in text
    assert "| 70 | 2,500 | 10.00 | 10.00 | 10.00 / 12.00 | ≤ 4 |" in text
