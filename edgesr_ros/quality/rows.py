"""One picture that was shown, as a structure and as a line of `frames.csv`."""

from collections.abc import Sequence

from edgesr_ros.schema import Struct


class Scores(Struct):
    """A whole picture against its original."""

    psnr_db: float  # on RGB; at most 100
    ssim: float  # on luma
    lpips: float


class FrameRow(Struct):
    """One picture that was shown."""

    stamp_s: float  # when the camera took it
    shown_s: float  # when it was shown, on the recorder's clock: another, where the robot is another machine
    age_ms: float | None  # how old it was then, by what the ground station knows of both clocks
    method: str | None  # how it was enlarged: sr, bicubic, or none: it came at full size
    bytes: int | None  # of the compressed frame that it was made from
    model: str | None = None  # what enlarged it
    backend: str | None = None  # what ran the model
    sr: Scores | None = None  # of the picture as shown; None: not measured
    bicubic: Scores | None = None  # of the same received frame, enlarged bicubically
    consistency_db: float | None = None


_SCORES = ("psnr_db", "ssim", "lpips")
COLUMNS = (
    *("stamp_s", "shown_s", "age_ms", "method", "bytes"),
    *(f"{kind}_{score}" for kind in ("sr", "bicubic") for score in _SCORES),
    *("consistency_db", "model", "backend"),
)


def to_cells(row: FrameRow) -> list[str]:
    """The row in the order of `COLUMNS`; empty: not known. µs and 0.0001 of a score are kept."""
    cells = [f"{row.stamp_s:.6f}", f"{row.shown_s:.6f}", "" if row.age_ms is None else f"{row.age_ms:.3f}"]
    cells += [row.method or "", "" if row.bytes is None else str(row.bytes)]
    for scores in (row.sr, row.bicubic):
        cells += [""] * 3 if scores is None else [f"{getattr(scores, name):.4f}" for name in _SCORES]
    cells += ["" if row.consistency_db is None else f"{row.consistency_db:.4f}"]
    return [*cells, row.model or "", row.backend or ""]


def from_cells(cells: Sequence[str]) -> FrameRow:
    """The row that `to_cells` made cells of.

    Raises:
        ValueError: not as many cells as columns, or no number where one belongs.
    """
    stamp_s, shown_s, age_ms, method, size, *scores, consistency_db, model, backend = cells
    if len(cells) != len(COLUMNS):
        raise ValueError(f"{len(cells)} cells")
    return FrameRow(
        stamp_s=float(stamp_s),
        shown_s=float(shown_s),
        age_ms=float(age_ms) if age_ms else None,
        method=method or None,
        bytes=int(size) if size else None,
        sr=_scores(scores[:3]),
        bicubic=_scores(scores[3:]),
        consistency_db=float(consistency_db) if consistency_db else None,
        model=model or None,
        backend=backend or None,
    )


def _scores(cells: Sequence[str]) -> Scores | None:
    return Scores(**dict(zip(_SCORES, map(float, cells), strict=True))) if all(cells) else None
