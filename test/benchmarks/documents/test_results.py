"""The README says what was measured, and what the nodes declare."""

from pathlib import Path

import pytest

from benchmarks.documents.results import README, result_tables
from benchmarks.harness.markdown import fill, places
from edgesr_ros.errors import InputError


@pytest.mark.parametrize(
    "name",
    [
        *("quality", "alpha", "link_networks", "rate_quality", "link", "kernel_link"),
        *("speed", "speed_ratios", "path", "idle", "chain", "growth", "soak", "steps", "outage"),
    ],
)
def test_readme_shows_the_results(name: str) -> None:
    assert places(README.read_text(encoding="utf-8"))[name] == result_tables()[name]


def test_readme_shows_the_parameters() -> None:
    pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")
    from benchmarks.documents.parameters import parameter_table

    assert places(README.read_text(encoding="utf-8"))["parameters"] == parameter_table()


def test_fill_replaces_only_what_is_given() -> None:
    text = "<!-- table: one -->\nold\n<!-- end -->\nbetween\n<!-- table: two -->\nkept\n<!-- end -->\n"
    filled = fill(text, {"one": "new"})
    assert places(filled) == {"one": "new", "two": "kept"}
    assert filled == text.replace("old", "new")
    assert fill(filled, {"one": "new"}) == filled


def test_table_without_a_place_is_refused() -> None:
    with pytest.raises(InputError, match="table: one"):
        fill("no place here", {"one": "new"})


def test_missing_results_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"quality\.json: no such file"):
        result_tables(tmp_path)
