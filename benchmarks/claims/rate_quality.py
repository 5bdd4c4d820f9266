"""Quality per byte: the hulls of our operating points beside JPEG, WebP and AVIF at full size.

All see the same frames: some of each recording for stand-alone codecs, and H.264 in its steady state at just
these. AVIF is written at both speeds of codecs/avif.py. LPIPS is that of the picture on the screen, against
the camera's; bytes are for a 640x480 frame.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from benchmarks.harness.evidence import Machine, arguments, save, status, this_machine
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


class RateQualityRow(Struct):
    """A way to send frames, at a budget."""

    contender: str
    budget_bytes: float  # for a 640x480 frame
    lpips: float | None  # null: it cannot be that small


class RateQualityResult(Struct):
    """results/rate_quality.json."""

    machine: Machine
    sources: list[str]
    networks: dict[str, str]
    rows: list[RateQualityRow]


class _Point(NamedTuple):
    mode: Mode
    bytes: float
    lpips: float


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print a table, and write the figures; status 2 for a mistake of the user."""
    parser = arguments("rate_quality", __doc__)
    parser.add_argument("--input", nargs="+", required=True, metavar="SOURCE", help="recordings in motion")
    given = parser.parse_args(argv)
    count = 1 if given.quick else _FRAMES
    return status("rate_quality", lambda: save("rate_quality", given, _run(given.input, count)))


def _run(inputs: Sequence[str], count: int) -> RateQualityResult:
    networks = networks_of(_NETWORK, _THREADS)
    ours, full = PointMeter(networks, _THREADS), PointMeter({1: None}, _THREADS)
    sources = [open_source(text) for text in inputs]
    measured: dict[str, list[tuple[Setting, Figures]]] = {}
    for source in sources:
        clip = first_frames(source)
        frames = [clip[number] for number in sorted(steady_frames(clip, count))]
        found: dict[str, Iterator[tuple[Setting, Figures]]] = {
            "JPEG": full.stills(still_codec("jpeg"), QUALITIES["jpeg"], frames),
            "ours, webp": ours.stills(still_codec("webp"), QUALITIES["webp"], frames),
            "ours, avif": ours.stills(still_codec("avif"), QUALITIES["avif"], frames),
            "ours, avif_slow": ours.stills(still_codec("avif_slow"), QUALITIES["avif_slow"], frames),
            "ours, h264": ours.stream(QUALITIES["h264"], clip, count),
        }
        for name, figures in found.items():
            measured.setdefault(name, []).extend(figures)
        print(f"measured: {source.description}", flush=True)
    points = {name: _points(name, means(figures)) for name, figures in measured.items()}
    for fixed, name in (("WebP", "webp"), ("AVIF", "avif"), ("AVIF, slow", "avif_slow")):
        points[fixed] = [point for point in points[f"ours, {name}"] if point.mode.scale == 1]
    for mixed, name in (("still", "avif"), ("still_slow", "avif_slow")):
        points[f"ours, {mixed}"] = points["ours, webp"] + points.pop(f"ours, {name}")
    rows = [_row(name, points[name], 1000 * budget) for name in sorted(points) for budget in _BUDGETS]
    _print(rows)
    return RateQualityResult(
        machine=this_machine(),
        sources=[source.description for source in sources],
        networks=names_of(networks),
        rows=rows,
    )


def _points(codec: str, figures: Mapping[Setting, Figures]) -> list[_Point]:
    return [_Point(Mode(codec, setting.scale), row.bytes, row.lpips) for setting, row in figures.items()]


def _row(name: str, points: Sequence[_Point], budget: float) -> RateQualityRow:
    found = best_lpips(points, budget)
    lpips = None if found is None else round(found, 4)
    return RateQualityRow(contender=name, budget_bytes=budget, lpips=lpips)


def _print(rows: Sequence[RateQualityRow]) -> None:
    names = sorted({row.contender for row in rows})
    table = {(row.contender, row.budget_bytes): row.lpips for row in rows}
    print("kB/frame  " + "  ".join(f"{name:>10}" for name in names))
    for budget in _BUDGETS:
        values = (table[name, 1000 * budget] for name in names)
        cells = ("-" if value is None else f"{value:.4f}" for value in values)
        print(f"{budget:8g}  " + "  ".join(f"{cell:>10}" for cell in cells))


if __name__ == "__main__":
    sys.exit(main())
