"""What must hold for long."""

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from benchmarks.claims.soak import CLAIM, soak_table
from benchmarks.harness.chain import ChainSettings


def test_soak_shows_memory_of_the_nodes_beside_its_goal(chain_row, enveloped, kept) -> None:
    result = enveloped(CLAIM, ChainSettings(seconds=12.0), [chain_row()])
    text = soak_table(result)
    assert "| `onboard`: memory from 3 s on, MB | 100 ± 3.0 (+0.50 a minute) |" in text
    assert "frame_player" not in text
    assert "| 30 / 40 / 50 |" in text
    assert all(kept(CLAIM, result).values())
    found = {goal.name: (goal.asked(), goal.found(result)) for goal in CLAIM.goals}
    assert ("≤ 5 MB", "3.0 MB") in found.values()
    assert found["age p99 : p50"] == ("≤ 2", "1.67")


def test_a_frame_that_is_not_shown_counts(chain_row, enveloped, kept) -> None:
    result = enveloped(CLAIM, ChainSettings(seconds=12.0), [chain_row(frames_shown=299, age_p99_ms=61.0)])
    missed = [name for name, met in kept(CLAIM, result).items() if not met]
    assert missed == ["frames sent and not shown", "age p99 : p50"]
