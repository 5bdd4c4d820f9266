"""The README's table of headlines: six figures, and how each is repeated."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.claims.chain import CLAIM as CHAIN
from benchmarks.claims.kernel_link import CLAIM as KERNEL_LINK
from benchmarks.claims.kernel_link import of_contender
from benchmarks.claims.outage import CLAIM as OUTAGE
from benchmarks.claims.quality.claim import CLAIM as QUALITY
from benchmarks.claims.quality.claim import row_of
from benchmarks.claims.rate_quality import CLAIM as RATE_QUALITY
from benchmarks.claims.rate_quality import by_budget
from benchmarks.claims.speed.claim import CLAIM as SPEED
from benchmarks.claims.speed.claim import Found
from benchmarks.harness.chain import REDUCED
from benchmarks.harness.claim import Claim
from benchmarks.harness.evidence import RESULTS
from benchmarks.harness.goals import most
from benchmarks.harness.markdown import number, table

_BUDGET = 5000.0  # bytes a frame
_FRAME = "160x120"
_TINY, _FULL = "edgesrgan_tiny_x4", "edgesrgan_x4"


def headline_table(results: Path = RESULTS) -> str:
    """What was measured, and by which script.

    Raises:
        InputError: a file of results is missing or is none of ours.
    """
    figures: tuple[tuple[Claim[Any, Any], str, Callable[[Path], str]], ...] = (
        (KERNEL_LINK, "a 30 Hz camera over 1 Mbit/s, real nodes", _kernel_link),
        (OUTAGE, "a fresh picture after an outage of 5 s", _outage),
        (RATE_QUALITY, f"LPIPS (lower is better) of 640x480 frames of {_BUDGET / 1000:g} kB", _rate_quality),
        (QUALITY, "LPIPS on Set5, enlarged four times", _quality),
        (SPEED, f"{_FRAME} to 640x480, int8 on its fastest backend", _speed),
        (CHAIN, "the whole chain at 25 Hz, all nodes on one machine", _chain),
    )
    lines = [(what, measured(results), f"`python -m {claim.module}`") for claim, what, measured in figures]
    return table(("what", "measured", "repeat it"), lines)


def _kernel_link(results: Path) -> str:
    result = KERNEL_LINK.read(results)
    ours, rival = of_contender(result), of_contender(result, "JPEG q80")
    return (
        f"{ours.fps_shown:.1f} pictures a second, {number(ours.age_p95_ms, 0)} ms old (p95), "
        f"{ours.lost_overload:.0%} lost; a plain JPEG stream: {rival.fps_shown:.1f}, "
        f"{rival.lost_overload:.0%} lost"
    )


def _outage(results: Path) -> str:
    rows = OUTAGE.read(results).rows.outages
    return f"within {number(most(row.fresh_s for row in rows), 2)} s in {len(rows)} outages"


def _rate_quality(results: Path) -> str:
    found = by_budget(RATE_QUALITY.read(results))[_BUDGET]
    names = {"ours, webp": "ours", "WebP": "WebP", "AVIF": "AVIF", "JPEG": "JPEG"}
    return ", ".join(f"{shown} {number(found.get(name), 3)}" for name, shown in names.items())


def _quality(results: Path) -> str:
    result = QUALITY.read(results)
    models = {"EdgeSRGAN": _FULL, "tiny": _TINY}
    found = [(name, row_of(result, model)) for name, model in models.items()]
    found.append(("bicubic", row_of(result, "bicubic_x4", None)))
    return ", ".join(f"{name} {number(row.lpips_alex if row else None, 3)}" for name, row in found)


def _speed(results: Path) -> str:
    found = Found(SPEED.read(results))
    rates = []
    for name, model in (("tiny", f"{_TINY}_int8"), ("EdgeSRGAN", f"{_FULL}_int8")):
        row = found.row(model, _FRAME, found.fastest(model, _FRAME))
        rates.append(f"{name} {number(row.fps if row else None, 0)}")
    srgan = found.row("srgan", _FRAME)
    return f"{', '.join(rates)} frames a second; SRGAN {number(srgan.fps if srgan else None, 1)}"


def _chain(results: Path) -> str:
    row = next(row for row in CHAIN.read(results).rows if row.onboard == REDUCED)
    return f"age {row.age_p50_ms:.0f} ms, p95 {row.age_p95_ms:.0f}; {row.machine_share:.0%} of the machine"
