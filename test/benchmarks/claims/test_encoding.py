"""What the robot does to a frame."""

import os

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from benchmarks.claims.encoding import CLAIM, EncodingRow, EncodingSettings, encoding_table, measure
from benchmarks.harness.spread import Spread

TIME = Spread(p50=10.0, p95=12.0)


def test_encoding_is_measured_on_one_core_and_all_are_given_back(picture: np.ndarray) -> None:
    cores, threads = os.sched_getaffinity(0), cv2.getNumThreads()
    coarse, fine = (measure([picture], quality) for quality in (20, 90))
    assert coarse.bytes_per_frame < fine.bytes_per_frame
    assert fine.total_ms.p50 == pytest.approx(fine.reduce_ms.p50 + fine.encode_ms.p50, abs=0.02)
    assert (os.sched_getaffinity(0), cv2.getNumThreads()) == (cores, threads)


def test_the_table_has_a_line_for_each_quality(enveloped, kept) -> None:
    row = EncodingRow(quality=70, bytes_per_frame=2500, reduce_ms=TIME, encode_ms=TIME, total_ms=TIME)
    result = enveloped(CLAIM, EncodingSettings(codec="webp", width=640, height=480, scale=4), [row])
    text = encoding_table(result)
    assert text.startswith("640x480 to 160x120")
    assert "| 70 | 2,500 | 10.00 | 10.00 | 10.00 / 12.00 |" in text
    assert not any(kept(CLAIM, result).values())
