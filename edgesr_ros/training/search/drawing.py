"""A cell as a picture: the head above, each node below the one that it reads, the sum at the end."""

from collections.abc import Iterator

from markupsafe import Markup, escape

from edgesr_ros.networks.cell import HEAD, Cell

_COLUMN, _ROW = 66, 50  # pixels between nodes
_WIDTH, _HEIGHT = 56, 26  # of a node
_WORDS = {"c": "conv", "s": "sep"}
_COLOURS = {"c": "first", "s": "third"}  # of the page's style sheet


def draw_cell(text: str, name: str) -> Markup:
    """An `<svg>` element.

    A node reads one other, so a cell is a tree: each node that none reads has a column of its own, in which a
    line runs on to the sum, and every other one stands above those that read it. No line crosses another.

    Args:
        text: of the cell.
        name: what it shows, for screen readers.
    """
    cell = Cell.of_text(text)
    columns, depths = _columns(cell), {HEAD: 0, **dict(enumerate(cell.depths))}
    end, last = max(cell.depths) + 1, len(cell.unread) - 1
    width, height = (last + 1) * _COLUMN, (end + 1) * _ROW
    parts = [
        _line(columns[node.source], depths[node.source], columns[number], depths[number])
        for number, node in enumerate(cell.nodes)
    ]
    parts += [_line(columns[number], depths[number], columns[number], end) for number in cell.unread]
    parts.append(_box(columns[HEAD], 0, _WIDTH, "conv 3", "limit", "head"))
    for number, node in enumerate(cell.nodes):
        kind = node.operation[0]
        place, words = (columns[number], depths[number], _WIDTH), f"{_WORDS[kind]} {node.kernel}"
        parts.append(_box(*place, words, _COLOURS[kind], f"{number}: {node}"))
    parts.append(_box(last / 2, end, last * _COLUMN + _WIDTH, "sum", "limit", "what none reads, added up"))
    return Markup(
        f'<svg viewBox="0 0 {width} {height}" style="max-width: {width}px" role="img" '
        f'aria-label="{escape(name)}" font-size="12">{"".join(parts)}</svg>'
    )


def _columns(cell: Cell) -> dict[int, float]:
    """Where the head and the nodes stand, in columns from 0."""
    readers: dict[int, list[int]] = {}
    for number, node in enumerate(cell.nodes):
        readers.setdefault(node.source, []).append(number)
    columns: dict[int, float] = {}

    def unread_below(number: int) -> Iterator[int]:
        if number not in readers:
            yield number
        for reader in readers.get(number, []):
            yield from unread_below(reader)

    order = {number: column for column, number in enumerate(unread_below(HEAD))}
    for number in (HEAD, *range(len(cell.nodes))):
        below = [order[unread] for unread in unread_below(number)]
        columns[number] = (below[0] + below[-1]) / 2
    return columns


def _line(from_column: float, from_row: int, to_column: float, to_row: int) -> str:
    x0, y0, x1, y1 = _x(from_column), _y(from_row), _x(to_column), _y(to_row)
    middle = y0 + _ROW / 2
    way = f"M{x0:g} {y0:g}C{x0:g} {middle:g} {x1:g} {middle:g} {x1:g} {y0 + _ROW:g}V{y1:g}"
    return f'<path d="{way}" fill="none" stroke="var(--limit)"/>'


def _box(column: float, row: int, width: float, words: str, colour: str, title: str) -> str:
    x, y = _x(column), _y(row)
    place = f'x="{x - width / 2:g}" y="{y - _HEIGHT / 2:g}" width="{width:g}" height="{_HEIGHT}" rx="5"'
    return (
        f"<g><title>{escape(title)}</title>"
        f'<rect {place} fill="var(--card)" stroke="var(--{colour})" stroke-width="1.5"/>'
        f'<text x="{x:g}" y="{y + 4:g}" text-anchor="middle" fill="currentColor">{words}</text></g>'
    )


def _x(column: float) -> float:
    return (column + 0.5) * _COLUMN


def _y(row: int) -> float:
    return (row + 0.5) * _ROW
