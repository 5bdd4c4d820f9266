"""`edgesr import`: a network of others as a model that all commands and nodes take."""

import argparse
from pathlib import Path

from edgesr_ros.cli.pytorch import require_torch
from edgesr_ros.errors import InputError
from edgesr_ros.frames.reduce import MAX_SCALE

HELP = "make a model, and weights to go on from, of others' checkpoint or ONNX file"

_RANGES = ("0..1", "0..255", "-1..1")
_LOOK = 16  # bytes that tell what kind of file it is


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="PyTorch checkpoint of a network that is known; EdgeSRGAN of ours as float32 ONNX; or any ONNX "
        "model with one RGB picture in and one out, float or uint8, NCHW or NHWC, of any range",
    )
    parser.add_argument("--network", metavar="NAME", help="that it must be; default: what its tensors say")
    parser.add_argument(
        "--scale",
        type=int,
        metavar="S",
        help=f"enlargement of both sides, 2 to {MAX_SCALE}; default: what the file says",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="PATH",
        help="model (.onnx) or weights (.safetensors) to write, the other one lies beside it; default: "
        "<FILE's name>_x<S> in this folder",
    )
    parser.add_argument(
        "--licence", help="of the weights (default: what is known of the file, or that it is not known)"
    )
    others = parser.add_argument_group("of others' ONNX models alone; default: what a known picture tells")
    others.add_argument("--layout", choices=("nchw", "nhwc"))
    others.add_argument("--range", choices=_RANGES, help="of its samples, in and out")
    parser.epilog = "A range that begins with a minus is written --range=-1..1."


def run(arguments: argparse.Namespace) -> None:
    """Write the model and its card, and weights where they are known; say what was found out."""
    from edgesr_ros.training.importing.containers import BEGINNINGS

    source = arguments.file.expanduser()
    if arguments.scale is not None and not 2 <= arguments.scale <= MAX_SCALE:
        raise InputError(f"--scale: expected 2 to {MAX_SCALE}, got {arguments.scale}")
    try:
        with source.open("rb") as file:
            beginning = file.read(_LOOK)
    except OSError as error:
        raise InputError(f"{source}: cannot be read ({error.strerror})") from None
    if beginning.startswith(BEGINNINGS):
        _import_weights(source, arguments, ours=False)
    elif beginning[8:9] == b"{":
        raise InputError(f"{source}: safetensors; `edgesr evaluate` and `edgesr export` take those of ours")
    elif arguments.network or _is_ours(source):
        _import_weights(source, arguments, ours=True)
    else:
        _import_onnx(source, arguments)


def _is_ours(source: Path) -> bool:
    """Whether an ONNX file is one whose weights we know how to take out."""
    from edgesr_ros.training.importing.onnx_file import OnnxFile

    try:
        return OnnxFile(source).exported
    except InputError:
        if source.suffix == ".onnx":
            raise
        raise InputError(f"{source}: neither a PyTorch checkpoint nor an ONNX model") from None


def _import_weights(source: Path, arguments: argparse.Namespace, ours: bool) -> None:
    for option in ("layout", "range"):
        if getattr(arguments, option):
            raise InputError(f"--{option}: is for others' ONNX models, and {source} is none")
    require_torch(str(source))
    from edgesr_ros.training.import_weights import Wanted, import_checkpoint, import_own

    output = arguments.output.expanduser() if arguments.output else None
    wanted = Wanted(output, arguments.network, arguments.scale, arguments.licence)
    (import_own if ours else import_checkpoint)(source, wanted, print)


def _import_onnx(source: Path, arguments: argparse.Namespace) -> None:
    from edgesr_ros.upscaling.import_onnx import RANGES, import_onnx

    found = import_onnx(
        source,
        arguments.output.expanduser() if arguments.output else None,
        arguments.scale,
        arguments.layout,
        RANGES[arguments.range] if arguments.range else None,
        arguments.licence or "not known",
    )
    print(f"{source}: {found.scale} times, {found.reading} ({found.bicubic_db:.1f} dB from bicubic)")
    if found.others:
        reading, nearness = found.others[0]
        print(f"  the next likely: {reading} ({nearness:.1f} dB)")
    print(f"  takes pictures of {found.size or 'any size'}, ", end="")
    print("depends on the whole of them" if found.reach is None else f"looks {found.reach} pixels far")
    print(f"{found.model}: use it as --model {found.model}")
