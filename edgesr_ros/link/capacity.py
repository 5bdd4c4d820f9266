"""Capacity of a link over time, and when bytes sent through it come out."""

import math
from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from edgesr_ros.schema import Struct


class Step(Struct):
    """A stretch of constant capacity.

    Attributes:
        kbps: 1000 bit per second (kB/s times 8); 0 is an outage, null is no limit.
        seconds: how long it lasts; the last step may leave it out.
    """

    kbps: Annotated[float, Meta(ge=0)] | None
    seconds: Annotated[float, Meta(gt=0)] = math.inf


class Schedule(Struct):
    """Steps of capacity from time 0 on. The last one holds for ever, or with `repeat` they begin again."""

    steps: Annotated[tuple[Step, ...], Meta(min_length=1)]
    repeat: bool = False

    def __post_init__(self) -> None:
        lasting = self.steps if self.repeat else self.steps[:-1]
        for index, step in enumerate(lasting):
            if not math.isfinite(step.seconds):
                raise ValueError(f"steps[{index}].seconds: expected a number, as more follows this step")
        if self.repeat and all(step.kbps == 0 for step in self.steps):
            raise ValueError("steps: expected one kbps that is not 0, as they repeat for ever")

    def kbps_at(self, t: float) -> float | None:
        """Capacity at `t` seconds; null where there is no limit."""
        kbps = next(self._from(t))[1]
        return None if math.isinf(kbps) else kbps

    def finish(self, start: float, size: int) -> float:
        """When the last of `size` bytes is through, of which the first begins at `start`.

        Exact: the time at which the integral of the capacity since `start` reaches `size`. Infinite when
        the schedule ends in an outage before that.
        """
        left = size * 8 / 1000  # kbit
        if self.repeat:
            # Whole rounds carry the same from wherever they start; the last one is walked through.
            round_kbit = sum(_unlimited(step.kbps) * step.seconds for step in self.steps)
            rounds = max(0, math.ceil(left / round_kbit) - 1)
            left -= rounds * round_kbit if rounds else 0.0
            start += rounds * self._period
        for end, kbps in self._from(start):
            if kbps > 0:
                if left <= kbps * (end - start):
                    return start + left / kbps
                left -= kbps * (end - start)
            start = end
        return math.inf

    @property
    def _period(self) -> float:
        return sum(step.seconds for step in self.steps)

    def _from(self, t: float) -> Iterator[tuple[float, float]]:
        """(end, kbps) of the step in force at `t` and of all that follow."""
        end = math.floor(t / self._period) * self._period if self.repeat else 0.0
        while True:
            for step in self.steps:
                end += step.seconds
                if end > t:
                    yield end, _unlimited(step.kbps)
            if not self.repeat:
                yield math.inf, _unlimited(self.steps[-1].kbps)
                return


def _unlimited(kbps: float | None) -> float:
    return math.inf if kbps is None else kbps
