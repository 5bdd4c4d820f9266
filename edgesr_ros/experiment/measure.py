"""From what happened in a run to its row in the results."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np

from edgesr_ros.experiment.rows import Course, Row
from edgesr_ros.experiment.screen import Seen
from edgesr_ros.experiment.simulation import Run, Shown
from edgesr_ros.link.capacity import Capacity
from edgesr_ros.link.profile import LinkProfile

_STEP = 0.1  # s, at which the capacity is looked at: shorter gaps are the link's rhythm, not its capacity
_OUTAGE = 1.0  # s without capacity that count as an outage
_STALE = 1.0  # s; default of the ground station's `stale_after`
_FROZEN = 0.25  # s
_SCREEN_STEP = 0.01  # s, at which the age of what is on the screen is looked at


class Names(NamedTuple):
    """What a row is about."""

    contender: str
    link: str
    recording: str
    time: Literal["simulated", "real"]


def row_of(names: Names, run: Run, seen: Sequence[Seen], link: LinkProfile, content_kbps: float) -> Row:
    """The row of a run.

    Args:
        seen: its moments; one at least.
        content_kbps: what the recording could fill at its best.
    """
    seconds, sizes = run.seconds, [size for _, size in run.sent]
    kbit = _kbit_per_step(link.capacity, seconds)
    limited = bool(np.isfinite(kbit).all())
    usable = np.minimum(kbit, content_kbps * _STEP).sum()
    ages = [1e3 * shown.age for shown in run.shown]
    flicker = [moment.flicker for moment in seen if moment.flicker is not None]
    return Row(
        **names._asdict(),
        seconds=seconds,
        capacity_kbps=round(float(kbit.sum()) / seconds, 1) if limited else None,
        usable_kbps=round(float(usable) / seconds, 1),
        capacity_used=round(run.used_bytes * 8e-3 / float(usable), 4) if usable else 0.0,
        propagation_ms=round(1e3 * float(np.mean([link.delay_at(at) for at in _grid(seconds, _STEP)])), 1),
        frames_sent=len(sizes),
        frames_shown=len(run.shown),
        fps_shown=round(len(run.shown) / seconds, 2),
        age_p50_ms=_percentile(ages, 50),
        age_p95_ms=_percentile(ages, 95),
        age_on_screen_p95_ms=_percentile(1e3 * ages_on_screen(run.shown, _grid(seconds, _SCREEN_STEP)), 95),
        stale=round(stale_share([shown.at for shown in run.shown], seconds), 4),
        lost=run.lost,
        lost_overload=round(run.lost.get("queue", 0) / max(len(sizes), 1), 4),
        sent_kbps=round(sum(sizes) * 8e-3 / seconds, 1),
        bytes_per_frame=round(float(np.mean(sizes)), 0) if sizes else None,
        lpips_on_screen=round(float(np.mean([moment.lpips for moment in seen])), 4),
        psnr_on_screen_db=round(float(np.mean([moment.psnr_db for moment in seen])), 2),
        flicker=round(float(np.mean(flicker)), 3) if flicker else None,
        recovery_s=_recovery(run, outages(link.capacity, seconds)),
        timeline=_timeline(run, seen, kbit),
        frozen=round(frozen_share([shown.at for shown in run.shown], seconds), 4),
        reports_kbps=round(sum(size for _, size in run.reports) * 8e-3 / seconds, 1),
    )


def outages(capacity: Capacity, seconds: float) -> list[tuple[float, float]]:
    """(from, to) of the stretches of a second or more in which the link carries nothing; those that end."""
    empty = np.concatenate([[False], _kbit_per_step(capacity, seconds) == 0, [False]])
    edges = np.flatnonzero(np.diff(empty.astype(int))).reshape(-1, 2) * _STEP
    return [
        (float(start), float(end)) for start, end in edges if end - start >= _OUTAGE - 1e-9 and end < seconds
    ]


def stale_share(shown: Sequence[float], seconds: float) -> float:
    """Share of `seconds` in which no picture came for a second; the first is awaited from 0 on."""
    waits = np.diff([0.0, *shown, seconds])
    return float(np.maximum(waits - _STALE, 0).sum() / seconds)


def frozen_share(shown: Sequence[float], seconds: float) -> float:
    """Share of `seconds` in which a picture stood for more than 250 ms, from its first moment on."""
    waits = np.diff([0.0, *shown, seconds])
    return float(waits[waits > _FROZEN].sum() / seconds)


def ages_on_screen(shown: Sequence[Shown], moments: np.ndarray) -> np.ndarray:
    """Age in s of what is on the screen at each of `moments`, from the first picture on."""
    times = np.array([picture.at for picture in shown])
    taken = np.array([picture.at - picture.age for picture in shown])
    newest = np.searchsorted(times, moments, side="right") - 1
    return moments[newest >= 0] - taken[newest[newest >= 0]]


def _recovery(run: Run, gone: Sequence[tuple[float, float]]) -> float | None:
    """The longest time until a picture taken after an outage; the rest of the run where none came."""
    waits = []
    for _, end in gone:
        fresh = [shown.at for shown in run.shown if shown.at - shown.age >= end - 1e-9]
        waits.append(min(fresh, default=run.seconds) - end)
    return round(max(waits), 3) if waits else None


def _timeline(run: Run, seen: Sequence[Seen], kbit: np.ndarray) -> Course:
    edges = _grid(run.seconds, 1.0)
    moments = _grid(run.seconds, _SCREEN_STEP)[1:]
    ages = np.full(len(moments), np.nan)
    on = ages_on_screen(run.shown, moments)
    ages[len(ages) - len(on) :] = 1e3 * on
    steps = np.arange(len(kbit)) * _STEP + _STEP / 2
    return Course(
        shown_per_s=np.histogram([shown.at for shown in run.shown], edges)[0].astype(float).tolist(),
        oldest_ms=_per_bin(edges, moments - _SCREEN_STEP / 2, ages, np.max, 0),
        lpips=_per_bin(edges, np.array([s.at for s in seen]), np.array([s.lpips for s in seen]), np.mean, 4),
        sent_kbps=np.histogram(
            [at for at, _ in run.sent], edges, weights=[8e-3 * size for _, size in run.sent]
        )[0]
        .round(1)
        .tolist(),
        capacity_kbps=_per_bin(edges, steps, np.where(np.isfinite(kbit), kbit / _STEP, np.nan), np.mean, 1),
    )


def _kbit_per_step(capacity: Capacity, seconds: float) -> np.ndarray:
    edges = _grid(seconds, _STEP)
    return np.array([capacity.kbit(start, end) for start, end in pairwise(edges)])


def _grid(seconds: float, step: float) -> np.ndarray:
    return np.arange(round(seconds / step) + 1) * step


def _per_bin(
    edges: np.ndarray,
    times: np.ndarray,
    values: np.ndarray,
    reduce: Callable[[np.ndarray], float],
    digits: int,
) -> list[float | None]:
    bins = np.searchsorted(edges, times, side="right") - 1
    groups = (values[(bins == index) & np.isfinite(values)] for index in range(len(edges) - 1))
    return [round(float(reduce(group)), digits) if group.size else None for group in groups]


def _percentile(values: Sequence[float] | np.ndarray, which: float) -> float | None:
    return round(float(np.percentile(values, which)), 1) if len(values) else None
