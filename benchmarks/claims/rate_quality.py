"""Quality per byte: the hulls of our operating points beside JPEG, WebP and AVIF at full size.

Stand-alone codecs see some frames of each recording, and H.264 in its steady state just these. AVIF is
written at both speeds of codecs/avif.py. `auto`, what is sent by default, is told each budget as live, and
judged on frames that have no period in common with AV1. LPIPS is that of the picture on the screen, against
the camera's; bytes are for a 640x480 frame.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.harness.claim import Claim
from benchmarks.harness.evidence import Result
from benchmarks.harness.goals import Goal, most
from benchmarks.harness.markdown import number, table
from benchmarks.harness.told import auto_figures
from edgesr_ros.codecs.streams import STREAM_CODECS
from edgesr_ros.ladder.measure import (
    Figures,
    PointMeter,
    Setting,
    first_frames,
    means,
    steady_frames,
    still_codec,
)
from edgesr_ros.ladder.points import Mode, best_lpips
from edgesr_ros.ladder.settings import QUALITIES, names_of, networks_of
from edgesr_ros.schema import Struct
from edgesr_ros.sources.opening import open_source

_NETWORK = "edgesrgan_tiny"
_BUDGETS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40)  # kB (1000 bytes) a frame
_FRAMES = 4  # of each recording
_THREADS = 2
_AUTO = "ours, auto"
_AUTO_TOLD = (0.24, 0.48, 0.96, 1.92, 3.84, 7.68)  # kB
_AUTO_BUDGETS = (0.25, 0.5, 1, 2, 4, 8)  # kB
_AUTO_FRAMES, _QUICK_FRAMES = 300, 40


class RateQualitySettings(Struct):
    """What all have in common."""

    sources: list[str]
    networks: dict[str, str]  # that enlarge, by x<scale>


class RateQualityRow(Struct):
    """A way to send frames, at a budget."""

    contender: str
    budget_bytes: float  # for a 640x480 frame
    lpips: float | None  # null: it cannot be that small


RateQualityResult = Result[RateQualitySettings, list[RateQualityRow]]


class _Point(NamedTuple):
    mode: Mode
    bytes: float
    lpips: float


def measure(
    inputs: Sequence[str], count: int, auto_frames: int
) -> tuple[RateQualitySettings, list[RateQualityRow]]:
    """Every way at every budget, on `count` frames of each recording; `auto` on `auto_frames` in a row.

    Raises:
        InputError: a recording cannot be read, or is too short for H.264.
    """
    networks = networks_of(_NETWORK, _THREADS)
    ours, full = PointMeter(networks, _THREADS), PointMeter({1: None}, _THREADS)
    sources = [open_source(text) for text in inputs]
    measured: dict[str, list[tuple[Setting, Figures]]] = {}
    auto: dict[float, list[tuple[float, float]]] = {}
    for text, source in zip(inputs, sources, strict=True):
        clip = first_frames(source)
        frames = [clip[number] for number in sorted(steady_frames(clip, count))]
        found: dict[str, Iterator[tuple[Setting, Figures]]] = {
            "JPEG": full.stills(still_codec("jpeg"), QUALITIES["jpeg"], frames),
            "ours, webp": ours.stills(still_codec("webp"), QUALITIES["webp"], frames),
            "ours, avif": ours.stills(still_codec("avif"), QUALITIES["avif"], frames),
            "ours, avif_slow": ours.stills(still_codec("avif_slow"), QUALITIES["avif_slow"], frames),
            "ours, h264": ours.stream(STREAM_CODECS["h264"], QUALITIES["h264"], clip, count),
        }
        for name, figures in found.items():
            measured.setdefault(name, []).extend(figures)
        for size in _AUTO_TOLD:
            auto.setdefault(size, []).append(auto_figures(text, 1000 * size, networks, auto_frames))
        print(f"measured: {source.description}", flush=True)
    points = {name: _points(name, means(figures)) for name, figures in measured.items()}
    for fixed, name in (("WebP", "webp"), ("AVIF", "avif"), ("AVIF, slow", "avif_slow")):
        points[fixed] = [point for point in points[f"ours, {name}"] if point.mode.scale == 1]
    for mixed, name in (("still", "avif"), ("still_slow", "avif_slow")):
        points[f"ours, {mixed}"] = points["ours, webp"] + points.pop(f"ours, {name}")
    rows = [_row(name, points[name], 1000 * budget) for name in sorted(points) for budget in _BUDGETS]
    by_default = [_Point(Mode("av1", 1), *np.mean(told, axis=0).tolist()) for told in auto.values()]
    rows += [_row(_AUTO, by_default, 1000 * budget) for budget in _AUTO_BUDGETS]
    settings = RateQualitySettings(
        sources=[source.description for source in sources], networks=names_of(networks)
    )
    return settings, rows


def _points(codec: str, figures: Mapping[Setting, Figures]) -> list[_Point]:
    return [_Point(Mode(codec, setting.scale), row.bytes, row.lpips) for setting, row in figures.items()]


def _row(name: str, points: Sequence[_Point], budget: float) -> RateQualityRow:
    found = best_lpips(points, budget)
    lpips = None if found is None else round(found, 4)
    return RateQualityRow(contender=name, budget_bytes=budget, lpips=lpips)


def rate_quality_table(result: RateQualityResult) -> str:
    """LPIPS of each way to send frames, a line for each budget."""
    contenders = list(dict.fromkeys(row.contender for row in result.rows))
    lines = [
        [f"{budget / 1000:g}", *(number(found.get(name), 3) for name in contenders)]
        for budget, found in sorted(by_budget(result).items())
    ]
    return table(["kB a frame", *(f"{name} ↓" for name in contenders)], lines)


def by_budget(result: RateQualityResult) -> dict[float, dict[str, float | None]]:
    """LPIPS of each contender, by bytes a frame."""
    budgets: dict[float, dict[str, float | None]] = {}
    for row in result.rows:
        budgets.setdefault(row.budget_bytes, {})[row.contender] = row.lpips
    return budgets


def _beyond(result: RateQualityResult, ours: str, others: Sequence[str]) -> float | None:
    """How much greater the LPIPS of ours is than the best of others', at the budget where it is most."""
    differences: list[float | None] = []
    for found in by_budget(result).values():
        theirs = [value for name in others if (value := found.get(name)) is not None]
        mine = found.get(ours)
        if theirs:
            differences.append(None if mine is None else mine - min(theirs))
    return most(differences)


def _auto_at(budget: float) -> Callable[[RateQualityResult], float | None]:
    return lambda result: by_budget(result).get(budget, {}).get(_AUTO)


GOALS = (
    *(
        Goal[RateQualityResult](
            f"LPIPS of `auto` at {budget:,} bytes a frame", "≤", bound, "", _auto_at(budget), digits=3
        )
        for budget, bound in ((250, 0.20), (500, 0.13), (1000, 0.08), (2000, 0.05))
    ),
    Goal[RateQualityResult](
        "LPIPS of `still` beyond the best of JPEG, WebP and AVIF, the most at any budget",
        "≤",
        0,
        "",
        lambda result: _beyond(result, "ours, still", ("JPEG", "WebP", "AVIF")),
        digits=4,
    ),
    Goal[RateQualityResult](
        "LPIPS of `still_slow` beyond the best of them and of slow AVIF, the most at any budget",
        "≤",
        0,
        "",
        lambda result: _beyond(result, "ours, still_slow", ("JPEG", "WebP", "AVIF", "AVIF, slow")),
        digits=4,
    ),
)

CLAIM = Claim(
    name="rate_quality",
    title="Quality per byte",
    about=(
        "The hulls of our ladders beside codecs at full size, over four frames each of three recordings. "
        "H.264 builds on earlier frames: cheaper while nothing is lost. So does `auto` (AV1), sent by "
        "default and judged on two of seven frames of a 640x480 camera, from the second second on. AVIF at "
        "Pillow's own speed (`slow`) takes three times as long as ours."
    ),
    reading=(
        "A line is a budget: LPIPS of the picture on the screen at so many bytes for a 640x480 frame; `–` "
        "where a codec cannot make a frame that small, and where `auto` was not measured."
    ),
    result=RateQualityResult,
    table=rate_quality_table,
    goals=GOALS,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print a table, and write the figures; status 2 for a mistake of the user."""
    parser = CLAIM.arguments(__doc__)
    parser.add_argument("--input", nargs="+", required=True, metavar="SOURCE", help="recordings in motion")
    return CLAIM.run(parser, _run, argv)


def _run(given: argparse.Namespace) -> None:
    counts = (1, _QUICK_FRAMES) if given.quick else (_FRAMES, _AUTO_FRAMES)
    settings, rows = measure(given.input, *counts)
    _print(rows)
    CLAIM.write(given, settings, rows)


def _print(rows: Sequence[RateQualityRow]) -> None:
    names = sorted({row.contender for row in rows})
    lpips = {(row.contender, row.budget_bytes): row.lpips for row in rows}
    print("kB/frame  " + "  ".join(f"{name:>10}" for name in names))
    for budget in _BUDGETS:
        values = (lpips.get((name, 1000 * budget)) for name in names)
        cells = ("-" if value is None else f"{value:.4f}" for value in values)
        print(f"{budget:8g}  " + "  ".join(f"{cell:>10}" for cell in cells))


if __name__ == "__main__":
    sys.exit(main())
