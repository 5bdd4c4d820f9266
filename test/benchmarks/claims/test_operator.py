"""How runs of the operator's page are shown, and what they have to reach."""

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from benchmarks.claims.operator import CLAIM, OperatorRow, OperatorSettings, operator_table
from benchmarks.harness.page_viewers import delay_ms
from edgesr_ros.live.peers.bar_code import BITS, CELL, mark


@pytest.mark.parametrize(("told_ms", "shown_ms", "delay"), [(1234, 1254.5, 20.5), (4090, 4096 * 7 + 14, 20)])
def test_the_clock_in_the_picture_is_read_after_compression(told_ms, shown_ms, delay):
    noise = np.random.default_rng(3).integers(0, 256, (48, 256, 3), np.uint8)
    _, jpeg = cv2.imencode(".jpg", mark(noise, told_ms), [cv2.IMWRITE_JPEG_QUALITY, 80])
    shown = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    cells = [int(shown[-CELL // 2, CELL * bit + CELL // 2, 0]) for bit in range(BITS)]
    assert delay_ms(cells, shown_ms) == pytest.approx(delay)


def row(viewers, **changes):
    figures = {
        "shown_per_s": 24.9,
        "slowest_per_s": 24.8,
        "delay_p50_ms": 21.4,
        "delay_p95_ms": 35.2,
        "core_share": 0.09,
        "resident_mb": 150.0,
    }
    return OperatorRow(viewers=viewers, **figures | changes)


def goals(kept, enveloped, *rows):
    settings = OperatorSettings(camera="640x480 at 25 Hz", seconds=60.0)
    return list(kept(CLAIM, enveloped(CLAIM, settings, list(rows))).values())


def test_a_column_is_a_run(enveloped):
    settings = OperatorSettings(camera="640x480 at 25 Hz", seconds=60.0)
    text = operator_table(enveloped(CLAIM, settings, [row(1), row(10, delay_p95_ms=50.0)]))
    assert "|  | one viewer | 10 viewers |" in text
    assert "| from `image_sr` to the canvas, p50 / p95, ms | 21 / 35 | 21 / 50 |" in text


def test_each_goal_looks_at_its_own_run(kept, enveloped):
    assert goals(kept, enveloped, row(1), row(10)) == [True, True, True]
    busy = row(10, core_share=0.3, delay_p95_ms=99.0)
    assert goals(kept, enveloped, row(1, slowest_per_s=9.0), busy) == [True, True, True]
    late = row(1, core_share=0.11, delay_p95_ms=61.0)
    assert goals(kept, enveloped, late, row(10, slowest_per_s=23.9)) == [False, False, False]
