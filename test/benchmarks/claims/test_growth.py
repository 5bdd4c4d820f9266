"""Rates that rise until the pictures fall behind."""

from collections.abc import Iterator

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from benchmarks.claims.growth import CLAIM, growth_table, until_behind
from benchmarks.harness.chain import ChainRow, ChainSettings


@pytest.fixture
def at(chain_row):
    """The row of a rate."""

    def make(asked: float, shown: float, **changes: object) -> ChainRow:
        return chain_row(**{"fps_asked": asked, "fps_camera": asked, "fps_shown": shown} | changes)

    return make


@pytest.fixture
def lines(enveloped):
    """Those of the table of rows."""
    return lambda *rows: growth_table(enveloped(CLAIM, ChainSettings(seconds=12.0), list(rows))).splitlines()


def test_the_rate_rises_until_the_pictures_fall_behind_and_no_further(at) -> None:
    asked = []

    def rows() -> Iterator[ChainRow]:
        for rate, shown in ((25.0, 25.0), (50.0, 47.0), (75.0, 60.0), (100.0, 58.0)):
            asked.append(rate)
            yield at(rate, shown)

    assert [row.fps_shown for row in until_behind(rows())] == [25.0, 47.0, 60.0]
    assert asked == [25.0, 50.0, 75.0]


def test_growth_tells_when_it_was_the_camera_that_did_not_follow(at, lines) -> None:
    found = lines(at(25.0, 25.0), at(50.0, 40.0, fps_camera=41.0))
    assert (
        "| 1 × 640x480 | 25 | 25.0 | 9 / 11 | 30 / 40 | 2.0 / 2.0 / 2.0 | 20.0 | 25% / 12% | 202 |" in found
    )
    assert any(line.startswith("| 1 × 640x480 | 50 (sent 41.0) | 40.0 |") for line in found)
    assert found[-1] == "Most pictures per second and camera: 1 × 640x480 40.0."


def test_processor_time_of_several_cameras_is_that_of_a_picture_of_one(at, lines) -> None:
    nodes = ("onboard", "ground_station", "camera_1/frame_player", "observer")
    line = lines(at(25.0, 25.0, cameras=2, nodes=nodes))[4]
    assert line.split(" | ")[6] == "10.0"
