"""What a run came to, in one structure: summary.json."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from edgesr_ros.quality.rows import FrameRow, Scores
from edgesr_ros.schema import Struct, read_json

DROPPED = "dropped."  # prefix of the counters of lost frames, by reason


class Ages(Struct):
    """How old the pictures were when shown, ms; percentiles."""

    p50: float | None
    p95: float | None
    p99: float | None
    max: float | None


class MeanScores(Struct):
    """Means over the measured pictures."""

    psnr_db: float | None
    ssim: float | None
    lpips: float | None


class Quality(Struct):
    """The same received frames, as shown and enlarged bicubically, against the originals."""

    measured_frames: int
    sr: MeanScores
    bicubic: MeanScores


class Summary(Struct):
    """What a run came to; a figure that nothing defines is null."""

    frames_sent: int | None
    frames_shown: int
    fps_shown: float | None
    age_ms: Ages
    bytes_per_frame: float | None
    link_kbps: float | None  # received, mean over the run; 1 kbit = 1000 bit
    dropped: dict[str, int]  # by reason
    out_of_order: int  # pictures shown after one with a later stamp
    methods: dict[str, int]  # pictures shown, by how they were enlarged
    models: dict[str, int]  # pictures shown, by what enlarged them: <model> on <backend>
    quality: Quality
    consistency_db: float | None
    model: str | None  # that enlarged most of the pictures, …
    backend: str | None  # … and what ran it
    link: str | None
    source: str | None
    size: str | None  # of the pictures shown, e.g. 640x480
    duration_s: float


def read_summary(path: Path) -> Summary:
    """The summary in a `summary.json`; errors as `schema.read_json`."""
    return read_json(path, Summary)


def summarise(
    rows: Sequence[FrameRow],
    counters: Mapping[str, int],
    *,
    link: str | None,
    source: str | None,
    duration_s: float,
    size: str | None = None,
) -> Summary:
    """The summary of a run.

    Args:
        rows: of the pictures shown, in that order.
        counters: what the nodes counted: `frames_sent`, `bytes_received` and `dropped.<reason>`; others are
            left out. Without `bytes_received` the bytes of the pictures shown stand in for it.
        duration_s: over which pictures were due, so that a stream that stops early counts as slow.
    """
    ages = _finite(row.age_ms for row in rows if row.age_ms is not None)
    makers = Counter((row.model, row.backend) for row in rows if row.model and row.method != "none")
    model, backend = makers.most_common(1)[0][0] if makers else (None, None)
    p50, p95, p99, oldest = np.percentile(ages, (50, 95, 99, 100)).round(2).tolist() if ages else [None] * 4
    sizes = [row.bytes for row in rows if row.bytes is not None]
    received = counters.get("bytes_received", sum(sizes) if sizes else None)
    stamps = np.array([row.stamp_s for row in rows])
    return Summary(
        frames_sent=counters.get("frames_sent"),
        frames_shown=len(rows),
        fps_shown=round(len(rows) / duration_s, 3) if duration_s > 0 else None,
        age_ms=Ages(p50=p50, p95=p95, p99=p99, max=oldest),
        bytes_per_frame=_mean(sizes, 1),
        link_kbps=round(received * 8e-3 / duration_s, 3) if received is not None and duration_s > 0 else None,
        dropped={key.removeprefix(DROPPED): n for key, n in counters.items() if key.startswith(DROPPED)},
        out_of_order=int((stamps < np.maximum.accumulate(stamps)).sum()),
        methods=dict(Counter(row.method for row in rows if row.method is not None).most_common()),
        models={f"{name} on {runner}": number for (name, runner), number in makers.most_common()},
        quality=Quality(
            measured_frames=sum(row.sr is not None for row in rows),
            sr=_mean_scores([row.sr for row in rows if row.sr is not None]),
            bicubic=_mean_scores([row.bicubic for row in rows if row.bicubic is not None]),
        ),
        consistency_db=_mean([row.consistency_db for row in rows if row.consistency_db is not None], 3),
        model=model,
        backend=backend,
        link=link,
        source=source,
        size=size,
        duration_s=round(duration_s, 3),
    )


def _mean_scores(scores: Sequence[Scores]) -> MeanScores:
    return MeanScores(
        psnr_db=_mean([s.psnr_db for s in scores], 3),
        ssim=_mean([s.ssim for s in scores], 4),
        lpips=_mean([s.lpips for s in scores], 4),
    )


def _finite(values: Iterable[float]) -> list[float]:
    return [value for value in values if math.isfinite(value)]


def _mean(values: Iterable[float], digits: int) -> float | None:
    finite = _finite(values)
    return round(sum(finite) / len(finite), digits) if finite else None
