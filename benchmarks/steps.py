"""A link that falls from 10 MB/s to 10 kB/s: does the picture stay live at every step?"""

import math
import sys
import tempfile
from collections.abc import Sequence
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from benchmarks.camera import CAMERA, RATE_HZ
from benchmarks.evidence import MODEL, StepRow, StepsResult, arguments, save, this_machine
from benchmarks.observer import Arrival
from benchmarks.running import running_chain
from edgesr_ros.errors import InputError
from edgesr_ros.link.capacity import Schedule, Step
from edgesr_ros.link.profile import LinkProfile, read_profile
from edgesr_ros.schema import write_json

_LINK = "steps_down"
_QUICK_SECONDS = 6.0  # a step
_RECOVERY = 2.0  # seconds after a step until the age must be back within its bound


def measure(profile: LinkProfile) -> StepsResult:
    """Run the chain through every step of the profile, each of known length and limited capacity.

    Raises:
        InputError: a node fails, or no picture is shown.
    """
    steps = _steps(profile)
    ends = list(accumulate(step.seconds for step in steps))
    with tempfile.TemporaryDirectory() as folder, running_chain(str(_as_file(profile, folder))) as chain:
        observer = chain.observer
        chain.wait(lambda: observer.value("link_emulator", "schedule_began_s"), "the link's schedule")
        began = float(observer.value("link_emulator", "schedule_began_s") or 0)
        while (left := began + ends[-1] - observer.now()) > 0:
            print(f"\r{left:4.0f} s left", end="", file=sys.stderr, flush=True)
            chain.spin(min(left, 1.0))
        print(file=sys.stderr)
        # Without a subscriber nothing flows: the first step begins with the first picture.
        starts = [observer.shown[0].at, *(began + end for end in ends[:-1])]
        processing = sum(stage.mean for stage in observer.stages().values())
        rows = [
            _row(
                step.kbps or 0.0,
                profile.delay_ms + profile.jitter_ms + processing,
                (start, began + end),
                observer.shown,
                observer.received,
            )
            for step, start, end in zip(steps, starts, ends, strict=True)
        ]
    return StepsResult(
        machine=this_machine(),
        camera=CAMERA,
        link=_LINK,
        model=MODEL,
        processing_ms=round(processing, 1),
        rows=rows,
    )


def _as_file(profile: LinkProfile, folder: str) -> Path:
    path = Path(folder, f"{_LINK}.yaml")
    write_json(path, profile)  # JSON is YAML
    return path


def _row(
    kbps: float,
    fixed_ms: float,
    span: tuple[float, float],
    all_shown: Sequence[Arrival],
    all_received: Sequence[Arrival],
) -> StepRow:
    """A step of `span` (from, to).

    The age that no pacer can beat by much is the sum of: `fixed_ms`, propagation and processing; the time
    that the link takes for a frame and the one before it, as one is on its way while the next is chosen
    (95th percentile, as frames of a busy scene are several times larger than others); and a period of the
    camera, as the newest frame may just have been missed.
    """
    start, end = span
    shown = [arrival for arrival in all_shown if start <= arrival.at < end]
    sizes = [arrival.size for arrival in all_received if start <= arrival.at < end]
    fps = len(shown) / (end - start)
    p50, p95 = _percentiles([arrival.age_ms for arrival in shown], (50, 95))
    settled = start + _RECOVERY
    (settled_p95,) = _percentiles([arrival.age_ms for arrival in shown if arrival.at >= settled], (95,))
    settled_sizes = [arrival.size for arrival in all_received if settled <= arrival.at < end]
    (pair_bytes,) = _percentiles([a + b for a, b in pairwise(settled_sizes)], (95,))
    bytes_per_frame = math.fsum(sizes) / len(sizes) if sizes else None
    possible = min(RATE_HZ, 1e3 * kbps / 8 / bytes_per_frame) if bytes_per_frame else None
    bound = None if pair_bytes is None else fixed_ms + 8 * pair_bytes / kbps + 1e3 / RATE_HZ
    return StepRow(
        kbps=kbps,
        seconds=round(end - start, 2),
        bytes_per_frame=_rounded(bytes_per_frame, 0),
        fps_shown=round(fps, 2),
        fps_possible=_rounded(possible, 2),
        ratio=_rounded(fps / possible if possible else None, 3),
        age_p50_ms=_rounded(p50, 1),
        age_p95_ms=_rounded(p95, 1),
        age_p95_settled_ms=_rounded(settled_p95, 1),
        age_bound=_rounded(bound, 1),
        recovered_within_2_s=settled_p95 is not None and bound is not None and settled_p95 <= bound,
    )


def _percentiles(values: Sequence[float], which: tuple[int, ...]) -> list[float | None]:
    return np.percentile(values, which).tolist() if values else [None] * len(which)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _print(result: StepsResult) -> None:
    print(f"{result.camera}, link {result.link}, {result.model}; ages in ms")
    print("    kbit/s  bytes  shown/s  possible  ratio  age p50  p95  from 2 s on  bound  recovered")
    for row in result.rows:
        print(
            f"{row.kbps:10g} {row.bytes_per_frame or 0:6.0f} {row.fps_shown:8.2f} "
            f"{row.fps_possible or 0:9.2f} {row.ratio or 0:6.2f} "
            f"{row.age_p50_ms or 0:8.0f} {row.age_p95_ms or 0:4.0f} {row.age_p95_settled_ms or 0:12.0f} "
            f"{row.age_bound or 0:6.0f}  {row.recovered_within_2_s}"
        )


def _steps(profile: LinkProfile) -> tuple[Step, ...]:
    if not isinstance(profile.capacity, Schedule):
        raise InputError(f"{_LINK}: expected a schedule of steps")
    return profile.capacity.steps


def main() -> int:
    """Entry point."""
    given = arguments("steps", __doc__).parse_args()
    try:
        profile = read_profile(_LINK)
        if given.quick:
            steps = tuple(replace(step, seconds=_QUICK_SECONDS) for step in _steps(profile))
            profile = replace(profile, capacity=Schedule(steps=steps))
        result = measure(profile)
        _print(result)
        save("steps", given, result)
    except InputError as error:
        print(f"benchmarks.steps: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
