"""What must hold for an hour of a lossy link."""

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from benchmarks.claims.endurance import CLAIM, EnduranceRow, endurance_table, left_over, longest_gap
from benchmarks.harness.chain import ChainSettings


class Told:
    """An observer that was told these counts."""

    def __init__(self, dropped: dict[str, int], **counts: int) -> None:
        self._dropped, self._counts = dropped, counts

    def dropped(self) -> dict[str, int]:
        return self._dropped

    def count(self, node: str, name: str) -> int:
        return self._counts[f"{node}_{name}"] if node == "onboard" else 0


def test_what_goes_on_or_is_dropped_is_accounted_for() -> None:
    observer = Told(
        {"onboard: paced": 2, "ground_station: late": 1}, onboard_frames_in=10, onboard_frames_out=7
    )
    assert left_over(observer) == {"onboard": 1, "link_emulator": 0, "ground_station": -1}


def test_a_gap_may_be_at_either_end() -> None:
    assert longest_gap([1.0, 1.5, 2.0], 0.0, 2.5) == 1.0
    assert longest_gap([1.0, 1.5, 2.0], 1.0, 5.0) == 3.0
    assert longest_gap([], 1.0, 5.0) == 4.0


def test_the_table_shows_what_is_asked_of_it(chain_row, enveloped, kept) -> None:
    row = EnduranceRow(
        chain=chain_row(dropped={"onboard: paced": 9}), longest_gap_s=0.5, unaccounted={"onboard": 0}
    )
    result = enveloped(CLAIM, ChainSettings(seconds=12.0), [row])
    text = endurance_table(result)
    assert "| longest time without a new picture, s | 0.50 |" in text
    assert "| dropped, onboard: paced | 9 |" in text
    assert all(kept(CLAIM, result).values())
    stuck = EnduranceRow(chain=chain_row(out_of_order=1), longest_gap_s=3.0, unaccounted={"onboard": -1})
    assert sum(kept(CLAIM, enveloped(CLAIM, ChainSettings(seconds=12.0), [stuck])).values()) == 1
