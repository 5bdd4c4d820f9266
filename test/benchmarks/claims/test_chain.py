"""How runs of the chain are shown, and what they have to reach."""

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from benchmarks.claims.chain import CLAIM, chain_table
from benchmarks.harness.chain import ChainSettings


@pytest.fixture
def result(chain_row, enveloped):
    return enveloped(CLAIM, ChainSettings(seconds=12.0), [chain_row(onboard={}), chain_row()])


def test_the_chain_at_its_usual_rate(result) -> None:
    text = chain_table(result)
    assert "| of the machine: nodes / camera and observer | 25% / 12% | 25% / 12% |" in text
    assert "|  | all by default | onboard with `ladder: none` |" in text


def test_the_machine_is_taken_account_of_where_frames_are_enlarged(chain_row, enveloped, kept) -> None:
    def goals(default: float, reduced: float) -> dict[str, bool]:
        rows = [
            chain_row(onboard={}, machine_share=default, fps_shown=24.6),
            chain_row(machine_share=reduced, fps_shown=24.4),
        ]
        return kept(CLAIM, enveloped(CLAIM, ChainSettings(seconds=12.0), rows))

    share = "taken of the machine by the nodes, frames reduced four times"
    assert goals(0.5, 0.35)[share]
    assert not goals(0.3, 0.36)[share]
    assert goals(0.5, 0.35)["pictures shown per second, all by default"]
    assert not goals(0.5, 0.35)["pictures shown per second, frames reduced four times"]
