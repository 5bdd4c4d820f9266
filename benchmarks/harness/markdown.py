"""Tables as Markdown, and their places in a text."""

import re
from collections.abc import Iterable, Mapping, Sequence

from edgesr_ros.errors import InputError

_PLACE = re.compile(r"<!-- table: (?P<name>\w+) -->\n(?P<content>.*?)<!-- end -->", re.DOTALL)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def number(value: float | None, digits: int) -> str:
    """A number, or a dash for what is not known."""
    return "–" if value is None else f"{value:,.{digits}f}"


def places(text: str) -> dict[str, str]:
    """What stands now between `<!-- table: NAME -->` and `<!-- end -->`, by name."""
    return {match["name"]: match["content"].strip() for match in _PLACE.finditer(text)}


def fill(text: str, contents: Mapping[str, str]) -> str:
    """`text` with each of `contents` at its place; other places are left alone.

    Raises:
        InputError: there is no place of such a name.
    """
    if missing := contents.keys() - places(text).keys():
        raise InputError(f"no place for a table: expected <!-- table: {min(missing)} --> and <!-- end -->")

    def replacement(match: re.Match[str]) -> str:
        name = match["name"]
        return f"<!-- table: {name} -->\n{contents[name]}\n<!-- end -->" if name in contents else match[0]

    return _PLACE.sub(replacement, text)
