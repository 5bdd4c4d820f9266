"""`edgesr evaluate`: measure models on a data set."""

import argparse
from pathlib import Path

from msgspec.structs import asdict

from edgesr_ros.cli.pytorch import require_torch
from edgesr_ros.errors import InputError
from edgesr_ros.quality.evaluated import EvaluatedModel
from edgesr_ros.quality.evaluation import EvaluationRow, evaluate
from edgesr_ros.quality.niqe import MODEL_NAME
from edgesr_ros.schema import check_writable, write_json
from edgesr_ros.upscaling.catalog import AUTO, BACKENDS, DEVICES

HELP = "measure models on pictures: PSNR and SSIM on luma, LPIPS, NIQE; and what they compute"

_WEIGHTS = ".safetensors"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "models",
        nargs="+",
        metavar="MODEL",
        help="shipped name, path of a model file or of weights (.safetensors), or bicubic",
    )
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder with HR/ and LRx<scale>/ (same file names), with HR/ alone, or of pictures",
    )
    parser.add_argument(
        "--lpips-vgg",
        type=Path,
        metavar="FILE",
        help="measure LPIPS by VGG16 too (`python -m edgesr_ros.training.export_lpips --network vgg`)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    parser.add_argument("--backend", choices=BACKENDS, help="what runs them (default: by format)")
    parser.add_argument(
        "--device", choices=DEVICES, default=AUTO, help="what they compute on (default: the backend's own)"
    )
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (default: 2)")


def run(arguments: argparse.Namespace) -> None:
    """Print a table with a line for each model as soon as it is measured; write the JSON at the end."""
    # All are loaded before the first is measured: a wrong name shows at once.
    models = {name: _load(name, arguments) for name in arguments.models}
    if arguments.json:
        check_writable(arguments.json)
    folder = arguments.data.resolve().name
    names, datasets = max(map(len, ["model", *models])), max(len("data set"), len(folder))
    print(
        f"{'model':{names}}  {'data set':{datasets}}  PSNR-Y dB  SSIM-Y   LPIPS  LPIPS-vgg    NIQE"
        "  parameters  GMAC 80x60"
    )
    rows = []
    for name, model in models.items():
        upscaler, card = model.upscaler, model.card
        row = evaluate(model.upscale, upscaler.scale, arguments.data, arguments.threads, arguments.lpips_vgg)
        print(
            f"{name:{names}}  {row.dataset:{datasets}}  {_figures(row)}"
            f"  {upscaler.parameters:10,}  {_text(model.gmac(), 3):>10}",
            flush=True,
        )
        if row.niqe_left_out:
            print(f"  no NIQE of {len(row.niqe_left_out)} of {len(row.images)}: {row.niqe_left_out[0]}")
        facts = {
            "model": name,
            "backend": upscaler.backend,
            "scale": upscaler.scale,
            "tile": card.input_size if card else None,
            "parameters": upscaler.parameters,
            "gmac_80x60": model.gmac(),
        }
        rows.append(facts | asdict(row))
        upscaler.close()
    print(f"NIQE by the {MODEL_NAME}: not to be compared with scores by another one")
    if arguments.json:
        write_json(arguments.json, {"rows": rows})


def _load(name: str, arguments: argparse.Namespace) -> EvaluatedModel:
    """As `EvaluatedModel.load`, and weights as PyTorch runs them."""
    path, backend, device = Path(name).expanduser(), arguments.backend, arguments.device
    if path.suffix != _WEIGHTS:
        return EvaluatedModel.load(name, backend, arguments.threads, device)
    if backend:
        raise InputError(f"--backend: weights run in PyTorch alone, got {backend}")
    if device != AUTO:
        raise InputError(f"--device: weights run on the CPU alone, got {device}")
    require_torch(name)
    from edgesr_ros.training.weights_upscaler import WeightsUpscaler

    upscaler = WeightsUpscaler(path, arguments.threads)
    return EvaluatedModel(upscaler, None, upscaler.macs_per_pixel)


def _figures(row: EvaluationRow) -> str:
    return (
        f"{row.psnr_y_db:9.2f}  {row.ssim_y:6.4f}  {row.lpips_alex:6.4f}  {_text(row.lpips_vgg, 4):>9}"
        f"  {_text(row.niqe, 2):>6}"
    )


def _text(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
