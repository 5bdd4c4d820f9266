"""`edgesr evaluate`: measure models on a data set."""

import argparse
from pathlib import Path

from msgspec.structs import asdict

from edgesr_ros.quality.evaluation import evaluate
from edgesr_ros.quality.niqe import MODEL_NAME
from edgesr_ros.schema import write_json
from edgesr_ros.upscaling.base import Upscaler
from edgesr_ros.upscaling.catalog import BACKENDS, load_upscaler

HELP = "measure models on pictures: PSNR and SSIM on luma, LPIPS, NIQE"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("models", nargs="+", metavar="MODEL", help="shipped name, path, or bicubic")
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder with HR/ and LRx<scale>/ (same file names), with HR/ alone, or of pictures",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    parser.add_argument("--backend", choices=BACKENDS, default="auto", help="what runs the networks")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (default: 2)")


def run(arguments: argparse.Namespace) -> None:
    """Print a table with a line for each model as soon as it is measured; write the JSON at the end."""
    # All are loaded before the first is measured: a wrong name shows at once.
    upscalers = {name: _load(name, arguments.backend, arguments.threads) for name in arguments.models}
    folder = arguments.data.resolve().name
    models, datasets = max(map(len, ["model", *upscalers])), max(len("data set"), len(folder))
    print(f"{'model':{models}}  {'data set':{datasets}}  PSNR-Y dB  SSIM-Y   LPIPS    NIQE  parameters")
    rows = []
    for name, upscaler in upscalers.items():
        row = evaluate(upscaler.upscale, upscaler.scale, arguments.data, arguments.threads)
        niqe = "-" if row.niqe is None else f"{row.niqe:.2f}"
        print(
            f"{name:{models}}  {row.dataset:{datasets}}  {row.psnr_y_db:9.2f}  {row.ssim_y:6.4f}"
            f"  {row.lpips_alex:6.4f}  {niqe:>6}  {upscaler.parameters:10,}",
            flush=True,
        )
        if row.niqe_left_out:
            print(f"  no NIQE of {len(row.niqe_left_out)} of {len(row.images)}: {row.niqe_left_out[0]}")
        facts = {"model": name, "backend": upscaler.backend, "scale": upscaler.scale}
        rows.append(facts | {"parameters": upscaler.parameters} | asdict(row))
        upscaler.close()
    print(f"NIQE by the {MODEL_NAME}: not to be compared with scores by another one")
    if arguments.json:
        write_json(arguments.json, {"rows": rows})


def _load(name: str, backend: str, threads: int) -> Upscaler:
    """A model on the chosen backend; bicubic, the baseline of every table, on its own."""
    return load_upscaler(name, "auto" if name.startswith("bicubic") else backend, threads)
