"""Outages of 5 s: when is there a fresh picture, is memory flat, and are the robot's callbacks held up?

A fresh picture is one taken after the outage's end; what had waited in the link and comes out late is none.
The robot's computer is another than the operator's: where we may (as root), the onboard node gets real-time
priority, so that the others, on the same processors here, do not hold it up.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from benchmarks.harness.camera import CAMERA
from benchmarks.harness.evidence import (
    CallbackRow,
    Memory,
    OutageRow,
    OutagesResult,
    arguments,
    save,
    status,
    this_machine,
)
from benchmarks.harness.observer import Arrival, Timing
from benchmarks.harness.running import running_chain
from benchmarks.harness.usage import Usage
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.runner import camera_text
from edgesr_ros.link.capacity import Schedule, Step
from edgesr_ros.link.profile import LinkProfile, read_profile

_LINK = "outage"  # for delay and queue
_KBPS = (300.0, 1000.0, 10_000.0)
_QUICK_KBPS = (1000.0,)
_UP, _GONE = 8.0, 5.0  # seconds
_OUTAGES, _QUICK_OUTAGES = 5, 1
_AFTER = 4.0  # seconds after an outage until memory is looked at again
_SAMPLE_PERIOD = 0.25  # seconds between looks at memory
_NODES = ("onboard", "ground_station")
_START = 2.0  # seconds after the first picture that do not count: discovery, first inference


class Outage(NamedTuple):
    """From when to when, on the clock of `Arrival`, and when the next begins."""

    start: float
    end: float
    next: float


class Run(NamedTuple):
    """What was found on a link."""

    model: str
    real_time: bool
    outages: list[OutageRow]
    callbacks: CallbackRow


def measure(kbps: float, count: int) -> Run:
    """Run the chain through `count` outages of a link.

    Raises:
        InputError: a node fails, or no picture is shown in time.
    """
    with running_chain(_profile(kbps)) as chain:
        observer = chain.observer
        real_time = give_real_time(chain.pids()["onboard"])
        began = chain.link_began()
        starts = [began + _UP + number * (_UP + _GONE) for number in range(count + 1)]
        outages = [Outage(start, start + _GONE, after) for start, after in pairwise(starts)]
        usages = {node: Usage(chain.pids()[node]) for node in _NODES}
        chain.watch(usages, observer.now() + _START, _SAMPLE_PERIOD)
        if observer.now() >= outages[0].start:
            raise InputError(f"the first picture came too late, expected it within {_UP - _START:g} s")
        observer.forget_stages()
        chain.watch(usages, outages[-1].end + _AFTER, _SAMPLE_PERIOD)
        timings = observer.timings("onboard", "callback")
        rows = [
            OutageRow(
                kbps=kbps,
                began_s=round(outage.start - began, 1),
                seconds=_GONE,
                fresh_s=fresh_after(observer.shown, outage),
                callback_max_ms=longest(timings, outage),
                memory={node: _memory(usage, outage) for node, usage in usages.items()},
            )
            for outage in outages
        ]
        return Run(chain.model, real_time, rows, callback_row(kbps, timings))


def _profile(kbps: float) -> LinkProfile:
    steps = (Step(kbps=kbps, seconds=_UP), Step(kbps=0.0, seconds=_GONE))
    return replace(read_profile(_LINK), capacity=Schedule(steps=steps, repeat=True))


def give_real_time(pid: int) -> bool:
    """Give a process real-time priority, as far as we may: whether it has it now."""
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(ProcessLookupError):  # the thread has ended
                os.sched_setscheduler(int(thread.name), os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        return False
    return True


def fresh_after(shown: Sequence[Arrival], outage: Outage) -> float | None:
    """Seconds from the outage's end until a picture taken after it was shown; None: before the next, none."""
    fresh = (arrival.at for arrival in shown if arrival.stamp >= outage.end and arrival.at < outage.next)
    first = min(fresh, default=None)
    return None if first is None else round(first - outage.end, 3)


def longest(timings: Sequence[Timing], outage: Outage) -> float | None:
    """The longest time, ms, of the seconds told of from the outage's start to a second after its end."""
    told = [timing.max for timing in timings if outage.start <= timing.at < outage.end + 1]
    return max(told, default=None)


def callback_row(kbps: float, timings: Sequence[Timing]) -> CallbackRow:
    """All timings of a run, one at least."""
    greatest = [timing.max for timing in timings]
    return CallbackRow(
        kbps=kbps,
        seconds=round(timings[-1].at - timings[0].at, 1),
        mean=round(float(np.mean([timing.mean for timing in timings])), 2),
        p99=round(float(np.percentile(greatest, 99)), 2),
        max=max(greatest),
    )


def _memory(usage: Usage, outage: Outage) -> Memory:
    before, end, after = (usage.resident_mb(at) for at in (outage.start, outage.end, outage.end + _AFTER))
    return Memory(before=before, end=end, after=after)


def _print(run: Run) -> None:
    callbacks = run.callbacks
    priority = "real-time" if run.real_time else "ordinary"
    print(f"\n{callbacks.kbps:g} kbit/s, onboard with {priority} priority")
    for row in run.outages:
        memory = ", ".join(
            f"{node} {m.before:.1f} → {m.end:.1f} → {m.after:.1f} MB" for node, m in row.memory.items()
        )
        fresh = "none" if row.fresh_s is None else f"{row.fresh_s:.2f} s"
        print(f"  {row.began_s:5.1f} s: fresh after {fresh}, callbacks {row.callback_max_ms} ms, {memory}")
    print(f"  onboard's callbacks, ms: mean {callbacks.mean}, p99 {callbacks.p99}, max {callbacks.max}")


def _measure_all(given: argparse.Namespace) -> OutagesResult:
    runs = []
    for kbps in _QUICK_KBPS if given.quick else _KBPS:
        runs.append(measure(kbps, _QUICK_OUTAGES if given.quick else _OUTAGES))
        _print(runs[-1])
    return OutagesResult(
        machine=this_machine(),
        camera=camera_text(CAMERA),
        link=_LINK,
        model=runs[0].model,
        real_time=all(run.real_time for run in runs),
        rows=[row for run in runs for row in run.outages],
        callbacks=[run.callbacks for run in runs],
    )


def main() -> int:
    """Entry point."""
    given = arguments("outage", __doc__).parse_args()
    return status("outage", lambda: save("outage", given, _measure_all(given)))


if __name__ == "__main__":
    sys.exit(main())
