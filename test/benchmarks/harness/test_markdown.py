import pytest

from benchmarks.harness.markdown import fill, places
from edgesr_ros.errors import InputError


def test_fill_replaces_only_what_is_given() -> None:
    text = "<!-- table: one -->\nold\n<!-- end -->\nbetween\n<!-- table: two -->\nkept\n<!-- end -->\n"
    filled = fill(text, {"one": "new"})
    assert places(filled) == {"one": "new", "two": "kept"}
    assert filled == text.replace("old", "new")
    assert fill(filled, {"one": "new"}) == filled


def test_table_without_a_place_is_refused() -> None:
    with pytest.raises(InputError, match="table: one"):
        fill("no place here", {"one": "new"})
