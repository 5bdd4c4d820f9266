"""Start and idleness of the nodes, with real ones."""

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from benchmarks.claims.idle import (
    CLAIM,
    RECEIVED,
    SENT,
    IdleRow,
    IdleRows,
    IdleSettings,
    NodeUnderTest,
    StartRow,
    idle_rows,
    idle_table,
    start_seconds,
)
from benchmarks.harness.camera import compressed
from edgesr_ros.errors import InputError

FRAME = compressed(np.full((48, 64, 3), 90, np.uint8))
LINK = {"profile": "unlimited"}


@pytest.mark.usefixtures("ros_domain")
def test_a_start_ends_with_the_first_message() -> None:
    seconds = start_seconds(NodeUnderTest("link_emulator", LINK, RECEIVED, SENT, FRAME), stay=0.2)
    assert 0.05 < seconds < 20  # a process starts, no more


@pytest.mark.usefixtures("ros_domain")
def test_a_node_that_fails_to_start_is_an_error() -> None:
    with pytest.raises(InputError, match=r"link_emulator failed: .*no_such_link"):
        start_seconds(NodeUnderTest("link_emulator", {"profile": "no_such_link"}, RECEIVED, SENT, FRAME))


@pytest.mark.usefixtures("ros_domain")
def test_nodes_that_nobody_listens_to_are_idle() -> None:
    (row,) = idle_rows([NodeUnderTest("onboard", {}, SENT)], seconds=1.0)
    assert row.node == "onboard"
    assert row.core_share < 0.5
    assert row.resident_mb > 10


@pytest.fixture
def result(enveloped):
    nodes = ("onboard", "frame_player")
    return enveloped(
        CLAIM,
        IdleSettings(camera="a camera", idle_seconds=20.0),
        IdleRows(
            starts=[StartRow(node=node, starts=3, p50_s=0.5, max_s=0.75) for node in nodes],
            idle=[
                IdleRow(node=node, core_share=share, resident_mb=99.6)
                for node, share in zip(nodes, (0.012, 0.07), strict=True)
            ],
        ),
    )


def test_the_table_has_a_line_for_each_node(result) -> None:
    text = idle_table(result)
    assert "| `onboard` | 0.50 (0.75) | 1.2% | 100 |" in text
    assert "| `frame_player` | 0.50 (0.75) | 7.0% (it publishes) | 100 |" in text


def test_a_camera_that_publishes_is_not_idle(result, kept) -> None:
    assert all(kept(CLAIM, result).values())
    assert {(goal.asked(), goal.found(result)) for goal in CLAIM.goals} == {
        ("≤ 2 s", "0.75 s"),
        ("≤ 2 %", "1.2 %"),
    }
