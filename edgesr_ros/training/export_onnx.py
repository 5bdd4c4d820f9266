"""Network → ONNX, for onnxruntime and everything else that reads ONNX."""

import warnings
from pathlib import Path

import onnx
import torch
from torch import nn

from edgesr_ros.networks import Network

_OPSET = 17  # onnxruntime 1.12 (2022) and newer
_SAMPLE = (1, 24, 32, 3)  # only traced: the sides are free


def export_onnx(network: Network, path: Path) -> None:
    """Write a model of uint8 RGB (1, height, width, 3) → (1, s·height, s·width, 3), any height and width.

    The network is written folded, where its family has something to fold.
    """
    model = network.fold().for_pictures()
    free_sides = {
        "picture": {1: "height", 2: "width"},
        "enlarged": {1: "enlarged_height", 2: "enlarged_width"},
    }
    trace(model.eval(), torch.zeros(_SAMPLE, dtype=torch.uint8), path, free_sides)
    written = onnx.load(path)
    batch, *_, colours = written.graph.output[0].type.tensor_type.shape.dim
    batch.dim_value, colours.dim_value = 1, 3  # which tracing does not see behind a reshape
    onnx.checker.check_model(written, full_check=True)
    onnx.save(written, path)


def trace(module: nn.Module, sample: torch.Tensor, path: Path, free_sides: dict[str, dict[int, str]]) -> None:
    """Write what a module with one input and one output does with a sample, as ONNX.

    Args:
        free_sides: name of the input and of the output, in this order → axis → name of its length.
    """
    source, result = free_sides
    with warnings.catch_warnings():
        # Deprecated, but the newer exporter knows no opset below 18 and wants two packages more.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            module,
            (sample,),
            str(path),
            dynamo=False,
            opset_version=_OPSET,
            input_names=[source],
            output_names=[result],
            dynamic_axes=free_sides,
        )
