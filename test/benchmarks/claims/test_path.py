"""What the nodes add to the network."""

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from benchmarks.claims.path import CLAIM, PathRow, PathSettings, measure, path_table
from benchmarks.harness.camera import compressed
from benchmarks.harness.spread import Spread

TIME = Spread(p50=10.0, p95=12.0)


@pytest.mark.usefixtures("ros_domain")
def test_the_path_is_the_network_and_what_the_node_adds(picture: np.ndarray) -> None:
    row = measure("edgesrgan_tiny_x4_link_int8", [compressed(picture)], seconds=1.0)
    assert row.frames > 1
    assert row.stages_ms.keys() == {"decode", "upscale", "publish", "rest"}
    assert all(row.stages_ms[stage] > 0 for stage in ("decode", "upscale", "publish"))
    assert row.ratio == pytest.approx(row.path_ms.p50 / row.network_ms.p50, abs=0.01)


def test_each_family_has_its_goal(enveloped, kept) -> None:
    def row(model: str, ratio: float) -> PathRow:
        return PathRow(
            model=model,
            frames=9,
            bytes_per_frame=2500,
            network_ms=TIME,
            path_ms=Spread(p50=13.0, p95=15.0),
            ratio=ratio,
            delivered_ms=TIME,
            stages_ms={"decode": 0.5, "rest": 1.0},
        )

    settings = PathSettings(backend="onnxruntime", threads=2, seconds=1.0)
    rows = [row("edgesrgan_tiny_x4_link", 1.3), row("edgesrgan_x4_link", 1.3)]
    result = enveloped(CLAIM, settings, rows)
    text = path_table(result)
    assert "| `edgesrgan_tiny_x4_link` | 10.0 / 12.0 | 13.0 / 15.0 | 1.30 | 0.50 | 1.00 |" in text
    assert "| `edgesrgan_x4_link` | 10.0 / 12.0 | 13.0 / 15.0 | 1.30 | 0.50 | 1.00 |" in text
    assert kept(CLAIM, result) == {
        "path : network, the most of any EdgeSRGAN": False,
        "path : network, the most of any EdgeSRGAN-tiny": True,
    }
