"""Many times as two figures."""

from collections.abc import Sequence

import numpy as np

from edgesr_ros.schema import Struct


class Spread(Struct):
    """Of many times, ms."""

    p50: float
    p95: float

    def text(self, digits: int) -> str:
        """Both, for a table."""
        return f"{self.p50:.{digits}f} / {self.p95:.{digits}f}"


def spread(times_ms: Sequence[float]) -> Spread:
    """Of one time at least."""
    p50, p95 = np.percentile(times_ms, (50, 95)).round(2).tolist()
    return Spread(p50=p50, p95=p95)
