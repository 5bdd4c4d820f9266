"""The last minute as the page draws it: one row a second for each camera and each link."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

SECONDS = 60
Row = tuple[float | None, ...]
_LINK_KEYS = ("capacity_bytes_per_s", "rate_bytes_per_s", "loss", "round_trip")


class CameraRow(NamedTuple):
    """A second of a camera; what is None is not known."""

    pictures: int
    kbps: float
    age_ms: float | None


class LinkRow(NamedTuple):
    """A second of a robot's link, by what `onboard` says."""

    capacity_kbps: float | None
    rate_kbps: float | None
    loss_percent: float | None
    round_trip_ms: float | None


class Minute:
    """Rows of the last minute by name, the newest last; an empty one where a name was not heard of."""

    def __init__(self) -> None:
        self._rows: dict[str, deque[Row]] = {}

    def add(self, rows: Mapping[str, Row]) -> None:
        """A second is over. Of whom nothing was heard for a minute, nothing is told any more."""
        for name in rows.keys() - self._rows.keys():
            self._rows[name] = deque(maxlen=SECONDS)
        for name, kept in self._rows.items():
            kept.append(rows.get(name, ()))
        self._rows = {name: kept for name, kept in self._rows.items() if any(kept)}

    def rows(self) -> dict[str, list[Row]]:
        """Of each name at most 60 rows."""
        return {name: list(kept) for name, kept in sorted(self._rows.items())}


def camera_row(came: Sequence[tuple[float | None, int]]) -> CameraRow:
    """A second's pictures, each with age in ms (None: not known) and bytes, as a row."""
    ages = [age for age, _ in came if age is not None]
    age = round(sum(ages) / len(ages), 1) if ages else None
    return CameraRow(len(came), round(sum(size for _, size in came) * 8e-3, 1), age)


def link_row(figures: Mapping[str, str]) -> LinkRow:
    """What `onboard` says in its diagnostics as a row."""
    capacity, rate, loss, round_trip = (_number(figures.get(key)) for key in _LINK_KEYS)

    def times(value: float | None, factor: float) -> float | None:
        return None if value is None else round(value * factor, 1)

    return LinkRow(times(capacity, 8e-3), times(rate, 8e-3), times(loss, 100), times(round_trip, 1e3))


def _number(text: str | None) -> float | None:
    """What a robot says may be anything; JSON has no infinity."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if abs(value) < 1e12 else None
