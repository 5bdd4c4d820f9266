"""What network interpolation trades: fidelity to the pixels against texture."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness.evidence import AlphaRow
from edgesr_ros.quality.evaluation import evaluate
from edgesr_ros.upscaling.catalog import load_upscaler
from edgesr_ros.upscaling.interpolating import InterpolatingUpscaler
from edgesr_ros.upscaling.interpolation import find_pair

ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)


def alpha_rows(files: Sequence[Path], data: Path, lpips_vgg: Path | None, threads: int) -> list[AlphaRow]:
    """A row for each α of each `<name>.onnx` among `files` that has a `<name>_psnr.onnx` beside it.

    Raises:
        InputError: the two are not of one architecture, the onnx package is missing, or as `evaluate`.
    """
    rows = []
    for path in sorted(files):
        if path.suffix != ".onnx" or not path.with_name(f"{path.stem}_psnr.onnx").is_file():
            continue
        pair = find_pair(str(path))
        for alpha in ALPHAS:
            print(f"{path.stem}, α = {alpha:g}", flush=True)
            base = load_upscaler(str(path), threads=threads)
            upscaler = InterpolatingUpscaler(base, lambda pair=pair: pair, threads, alpha)  # type: ignore[misc]
            found = evaluate(upscaler.upscale, upscaler.scale, data, threads, lpips_vgg)
            upscaler.close()
            rows.append(
                AlphaRow(
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
