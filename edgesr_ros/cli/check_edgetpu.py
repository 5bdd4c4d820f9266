"""`edgesr check-edgetpu`: will a Coral Edge TPU take all of a TFLite model?"""

import argparse
from pathlib import Path

from edgesr_ros.upscaling.edgetpu_ops import count_ops, list_ops

HELP = "name each operator of a TFLite model and whether a Coral Edge TPU takes it (status 1: not all)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("file", type=Path, metavar="FILE", help="TFLite model, compiled or not")
    parser.epilog = (
        "By Coral's documented rules for edgetpu_compiler 16, applied to the file; only the compiler itself "
        "can tell for certain."
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the operators in their order and how many the Edge TPU takes; status 1 unless it takes all."""
    ops = list_ops(arguments.file)
    width = max(len("operator"), *(len(op.name) for op in ops))
    print(f"{'operator':{width}}  version  Edge TPU")
    for op in ops:
        verdict = "yes" if op.refusal is None else f"no: {op.refusal}"
        print(f"{op.name:{width}}  {op.version:7}  {verdict}")
    count = count_ops(ops)
    print(f"ops on TPU {count.on_tpu}/{count.ops}")
    return 0 if count.on_tpu == count.ops else 1
