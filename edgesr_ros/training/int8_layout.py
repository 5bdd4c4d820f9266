"""An int8 graph laid out for onnxruntime's VNNI kernels: the same function, bit for bit.

These kernels take four input channels at a step. The first convolution reads 3: a single step, not quite
full, for each of 81 kernel taps. With four pixels side by side taken as one of 12 channels, each output needs
a third of the taps, of three steps.

Time by measurement, of the graph as quantized (2 threads, Xeon with AVX-512 VNNI, inputs 40x30 to 320x240):
EdgeSRGAN x4 0.95 to 0.97; EdgeSRGAN-tiny x2 0.81 to 0.87, x4 0.83 to 0.93, x8 0.96 to 0.98.
"""

import numpy as np
import onnx
from onnx import helper, numpy_helper

_COLOURS = 3
_SIDE_BY_SIDE = 4  # pixels
_REACH = 4  # of the head to each side, in pixels: no more than the pixels of one group
_TAPS = 3  # groups that a row of the head's kernel then reaches


class _Convolution:
    """A quantized convolution: its node, and the initializers behind its DequantizeLinear nodes."""

    def __init__(self, graph: onnx.GraphProto, node: onnx.NodeProto) -> None:
        made_by = {output: other for other in graph.node for output in other.output}
        initializers = {tensor.name: tensor for tensor in graph.initializer}
        weights, *bias = ([initializers[name] for name in made_by[source].input] for source in node.input[1:])
        self.node = node
        self._weights, self._by_output = weights[0], sum(bias, weights[1:])

    @property
    def weights(self) -> np.ndarray:
        """(out, in of a group, rows, columns) int8."""
        return numpy_helper.to_array(self._weights)

    def rewrite(self, weights: np.ndarray, channels: np.ndarray, **attributes: int | list[int]) -> None:
        """Set the weights and attributes; `channels` says which old scale and bias each output has."""
        for tensor in self._by_output:
            _set(tensor, numpy_helper.to_array(tensor)[channels])
        _set(self._weights, weights)
        kept = [attribute for attribute in self.node.attribute if attribute.name not in attributes]
        del self.node.attribute[:]
        self.node.attribute.extend(kept)
        self.node.attribute.extend(helper.make_attribute(*item) for item in attributes.items())


def widen_head(graph: onnx.GraphProto) -> None:
    """Let the convolution that reads the picture make the outputs of four pixels at once, in place.

    A graph whose head reads four pixels already, or is not of this kind, stays as it is.

    Args:
        graph: its input is the picture, uint8 (1, height, width, 3), which one Transpose makes planes of.
    """
    head = next((conv for conv in _convolutions(graph) if _can_be_widened(graph, conv)), None)
    if head is None:
        return
    features, _, rows, _ = head.weights.shape
    wide = np.zeros((_SIDE_BY_SIDE, features, _SIDE_BY_SIDE, _COLOURS, rows, _TAPS), head.weights.dtype)
    for made in range(_SIDE_BY_SIDE):
        for column in range(2 * _REACH + 1):
            tap, read = divmod(made + column - _REACH + _SIDE_BY_SIDE, _SIDE_BY_SIDE)
            wide[made, :, read, :, :, tap] = head.weights[..., column]
    head.rewrite(
        wide.reshape(_SIDE_BY_SIDE * features, -1, rows, _TAPS),
        np.tile(np.arange(features), _SIDE_BY_SIDE),
        kernel_shape=[rows, _TAPS],
        pads=[_REACH, 1, _REACH, 1],
    )
    add_constants(
        graph,
        {
            "side_by_side": [_SIDE_BY_SIDE],
            "unpadded": [0] * 6,  # before all axes, after the first two
            "first_column": [0],
            "columns": [2],
            "grouped": [0, 0, -1, _SIDE_BY_SIDE * _COLOURS],  # 0: as it is
            "single": [0, 0, -1, features],
        },
    )
    _group_pixels(graph)
    _separate_pixels(graph, head)


def _group_pixels(graph: onnx.GraphProto) -> None:
    """Before the head: (1, H, W, 3) → (1, H, W / 4 rounded up, 12), filled up with 0, as all sides are."""
    picture = graph.input[0].name
    planes = next(node for node in graph.node if node.input[0] == picture)
    planes.input[0] = "quadruples"
    insert_nodes(
        graph,
        list(graph.node).index(planes),
        [
            helper.make_node("Shape", [picture], ["width"], "width", start=2, end=3),
            helper.make_node("Neg", ["width"], ["minus_width"], "minus_width"),
            helper.make_node("Mod", ["minus_width", "side_by_side"], ["missing"], "missing"),
            helper.make_node("Concat", ["unpadded", "missing", "first_column"], ["pads"], "pads", axis=0),
            helper.make_node("Pad", [picture, "pads"], ["padded"], "padded"),
            helper.make_node("Reshape", ["padded", "grouped"], ["quadruples"], "quadruples"),
        ],
    )


def _separate_pixels(graph: onnx.GraphProto, head: _Convolution) -> None:
    """After the head: (1, 4·F, H, W / 4 rounded up) → (1, F, H, W).

    Between two pairs of QuantizeLinear and DequantizeLinear: OpenVINO computes in integers only where a pair
    is not torn apart. By measurement, with these steps inside of a pair it took up to 1.4 times as long.
    """
    quantize = next(node for node in graph.node if head.node.output[0] in node.input)
    steps, quantized = quantize.input[1:], quantize.output[0]
    quantize.output[0] = "quadruple_codes"
    insert_nodes(
        graph,
        list(graph.node).index(quantize) + 1,
        [
            helper.make_node("DequantizeLinear", ["quadruple_codes", *steps], ["by_four"], "by_four"),
            helper.make_node("Transpose", ["by_four"], ["channels_last"], "channels_last", perm=[0, 2, 3, 1]),
            helper.make_node("Reshape", ["channels_last", "single"], ["by_one"], "by_one"),
            helper.make_node("Slice", ["by_one", "first_column", "width", "columns"], ["cut"], "cut"),
            helper.make_node("Transpose", ["cut"], ["features"], "features", perm=[0, 3, 1, 2]),
            helper.make_node("QuantizeLinear", ["features", *steps], [quantized], "feature_codes"),
        ],
    )


def _can_be_widened(graph: onnx.GraphProto, conv: _Convolution) -> bool:
    """Whether it is as EdgeSRGAN's head: dense, as wide as the kernel made here, on the picture as it is."""
    group = next((entry.i for entry in conv.node.attribute if entry.name == "group"), 1)
    made_by = {output: node for node in graph.node for output in node.output}
    source = made_by[conv.node.input[0]]
    while source.op_type in ("QuantizeLinear", "DequantizeLinear") and source.input[0] in made_by:
        source = made_by[source.input[0]]
    on_picture = list(source.input) == [graph.input[0].name]
    return on_picture and group == 1 and conv.weights.shape[1::2] == (_COLOURS, 2 * _REACH + 1)


def _convolutions(graph: onnx.GraphProto) -> list[_Convolution]:
    return [_Convolution(graph, node) for node in graph.node if node.op_type == "Conv"]


def _set(tensor: onnx.TensorProto, value: np.ndarray) -> None:
    tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(value), tensor.name))


def add_constants(graph: onnx.GraphProto, constants: dict[str, list[int]]) -> None:
    """int64, by their names."""
    for name, value in constants.items():
        graph.initializer.append(numpy_helper.from_array(np.array(value, np.int64), name))


def insert_nodes(graph: onnx.GraphProto, index: int, nodes: list[onnx.NodeProto]) -> None:
    """In their order, the first as the one of number `index`."""
    for offset, node in enumerate(nodes):
        graph.node.insert(index + offset, node)
