"""A link that falls from 10 MB/s to 10 kB/s: is it used, and does the picture stay live at every step?"""

import argparse
import sys
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from msgspec.structs import replace

from benchmarks.harness.camera import CAMERA, camera_kbps
from benchmarks.harness.claim import Claim
from benchmarks.harness.evidence import Result
from benchmarks.harness.goals import Goal, most
from benchmarks.harness.markdown import number, table
from benchmarks.harness.observer import Arrival
from benchmarks.harness.running import running_chain
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.runner import camera_text
from edgesr_ros.link.capacity import Schedule, Step
from edgesr_ros.link.profile import LinkProfile, read_profile
from edgesr_ros.schema import Struct

FRESH = 250.0  # ms that may be added to propagation: encoding, transmission, enlarging, waiting

_LINK = "steps_down"
_QUICK_SECONDS = 6.0  # a step
_RECOVERY = 1.5  # seconds after a step until the sender must have the link under control again


class StepsSettings(Struct):
    """What all steps have in common."""

    camera: str
    link: str
    model: str
    propagation_ms: float  # of the link: no picture is younger
    settled_after_s: float


class StepRow(Struct):
    """A step of a link whose capacity falls; ages in ms."""

    kbps: float
    seconds: float
    usable_kbps: float  # the capacity, as far as the camera at its best could fill it
    capacity_used: float  # what arrived, by what is usable
    bytes_per_frame: float | None  # as the link carries it; null where none arrived
    fps_shown: float
    age_p50_ms: float | None
    age_p95_ms: float | None
    age_p95_settled_ms: float | None  # of the pictures shown `settled_after_s` or more after the step
    recovered: bool  # the age settled within its bound


StepsResult = Result[StepsSettings, list[StepRow]]


def measure(profile: LinkProfile) -> tuple[StepsSettings, list[StepRow]]:
    """Run the chain through every step of the profile, each of known length and limited capacity.

    Raises:
        InputError: a node fails, or no picture is shown.
    """
    steps = _steps(profile)
    ends = list(accumulate(step.seconds for step in steps))
    most, bound = camera_kbps(), profile.delay_ms + FRESH
    with running_chain(profile) as chain:
        observer = chain.observer
        began = chain.link_began()
        chain.watch({}, began + ends[-1], period=1.0)
        # Without a subscriber nothing flows: the first step begins with the first picture.
        starts = [observer.shown[0].at, *(began + end for end in ends[:-1])]
        rows = [
            step_row(step.kbps or 0.0, most, bound, (start, began + end), observer.shown, observer.received)
            for step, start, end in zip(steps, starts, ends, strict=True)
        ]
        settings = StepsSettings(
            camera=camera_text(CAMERA),
            link=_LINK,
            model=chain.model,
            propagation_ms=profile.delay_ms,
            settled_after_s=_RECOVERY,
        )
        return settings, rows


def step_row(
    kbps: float,
    camera_kbps: float,
    age_bound: float,
    span: tuple[float, float],
    all_shown: Sequence[Arrival],
    all_received: Sequence[Arrival],
) -> StepRow:
    """The row of a step.

    Args:
        kbps: capacity.
        camera_kbps: what the camera could fill.
        age_bound: ms.
        span: from when to when, on the clock of the arrivals.
        all_shown: pictures of the whole run, as they were shown.
        all_received: its frames, as they came out of the link.
    """
    start, end = span
    shown = [arrival for arrival in all_shown if start <= arrival.at < end]
    sizes = [arrival.size for arrival in all_received if start <= arrival.at < end]
    p50, p95 = _percentiles([arrival.age_ms for arrival in shown], (50, 95))
    settled = [arrival.age_ms for arrival in shown if arrival.at >= start + _RECOVERY]
    (settled_p95,) = _percentiles(settled, (95,))
    usable = min(kbps, camera_kbps)
    return StepRow(
        kbps=kbps,
        seconds=round(end - start, 2),
        usable_kbps=round(usable, 1),
        capacity_used=round(8e-3 * sum(sizes) / (usable * (end - start)), 3),
        bytes_per_frame=round(sum(sizes) / len(sizes)) if sizes else None,
        fps_shown=round(len(shown) / (end - start), 2),
        age_p50_ms=p50,
        age_p95_ms=p95,
        age_p95_settled_ms=settled_p95,
        recovered=settled_p95 is not None and settled_p95 <= age_bound,
    )


def _percentiles(values: Sequence[float], which: tuple[int, ...]) -> list[float | None]:
    return np.percentile(values, which).round(1).tolist() if values else [None] * len(which)


def _steps(profile: LinkProfile) -> tuple[Step, ...]:
    if not isinstance(profile.capacity, Schedule):
        raise InputError(f"{_LINK}: expected a schedule of steps")
    return profile.capacity.steps


def steps_table(result: StepsResult) -> str:
    """A line for each step, and at how many the age recovered."""
    after = f"{result.settings.settled_after_s:g} s"
    head = (
        *("link, kB/s", "of the usable capacity", "bytes per frame", "shown per s"),
        *("age p50 / p95, ms", f"p95 from {after} on"),
    )
    rows = [
        (
            f"{row.kbps / 8:,g}",
            f"{row.capacity_used:.0%}",
            number(row.bytes_per_frame, 0),
            number(row.fps_shown, 1),
            f"{number(row.age_p50_ms, 0)} / {number(row.age_p95_ms, 0)}",
            number(row.age_p95_settled_ms, 0),
        )
        for row in result.rows
    ]
    late = [f"{row.kbps / 8:,g}" for row in result.rows if not row.recovered]
    missed = f"; not at {', '.join(late)} kB/s" if late else ""
    settings = result.settings
    return (
        f"{settings.camera}, link `{settings.link}`, `{settings.model}`.\n\n"
        f"{table(head, rows)}\n\nFrom {after} after a step on, the age's p95 was within "
        f"{settings.propagation_ms + FRESH:.0f} ms at {len(rows) - len(late)} of {len(rows)} steps{missed}."
    )


def _beyond_propagation(settings: StepsSettings, row: StepRow) -> float | None:
    return None if row.age_p95_settled_ms is None else row.age_p95_settled_ms - settings.propagation_ms


GOALS = (
    Goal[StepsResult](
        f"age p95 beyond propagation from {_RECOVERY:g} s after a step on, the most of any step",
        "≤",
        FRESH,
        "ms",
        lambda result: most(_beyond_propagation(result.settings, row) for row in result.rows),
    ),
)

CLAIM = Claim(
    name="steps",
    title="Falling bandwidth",
    about=(
        "Frames become smaller and then fewer as the link gets worse, so that pictures stay fresh. Ages "
        "include encoding, transmission, super-resolution and the link's propagation of 20 ms, beyond which "
        "250 ms are allowed. Frames of half size (7 to 10 kB here) cost four times the work of smaller ones "
        "to enlarge: too much for two processors that do all the rest as well."
    ),
    reading=(
        "A line is a step of the link, from the first to the last. Usable is the capacity, as far as the "
        "camera's frames at their best could fill it."
    ),
    result=StepsResult,
    table=steps_table,
    goals=GOALS,
)


def main() -> int:
    """Entry point."""
    return CLAIM.run(CLAIM.arguments(__doc__), _run)


def _run(given: argparse.Namespace) -> None:
    profile = read_profile(_LINK)
    if given.quick:
        steps = tuple(replace(step, seconds=_QUICK_SECONDS) for step in _steps(profile))
        profile = replace(profile, capacity=Schedule(steps=steps))
    settings, rows = measure(profile)
    _print(settings, rows)
    CLAIM.write(given, settings, rows)


def _print(settings: StepsSettings, rows: Sequence[StepRow]) -> None:
    print(f"{settings.camera}, link {settings.link}, {settings.model}; ages in ms")
    print(
        f"    kbit/s  used  bytes  shown/s  age p50  p95  from {settings.settled_after_s:g} s on  recovered"
    )
    for row in rows:
        print(
            f"{row.kbps:10g} {row.capacity_used:5.0%} {row.bytes_per_frame or 0:6.0f} {row.fps_shown:8.2f} "
            f"{row.age_p50_ms or 0:8.0f} {row.age_p95_ms or 0:4.0f} {row.age_p95_settled_ms or 0:14.0f}  "
            f"{row.recovered}"
        )


if __name__ == "__main__":
    sys.exit(main())
