"""What a blend of two networks trades: fidelity to the pixels against texture."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from benchmarks.claims.quality.claim import FIGURES_HEAD, figures_cells
from benchmarks.claims.quality.measure import add_arguments, shipped
from benchmarks.harness.claim import Claim
from benchmarks.harness.evidence import Result
from benchmarks.harness.goals import Goal, least
from benchmarks.harness.markdown import table
from edgesr_ros.quality.evaluation import evaluate
from edgesr_ros.quality.niqe import MODEL_NAME
from edgesr_ros.schema import Struct
from edgesr_ros.upscaling.blend import find_pair
from edgesr_ros.upscaling.blending import BlendingUpscaler
from edgesr_ros.upscaling.catalog import load_upscaler

ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)

_QUICK_FILES = 1
_THREADS = 2


class BlendSettings(Struct):
    """What all figures have in common."""

    dataset: str
    niqe_model: str


class BlendRow(Struct):
    """α·(pixel-stage weights) + (1-α)·(adversarial-stage weights) on a data set."""

    model: str
    alpha: float
    psnr_y_db: float
    ssim_y: float
    lpips_alex: float
    lpips_vgg: float | None
    niqe: float | None


BlendResult = Result[BlendSettings, list[BlendRow]]


def measure(files: Sequence[Path], data: Path, lpips_vgg: Path | None, threads: int) -> list[BlendRow]:
    """A row for each α of each of `files`, which `blendable` are.

    Args:
        files: `<name>.onnx` with `<name>_psnr.onnx` beside it.
        data: as for `evaluate`.
        lpips_vgg: as for `evaluate`.
        threads: CPU threads.

    Raises:
        InputError: the two are not of one architecture, the onnx package is missing, or as `evaluate`.
    """
    rows = []
    for path in files:
        pair = find_pair(str(path))
        for alpha in ALPHAS:
            print(f"{path.stem}, α = {alpha:g}", flush=True)
            base = load_upscaler(str(path), threads=threads)
            upscaler = BlendingUpscaler(base, lambda pair=pair: pair, threads, alpha)  # type: ignore[misc]
            found = evaluate(upscaler.upscale, upscaler.scale, data, threads, lpips_vgg)
            upscaler.close()
            rows.append(
                BlendRow(
                    model=upscaler.name,
                    alpha=alpha,
                    psnr_y_db=found.psnr_y_db,
                    ssim_y=found.ssim_y,
                    lpips_alex=found.lpips_alex,
                    lpips_vgg=found.lpips_vgg,
                    niqe=found.niqe,
                )
            )
    return rows


def blendable(files: Sequence[Path]) -> list[Path]:
    """Each `<name>.onnx` among `files` that has a `<name>_psnr.onnx` beside it."""
    return [
        path
        for path in sorted(files)
        if path.suffix == ".onnx" and path.with_name(f"{path.stem}_psnr.onnx").is_file()
    ]


def blend_table(result: BlendResult) -> str:
    """A line for each model and α."""
    lines = [[f"`{row.model}`", f"{row.alpha:g}", *figures_cells(row)] for row in result.rows]
    return table(["", "α", *FIGURES_HEAD], lines)


def _steps(result: BlendResult, scale: int, field: str) -> Iterator[float]:
    """By how much a figure rises from each α to the next, of the networks of a scale."""
    for before, after in pairwise(result.rows):
        if before.model == after.model and before.model.endswith(f"_x{scale}"):
            yield getattr(after, field) - getattr(before, field)


def _goals(scale: int) -> Iterator[Goal[BlendResult]]:
    for what, field, unit in (("PSNR-Y rises", "psnr_y_db", "dB"), ("LPIPS rises", "lpips_alex", "")):
        yield Goal(
            f"{what} from each α to the next at x{scale}, the least step",
            "≥",
            0,
            unit,
            lambda result, field=field: least(_steps(result, scale, field)),  # type: ignore[misc]
            digits=4,
        )


GOALS = tuple(goal for scale in (2, 4, 8) for goal in _goals(scale))

CLAIM = Claim(
    name="blend",
    title="Between fidelity and texture",
    about=(
        "The ground station's parameter `interpolation` slides α from 0, the texture of the adversarial "
        "stage, to 1, the fidelity of the pixel stage, while pictures flow: `ros2 param set "
        "/ground/ground_station interpolation 0.5`."
    ),
    reading="A line is a network at an α; figures as in the table above.",
    result=BlendResult,
    table=blend_table,
    goals=GOALS,
)


def main() -> int:
    """Entry point."""
    parser = CLAIM.arguments(__doc__)
    add_arguments(parser)
    return CLAIM.run(parser, _run)


def _run(given: argparse.Namespace) -> None:
    files = blendable(shipped())[: _QUICK_FILES if given.quick else None]
    settings = BlendSettings(dataset=given.data.resolve().name, niqe_model=MODEL_NAME)
    CLAIM.write(given, settings, measure(files, given.data, given.lpips_vgg, _THREADS))


if __name__ == "__main__":
    sys.exit(main())
