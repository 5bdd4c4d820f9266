"""An int8 ONNX graph as torch computes it in floats, with gradients, for quantization-aware training."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import onnx
import torch
from onnx import helper, numpy_helper
from torch import nn
from torch.nn import functional

from edgesr_ros.errors import InputError

_CODES = (0, 255)  # of activations
_WEIGHT_CODES = (-127, 127)
_QUANTIZED = re.compile(
    r"(?P<name>.+?)\d*_quantized"
)  # the quantizer numbers a bias that several nodes share
_LEAST = 1e-30  # of a scale: a channel of zeros has one as well


class _Node(NamedTuple):
    kind: str
    inputs: tuple[str, ...]
    output: str
    attributes: dict[str, Any]


class QuantizedGraph(nn.Module):
    """A graph with QuantizeLinear and DequantizeLinear, of which the weights stay floats that can be trained.

    A pair of the two is torch's fake quantization, through which gradients go where codes are not at their
    ends (Jacob et al., "Quantization and Training of Neural Networks", CVPR 2018, section 3). Activations
    have the graph's scales; a weight's are those of its present values, by output channel, as the exporter
    will find them. Biases, which have 32 bits, are not rounded.

    Args:
        model: with one input, (N, 3, H, W), and one output.

    Raises:
        InputError: it has an operator that is not known here.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        super().__init__()
        graph = model.graph
        self._input, self._output = graph.input[0].name, graph.output[0].name
        self._nodes = [
            _Node(
                node.op_type,
                tuple(node.input),
                node.output[0],
                {entry.name: helper.get_attribute_value(entry) for entry in node.attribute},
            )
            for node in graph.node
        ]
        if unknown := {node.kind for node in self._nodes} - _OPERATORS.keys() - {_QUANTIZE, _DEQUANTIZE}:
            raise InputError(f"quantize: not known how to train through {', '.join(sorted(unknown))}")
        self._constants = {
            tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy())
            for tensor in graph.initializer
        }

    def forward(self, x: torch.Tensor, weights: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Run it.

        Args:
            x: (N, 3, H, W) float.
            weights: in place of those in the graph, by the names that they had before it was quantized.
        """
        values = {self._input: x}
        for node in self._nodes:
            if node.kind == _QUANTIZE:
                values[node.output] = self._quantized(node, values[node.inputs[0]])
            elif node.kind == _DEQUANTIZE:
                source = node.inputs[0]
                values[node.output] = (
                    values[source] if source in values else self._weight(node, weights).to(x.device)
                )
            else:
                inputs = [
                    values[name] if name in values else self._constants[name].to(x.device)
                    for name in node.inputs
                ]
                values[node.output] = _OPERATORS[node.kind](inputs, node.attributes)
        return values[self._output]

    def _quantized(self, node: _Node, x: torch.Tensor) -> torch.Tensor:
        scale, zero = (self._constants[name] for name in node.inputs[1:])
        return torch.fake_quantize_per_tensor_affine(x, float(scale), int(zero), *_CODES)

    def _weight(self, node: _Node, weights: Mapping[str, torch.Tensor]) -> torch.Tensor:
        codes = self._constants[node.inputs[0]]
        name = _QUANTIZED.fullmatch(node.inputs[0])
        value = weights.get(name["name"]) if name else None
        if value is None:  # a number in the code, or a slope
            scale, zero = (self._constants[name].float() for name in node.inputs[1:])
            return (codes.float() - zero) * scale
        if codes.dtype == torch.int32:
            return value
        scales = value.detach().flatten(1).abs().amax(1).clamp(min=_LEAST) / _WEIGHT_CODES[1]
        zeros = torch.zeros_like(scales, dtype=torch.int32)
        return torch.fake_quantize_per_channel_affine(value, scales, zeros, 0, *_WEIGHT_CODES)


_QUANTIZE, _DEQUANTIZE = "QuantizeLinear", "DequantizeLinear"

Inputs = list[torch.Tensor]
Attributes = dict[str, Any]


def _convolution(inputs: Inputs, attributes: Attributes) -> torch.Tensor:
    # Pads are alike on all sides, strides and dilations 1, in all networks.
    bias = inputs[2] if len(inputs) > 2 else None
    return functional.conv2d(
        inputs[0], inputs[1], bias, padding=attributes["pads"][:2], groups=attributes["group"]
    )


_OPERATORS = {
    "Add": lambda inputs, _: inputs[0] + inputs[1],
    "Clip": lambda inputs, _: inputs[0].clamp(*inputs[1:3]),
    "Conv": _convolution,
    "DepthToSpace": lambda inputs, attributes: functional.pixel_shuffle(inputs[0], attributes["blocksize"]),
    "LeakyRelu": lambda inputs, attributes: functional.leaky_relu(inputs[0], attributes["alpha"]),
    "Mul": lambda inputs, _: inputs[0] * inputs[1],
    "Relu": lambda inputs, _: functional.relu(inputs[0]),
    "Sigmoid": lambda inputs, _: functional.sigmoid(inputs[0]),
    "Sub": lambda inputs, _: inputs[0] - inputs[1],
}
