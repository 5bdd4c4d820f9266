"""Tables of experiments: what became of each contender, and where ours stands on each link."""

from collections.abc import Iterable

from benchmarks.harness.markdown import number, table
from edgesr_ros.experiment.rows import Results, Row

_OURS = "ours"  # of whom the sender's figures are told


def contenders_table(results: Results) -> str:
    """A line for each link and contender; means over the recordings."""
    lines = [
        [
            f"`{link}`",
            contender,
            f"{_mean(rows, 'capacity_used', 0, 100)} %",
            _mean(rows, "fps_shown", 1),
            _mean(rows, "age_p95_ms", 0),
            _mean(rows, "propagation_ms", 0),
            f"{_mean(rows, 'stale', 1, 100)} %",
            f"{_mean(rows, 'lost_overload', 1, 100)} %",
            _mean(rows, "bytes_per_frame", 0),
            _mean(rows, "lpips_on_screen", 3),
        ]
        for (link, contender), rows in _groups(results.rows).items()
    ]
    head = (
        *("link", "contender", "of the usable capacity", "shown per s", "age p95, ms", "of it propagation"),
        *("stale", "lost by overload", "bytes a frame", "LPIPS on screen ↓"),
    )
    return f"{table(head, lines)}\n\n{_where(results)}"


def links_table(results: Results) -> str:
    """A line for each link: how our sender fares on it, and LPIPS of all; means over the recordings."""
    groups = _groups(results.rows)
    contenders = list(dict.fromkeys(contender for _, contender in groups))
    lines = []
    for link in dict.fromkeys(link for link, _ in groups):
        ours = groups[link, _OURS]
        lpips = [(_mean(groups[link, name], "lpips_on_screen", 3)) for name in contenders]
        best = min(lpips)
        lines.append(
            [
                f"`{link.rpartition('/')[2]}`",
                f"{_mean(ours, 'capacity_used', 0, 100)} %",
                _mean(ours, "fps_shown", 1),
                f"{_mean(ours, 'age_p95_ms', 0)} ({_mean(ours, 'propagation_ms', 0)})",
                f"{_mean(ours, 'lost_overload', 1, 100)} %",
                _mean(ours, "recovery_s", 2),
                *(f"**{value}**" if value == best else value for value in lpips),
            ]
        )
    head = (
        *("link", f"{_OURS}: of the usable capacity", "shown per s", "age p95 (of it propagation), ms"),
        *("lost by overload", "fresh after an outage, s"),
        *(f"LPIPS on screen ↓: {name}" if index == 0 else name for index, name in enumerate(contenders)),
    )
    return f"{table(head, lines)}\n\n{_where(results)}"


def _groups(rows: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.link, row.contender), []).append(row)
    return groups


def _mean(rows: list[Row], field: str, digits: int, factor: float = 1.0) -> str:
    found = [value for row in rows if (value := getattr(row, field)) is not None]
    return number(factor * sum(found) / len(found) if found else None, digits)


def _where(results: Results) -> str:
    recordings = ", ".join(f"`{name}`" for name in dict.fromkeys(row.recording for row in results.rows))
    return f"{results.camera}; recordings: {recordings}."
