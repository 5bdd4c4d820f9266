"""What happened when: the series that a report plots, in bins over the time of a run."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from edgesr_ros.quality.rows import FrameRow

MOST_BINS = 150  # more cannot be told apart on a phone

Capacity = Sequence[tuple[float, float | None]]  # (s, kbit/s or None for unlimited), each until the next


class Timeline:
    """Series over the run, from 0 s at the first picture or the first capacity, whichever is earlier.

    Args:
        rows: one at least.
        duration_s: how long the run was; what was recorded later makes it longer.
        capacity: of the link, on the clock of `shown_s`.

    Attributes:
        edges: (N + 1,) of the bins, s; a bin is about a second, or longer in a long run.
    """

    def __init__(self, rows: Sequence[FrameRow], duration_s: float, capacity: Capacity = ()) -> None:
        # A clock may have been set back, or a recording that gives the time have started over.
        rows = sorted(rows, key=lambda row: row.shown_s)
        capacity = sorted(capacity, key=lambda change: change[0])
        shown = np.array([row.shown_s for row in rows])
        changes = np.array([time for time, _ in capacity])
        start = min([shown[0], *changes[:1]])
        self._rows, self._shown = rows, shown - start
        self._ages = np.array([row.age_ms for row in rows], float)  # NaN: not known
        self._changes, self._capacity = changes - start, [kbps for _, kbps in capacity]
        self.end = float(max(duration_s, self._shown[-1], *self._changes[-1:])) or 1.0
        self.edges = np.linspace(0, self.end, min(max(round(self.end), 1), MOST_BINS) + 1)

    def rate(self) -> np.ndarray:
        """(N,) pictures shown per second."""
        return np.histogram(self._shown, self.edges)[0] / self.edges[1]

    def kbps(self) -> np.ndarray:
        """(N,) kbit/s of the frames that the pictures shown were made from."""
        bits = np.array([8 * (row.bytes or 0) for row in self._rows])
        return np.histogram(self._shown, self.edges, weights=bits)[0] / 1000 / self.edges[1]

    def capacity(self) -> tuple[np.ndarray, np.ndarray]:
        """(M + 1,) s and (M,) kbit/s between them; NaN: unlimited."""
        return np.append(self._changes, self.end), np.array(self._capacity, float)

    def age_when_shown(self) -> np.ndarray:
        """(N,) median age of the pictures when shown, ms; NaN: none was."""
        return self._per_bin(self._shown, self._ages, np.median)

    def oldest_on_screen(self) -> np.ndarray:
        """(N,) greatest age of what was on the screen, ms; a picture ages until the next comes."""
        moments = np.sort(np.append(self._shown, self.edges[1:]))
        before = np.searchsorted(self._shown, moments) - 1  # on the screen until then
        moments, before = moments[before >= 0], before[before >= 0]
        ages = self._ages[before] + 1e3 * (moments - self._shown[before])
        return self._per_bin(np.nextafter(moments, 0), ages, np.max)  # what ends a bin belongs to it

    def samples(
        self, of: Callable[[FrameRow], float | None]
    ) -> tuple[np.ndarray, np.ndarray, Literal["samples", "steps"]]:
        """Times, values and line style of what only some pictures have; means per bin where it is much."""
        values = np.array([of(row) for row in self._rows], float)
        known = np.isfinite(values)
        if known.sum() > MOST_BINS:
            return self.edges, self._per_bin(self._shown, values, np.mean), "steps"
        return self._shown[known], values[known], "samples"

    def _per_bin(
        self, times: np.ndarray, values: np.ndarray, reduce: Callable[[np.ndarray], float]
    ) -> np.ndarray:
        """`values` reduced bin by bin; NaN where a bin has none."""
        bins = np.searchsorted(self.edges[:-1], times, side="right") - 1
        known = np.isfinite(values)
        groups = (values[known & (bins == index)] for index in range(len(self.edges) - 1))
        return np.array([reduce(group) if group.size else np.nan for group in groups])
