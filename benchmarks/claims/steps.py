"""A link that falls from 10 MB/s to 10 kB/s: is it used, and does the picture stay live at every step?"""

import argparse
import sys
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from msgspec.structs import replace

from benchmarks.harness.camera import CAMERA, camera_kbps
from benchmarks.harness.evidence import StepRow, StepsResult, arguments, save, status, this_machine
from benchmarks.harness.observer import Arrival
from benchmarks.harness.running import running_chain
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.runner import camera_text
from edgesr_ros.link.capacity import Schedule, Step
from edgesr_ros.link.profile import LinkProfile, read_profile

_LINK = "steps_down"
_QUICK_SECONDS = 6.0  # a step
_RECOVERY = 1.5  # seconds after a step until the sender must have the link under control again
_FRESH = 250.0  # ms that may be added to propagation: encoding, transmission, enlarging, waiting


def measure(profile: LinkProfile) -> StepsResult:
    """Run the chain through every step of the profile, each of known length and limited capacity.

    Raises:
        InputError: a node fails, or no picture is shown.
    """
    steps = _steps(profile)
    ends = list(accumulate(step.seconds for step in steps))
    most, bound = camera_kbps(), profile.delay_ms + _FRESH
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
        return StepsResult(
            machine=this_machine(),
            camera=camera_text(CAMERA),
            link=_LINK,
            model=chain.model,
            settled_after_s=_RECOVERY,
            age_bound_ms=bound,
            rows=rows,
        )


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


def _print(result: StepsResult) -> None:
    print(f"{result.camera}, link {result.link}, {result.model}; ages in ms, bound {result.age_bound_ms:.0f}")
    print(f"    kbit/s  used  bytes  shown/s  age p50  p95  from {result.settled_after_s:g} s on  recovered")
    for row in result.rows:
        print(
            f"{row.kbps:10g} {row.capacity_used:5.0%} {row.bytes_per_frame or 0:6.0f} {row.fps_shown:8.2f} "
            f"{row.age_p50_ms or 0:8.0f} {row.age_p95_ms or 0:4.0f} {row.age_p95_settled_ms or 0:14.0f}  "
            f"{row.recovered}"
        )


def _steps(profile: LinkProfile) -> tuple[Step, ...]:
    if not isinstance(profile.capacity, Schedule):
        raise InputError(f"{_LINK}: expected a schedule of steps")
    return profile.capacity.steps


def main() -> int:
    """Entry point."""
    given = arguments("steps", __doc__).parse_args()
    return status("steps", lambda: _run(given))


def _run(given: argparse.Namespace) -> None:
    profile = read_profile(_LINK)
    if given.quick:
        steps = tuple(replace(step, seconds=_QUICK_SECONDS) for step in _steps(profile))
        profile = replace(profile, capacity=Schedule(steps=steps))
    result = measure(profile)
    _print(result)
    save("steps", given, result)


if __name__ == "__main__":
    sys.exit(main())
