"""What the robot does to a frame."""

import os

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from benchmarks.claims.encoding import (
    CLAIM,
    AutoRow,
    EncodingRow,
    EncodingRows,
    EncodingSettings,
    encoding_table,
    measure,
    measure_auto,
)
from benchmarks.harness.spread import Spread
from edgesr_ros.experiment.footage import Footage

TIME = Spread(p50=10.0, p95=12.0)


def test_encoding_is_measured_on_one_core_and_all_are_given_back(picture: np.ndarray) -> None:
    cores, threads = os.sched_getaffinity(0), cv2.getNumThreads()
    coarse, fine = (measure([picture], quality) for quality in (20, 90))
    assert coarse.bytes_per_frame < fine.bytes_per_frame
    assert fine.total_ms.p50 == pytest.approx(fine.reduce_ms.p50 + fine.encode_ms.p50, abs=0.02)
    assert (os.sched_getaffinity(0), cv2.getNumThreads()) == (cores, threads)


def test_what_is_sent_by_default_is_timed_frame_by_frame(picture: np.ndarray) -> None:
    footage = Footage("still", [picture])
    slow, fast = (measure_auto(footage, link, 1.0) for link in ("constant_300kbps", "wifi_good"))
    assert min(slow.frames, fast.frames) > 10
    assert slow.bytes_per_frame < fast.bytes_per_frame
    assert 0 < slow.cpu_ms.p50 <= slow.cpu_ms.p95
    assert slow.wall_ms.p50 > 0


def test_the_table_has_a_line_for_each_link_and_quality(enveloped, kept) -> None:
    auto = AutoRow(link="a_link", bytes_per_frame=1000, frames=50, wall_ms=TIME, cpu_ms=TIME)
    row = EncodingRow(quality=70, bytes_per_frame=2500, reduce_ms=TIME, encode_ms=TIME, total_ms=TIME)
    settings = EncodingSettings(codec="webp", width=640, height=480, scale=4)
    result = enveloped(CLAIM, settings, EncodingRows(auto=[auto], reduced=[row]))
    text = encoding_table(result)
    assert "640x480 to 160x120" in text
    assert "| `a_link` | 1,000 | 50 | 10.00 / 12.00 | 10.00 / 12.00 |" in text
    assert "| 70 | 2,500 | 10.00 | 10.00 | 10.00 / 12.00 |" in text
    assert not any(kept(CLAIM, result).values())
