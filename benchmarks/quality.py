"""All shipped models and bicubic on pictures, by `edgesr evaluate`, beside what the paper published."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.evidence import MODEL, QualityResult, QualityRow, arguments, save, this_machine
from edgesr_ros.cli.main import main as edgesr
from edgesr_ros.schema import read_json
from edgesr_ros.upscaling.catalog import list_models

_PAPER = "arXiv 2209.03355"
# PSNR, SSIM, LPIPS at scale 4. None: not stated.
_PUBLISHED_ON = "set5"
_PUBLISHED = {
    "EdgeSRGAN": (29.49, 0.837, 0.095, 660_611),
    "EdgeSRGAN-tiny": (28.07, 0.803, 0.146, 95_555),
    "SRGAN": (29.18, 0.842, 0.094, None),
    "bicubic": (None, None, 0.340, 0),
}


def measure(models: list[str], data: Path) -> list[QualityRow] | None:
    """A row for each model; None where `edgesr evaluate` failed, which has then said why."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder, "evaluation.json")
        if edgesr(["evaluate", *models, "--data", str(data), "--json", str(found)]):
            return None
        rows: list[dict[str, Any]] = read_json(found, dict[str, list[dict[str, Any]]])["rows"]
    fields = ("model", "dataset", "scale", "psnr_y_db", "ssim_y", "lpips_alex", "niqe", "parameters")
    return [
        QualityRow(**{name: row[name] for name in fields}, published=False, source="edgesr evaluate")
        for row in rows
    ]


def published(dataset: str) -> list[QualityRow]:
    """The paper's figures on a data set; none on one that we know none of."""
    if dataset.lower() != _PUBLISHED_ON:
        return []
    return [
        QualityRow(
            model=model,
            dataset=dataset,
            scale=4,
            psnr_y_db=psnr,
            ssim_y=ssim,
            lpips_alex=lpips,
            niqe=None,
            parameters=parameters,
            published=True,
            source=_PAPER,
        )
        for model, (psnr, ssim, lpips, parameters) in _PUBLISHED.items()
    ]


def main() -> int:
    """Entry point."""
    parser = arguments("quality", __doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="as for `edgesr evaluate`")
    given = parser.parse_args()
    rows = measure(["bicubic", MODEL] if given.quick else list_models(), given.data)
    if rows is None:
        return 2
    save("quality", given, QualityResult(machine=this_machine(), rows=rows + published(rows[0].dataset)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
