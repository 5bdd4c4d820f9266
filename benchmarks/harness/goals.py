"""Goals as data: a bound, and how to read off the results whether it was kept."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from benchmarks.harness.markdown import number, table

ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class Goal(Generic[ResultT]):
    """What a measured figure has to be."""

    name: str  # of the figure; unique within its claim
    direction: Literal["≥", "≤"]
    bound: float
    unit: str  # of the bound and of what was measured; "": a count or a score
    measured: Callable[[ResultT], float | None]  # None: it was not measured, which does not keep the goal
    digits: int = 0  # that are shown: more than the bound has where a miss is a close one

    def met(self, result: ResultT) -> bool:
        """Whether the results keep it."""
        found = self.measured(result)
        if found is None:
            return False
        return found >= self.bound if self.direction == "≥" else found <= self.bound

    def asked(self) -> str:
        """The bound as text, as in `≤ 35 %`."""
        return f"{self.direction} {self.bound:,g} {self.unit}".rstrip()

    def found(self, result: ResultT) -> str:
        """What was measured as text, with its unit."""
        return f"{number(self.measured(result), self.digits)} {self.unit}".rstrip()


def goals_table(goals: Sequence[Goal[Any]], result: object) -> str:
    """A line for each: the goal, what was measured, whether that keeps it."""
    lines = [
        (goal.name, goal.asked(), goal.found(result), "yes" if goal.met(result) else "**no**")
        for goal in goals
    ]
    return table(("goal", "", "measured", "met"), lines)


def most(values: Iterable[float | None]) -> float | None:
    """The greatest; None where one is not known, or there is none."""
    found = list(values)
    known = [value for value in found if value is not None]
    return max(known) if known and len(known) == len(found) else None


def least(values: Iterable[float | None]) -> float | None:
    """The smallest; None as `most`."""
    greatest = most(None if value is None else -value for value in values)
    return None if greatest is None else -greatest
