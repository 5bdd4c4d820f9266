"""Outages of 5 s: when is there a fresh picture, is memory flat, and are the robot's callbacks held up?

A fresh picture is one taken after the outage's end; what had waited in the link and comes out late is none.
The robot's computer is another than the operator's: where we may (as root), the onboard node gets real-time
priority, so that the others, on the same processors here, do not hold it up.
"""

import argparse
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from benchmarks.harness.camera import CAMERA
from benchmarks.harness.claim import Claim
from benchmarks.harness.evidence import Result
from benchmarks.harness.goals import Goal, most
from benchmarks.harness.markdown import number, table
from benchmarks.harness.observer import Arrival, Timing
from benchmarks.harness.running import give_real_time, running_chain
from benchmarks.harness.usage import Usage
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.runner import camera_text
from edgesr_ros.link.capacity import Schedule, Step
from edgesr_ros.link.profile import LinkProfile, read_profile
from edgesr_ros.schema import Struct

_LINK = "outage"  # for delay and queue
_KBPS = (300.0, 1000.0, 10_000.0)
_QUICK_KBPS = (1000.0,)
_UP, _GONE = 8.0, 5.0  # seconds
_OUTAGES, _QUICK_OUTAGES = 5, 1
_AFTER = 4.0  # seconds after an outage until memory is looked at again
_SAMPLE_PERIOD = 0.25  # seconds between looks at memory
_NODES = ("onboard", "ground_station")
_START = 2.0  # seconds after the first picture that do not count: discovery, first inference


class OutageSettings(Struct):
    """What all runs have in common."""

    camera: str
    link: str  # whose delay and queue each link has
    model: str
    real_time: bool  # onboard had real-time priority, so that no node of the other side held it up


class Memory(Struct):
    """Resident memory of a node around an outage, MB."""

    before: float
    end: float
    after: float  # when the link has carried pictures again for some seconds


class OutageRow(Struct):
    """An outage of a link."""

    kbps: float  # of the link before and after it
    began_s: float  # after the start of the link
    seconds: float
    fresh_s: float | None  # from its end to a picture taken after it; null: none before the next
    callback_max_ms: float | None  # of the onboard node, from its start to its end; null: not told
    memory: dict[str, Memory]  # by node


class CallbackRow(Struct):
    """How long the callbacks of the onboard node took on a link with outages, ms."""

    kbps: float
    seconds: float
    mean: float
    p99: float  # in 99 % of the seconds none took longer
    max: float


class OutageRows(Struct):
    """What is found of outages, and of the runs that have them."""

    outages: list[OutageRow]
    callbacks: list[CallbackRow]


OutageResult = Result[OutageSettings, OutageRows]


class Outage(NamedTuple):
    """From when to when, on the clock of `Arrival`, and when the next begins."""

    start: float
    end: float
    next: float

    def memory(self, usage: Usage) -> Memory:
        """Of a node that was sampled throughout."""
        before, end, after = (usage.resident_mb(at) for at in (self.start, self.end, self.end + _AFTER))
        return Memory(before=before, end=end, after=after)


def measure(kbps: float, count: int) -> tuple[OutageSettings, OutageRows]:
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
                memory={node: outage.memory(usage) for node, usage in usages.items()},
            )
            for outage in outages
        ]
        settings = OutageSettings(
            camera=camera_text(CAMERA), link=_LINK, model=chain.model, real_time=real_time
        )
        return settings, OutageRows(outages=rows, callbacks=[callback_row(kbps, timings)])


def _profile(kbps: float) -> LinkProfile:
    steps = (Step(kbps=kbps, seconds=_UP), Step(kbps=0.0, seconds=_GONE))
    return replace(read_profile(_LINK), capacity=Schedule(steps=steps, repeat=True))


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


def outage_table(result: OutageResult) -> str:
    """A line for each link: its worst outage in each respect."""
    settings = result.settings
    nodes = list(result.rows.outages[0].memory)
    head = (
        *("link, kbit/s", "outages", "fresh picture after, s"),
        *("`onboard`'s callbacks, ms: mean / p99 / max", "max in outages"),
        *(f"`{node}`, MB: before → end → after" for node in nodes),
    )
    lines = []
    for times in result.rows.callbacks:
        rows = [row for row in result.rows.outages if row.kbps == times.kbps]
        told = [row.callback_max_ms for row in rows if row.callback_max_ms is not None]
        grown = [
            max((row.memory[node] for row in rows), key=lambda memory: memory.after - memory.before)
            for node in nodes
        ]
        lines.append(
            (
                f"{times.kbps:,g}",
                f"{len(rows)} × {rows[0].seconds:g} s",
                ", ".join(sorted(number(row.fresh_s, 2) for row in rows)),
                f"{times.mean:.1f} / {times.p99:.1f} / {times.max:.1f}",
                number(max(told, default=None), 1),
                *(f"{memory.before:.0f} → {memory.end:.0f} → {memory.after:.0f}" for memory in grown),
            )
        )
    priority = "real-time" if settings.real_time else "ordinary"
    return (
        f"{settings.camera}, delay and queue of link `{settings.link}`, `{settings.model}`, "
        f"`onboard` with {priority} priority.\n\n{table(head, lines)}"
    )


GOALS = (
    Goal[OutageResult](
        "a fresh picture after the end of an outage, at the latest",
        "≤",
        0.5,
        "s",
        lambda result: most(row.fresh_s for row in result.rows.outages),
        digits=2,
    ),
    Goal[OutageResult](
        "the longest of `onboard`'s callbacks",
        "≤",
        5,
        "ms",
        lambda result: most(row.max for row in result.rows.callbacks),
        digits=1,
    ),
)

CLAIM = Claim(
    name="outage",
    title="Outages",
    about=(
        "A fresh picture is one taken after the end of the outage; what waited in the link and comes out "
        "late does not count. The operator's computer shares the robot's processors here: run as root, the "
        "script gives `onboard` real-time priority."
    ),
    reading=(
        "A line is a link. Memory is that of the outage over which it grew most; the p99 of callbacks is "
        "that of the longest in each second."
    ),
    result=OutageResult,
    table=outage_table,
    goals=GOALS,
)


def main() -> int:
    """Entry point."""
    return CLAIM.run(CLAIM.arguments(__doc__), _run_all)


def _run_all(given: argparse.Namespace) -> None:
    runs = []
    for kbps in _QUICK_KBPS if given.quick else _KBPS:
        runs.append(measure(kbps, _QUICK_OUTAGES if given.quick else _OUTAGES))
        for row in (*runs[-1][1].callbacks, *runs[-1][1].outages):
            print(row)
    found = OutageRows(
        outages=[row for _, rows in runs for row in rows.outages],
        callbacks=[row for _, rows in runs for row in rows.callbacks],
    )
    real_time = all(settings.real_time for settings, _ in runs)
    CLAIM.write(given, replace(runs[0][0], real_time=real_time), found)


if __name__ == "__main__":
    sys.exit(main())
