"""What `edgesr evaluate` measured, as model cards hold it."""

from pathlib import Path

from edgesr_ros.errors import InputError
from edgesr_ros.schema import Struct, read_json

_METRICS = ("psnr_y_db", "ssim_y", "lpips_alex", "lpips_vgg", "niqe")


class _Row(Struct, forbid_unknown_fields=False):
    model: str
    backend: str
    dataset: str
    psnr_y_db: float
    ssim_y: float
    lpips_alex: float
    niqe: float | None
    lpips_vgg: float | None = None  # where its weights were given


class _Evaluation(Struct):
    """What `edgesr evaluate --json` writes, as far as it goes into a card."""

    rows: list[_Row]


def read_figures(paths: list[Path], name: str, backend: str) -> dict[str, dict[str, float]]:
    """Data set → metric → value, from the rows of evaluations that are about a model on a backend.

    Raises:
        InputError: a file is not what `edgesr evaluate --json` writes, or none has such a row.
    """
    rows = [
        row
        for path in paths
        for row in read_json(path, _Evaluation).rows
        if (row.model, row.backend) == (name, backend)
    ]
    if paths and not rows:
        raise InputError(
            f"--figures: expected a row of model {name} on {backend} in {', '.join(map(str, paths))}"
        )
    return {
        row.dataset: {metric: value for metric in _METRICS if (value := getattr(row, metric)) is not None}
        for row in rows
    }
