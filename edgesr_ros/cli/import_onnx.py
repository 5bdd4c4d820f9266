"""`edgesr import-onnx`: a network of others as a model that all commands and nodes take."""

import argparse
from pathlib import Path

from edgesr_ros.errors import InputError
from edgesr_ros.frames.reduce import MAX_SCALE

HELP = "make a model of an ONNX file that others exported: float or uint8, NCHW or NHWC, any range"

_RANGES = ("0..1", "0..255", "-1..1")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("file", type=Path, metavar="FILE", help="ONNX model: one RGB picture in, one out")
    parser.add_argument(
        "--scale", type=int, required=True, metavar="N", help=f"enlargement of both sides, 2 to {MAX_SCALE}"
    )
    parser.add_argument("--layout", choices=("nchw", "nhwc"), help="default: what a known picture tells")
    parser.add_argument(
        "--range", choices=_RANGES, help="of its samples, in and out; default: what a known picture tells"
    )
    parser.add_argument("--licence", default="not known", help="of the weights (default: %(default)s)")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="to write; default: <FILE's name>_x<N>.onnx in this folder",
    )
    parser.epilog = "A range that begins with a minus is written --range=-1..1."


def run(arguments: argparse.Namespace) -> None:
    """Write the model and its card, and say what was found out and how sure that is."""
    from edgesr_ros.upscaling.import_onnx import RANGES, import_onnx

    source, scale = arguments.file.expanduser(), arguments.scale
    if not 2 <= scale <= MAX_SCALE:
        raise InputError(f"--scale: expected 2 to {MAX_SCALE}, got {scale}")
    output = (arguments.output or Path(f"{source.stem}_x{scale}.onnx")).expanduser()
    if output.suffix != ".onnx":
        raise InputError(f"--output: expected a name that ends with .onnx, got {output.name!r}")
    if output.exists() and source.exists() and output.samefile(source):
        raise InputError(f"--output: is the input, {source}; expected another file")
    found = import_onnx(
        source,
        output,
        scale,
        arguments.layout,
        RANGES[arguments.range] if arguments.range else None,
        arguments.licence,
    )
    print(f"{source}: {found.reading} ({found.bicubic_db:.1f} dB from bicubic)")
    if found.others:
        reading, nearness = found.others[0]
        print(f"  the next likely: {reading} ({nearness:.1f} dB)")
    print(f"  takes pictures of {found.size or 'any size'}, ", end="")
    print("depends on the whole of them" if found.reach is None else f"looks {found.reach} pixels far")
    print(f"{output}: use it as --model {output}")
