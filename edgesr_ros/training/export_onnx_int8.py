"""Network → ONNX in 8-bit integers (QDQ), for onnxruntime.

By measurement, mean PSNR against the float network on Set5 (EdgeSRGAN-tiny and EdgeSRGAN of the pixel stage):
40.2 and 40.4 dB with ranges that hold all calibration pictures, 41.2 and 41.7 dB with `_WHOLE`, 41.9 and
42.5 dB with channels equalized as well.

Activations are uint8 and weights int8, by output channel: what VNNI multiplies, and a ReLU is no more than
the lower end of a range. On x86 without VNNI such products saturate (31 dB) unless the session is told to be
exact, by `session.x64quantprecision` = 1.
"""

import math
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationMethod,
    QDQQuantizer,
    QuantType,
    TensorData,
    TensorsData,
)

from edgesr_ros.errors import InputError
from edgesr_ros.networks import Network
from edgesr_ros.networks.fold import COLOURS, Folded
from edgesr_ros.networks.spec import Calibration
from edgesr_ros.training.export_onnx import trace
from edgesr_ros.training.int8_layout import add_constants, insert_nodes, widen_head

_IR_VERSION = 8  # as old as the opset
_SAMPLE = (1, COLOURS, 24, 32)  # only traced: the sides are free
_INPUT, _OUTPUT = "planes", "samples"  # of the traced graph
_WHOLE = 0.8  # share of the calibration pictures whose values a tensor's range holds whole
_SATURATED = 6.24  # beyond it, 255 · sigmoid rounds to 0 or 255: no code need be spent there

Range = tuple[float, float]


def export_onnx_int8(network: Network, path: Path, calibration: Sequence[np.ndarray]) -> None:
    """Write a model of uint8 RGB (1, height, width, 3) → (1, s·height, s·width, 3), any height and width.

    Args:
        network: RGB 0..255 (N, 3, H, W) in and out. One that was trained for a calibration keeps it.
        path: of the file.
        calibration: typical low-resolution pictures, (H, W, 3) uint8 RGB each, of any size.
    """
    model, folded, _ = quantize(network, [planes(rgb) for rgb in calibration])
    _take_and_give_pictures(model.graph, folded)
    widen_head(model.graph)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def planes(rgb: np.ndarray) -> torch.Tensor:
    """(H, W, 3) uint8 → (1, 3, H, W) float32 in 0..1."""
    return torch.from_numpy(rgb.transpose(2, 0, 1)[None] / np.float32(255))


class Quantized(NamedTuple):
    """A network as it is quantized, before pictures go in and come out."""

    model: onnx.ModelProto  # (1, 3, H, W) float in 0..1 → samples as of `folded`
    folded: Folded  # whose parameters the graph's weights are, by name
    calibration: Calibration


def quantize(network: Network, pictures: Sequence[torch.Tensor]) -> Quantized:
    """A network with QuantizeLinear and DequantizeLinear where int8 files have them.

    Args:
        network: its `calibration` is kept, if it has one.
        pictures: (1, 3, H, W) in 0..1, to find one by.

    Raises:
        InputError: its calibration is another network's.
    """
    folded, kept = network.fold().eval(), network.calibration
    divisors = kept.divisors if kept else folded.balance(pictures)
    folded.equalize(divisors)
    model = _trace(folded)
    nodes = _computing(model.graph)
    if kept:
        ranges = kept.ranges
        if wrong := [name for node in nodes for name in node.output if not _is_range(ranges.get(name))]:
            raise InputError(f"calibration: no range of {wrong[0]}, which this network has")
    else:
        ranges = _ranges(model, nodes, [picture.numpy() for picture in pictures])
    return Quantized(_quantize(model, nodes, ranges), folded, Calibration(ranges=ranges, divisors=divisors))


def _is_range(limits: Range | None) -> bool:
    return limits is not None and -math.inf < limits[0] <= limits[1] < math.inf


def _trace(folded: Folded) -> onnx.ModelProto:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "folded.onnx"
        sides = {2: "height", 3: "width"}
        trace(folded, torch.zeros(_SAMPLE), file, {_INPUT: sides, _OUTPUT: sides})
        model = onnx.load(file)
    _separate_weights(model.graph)
    return model


def _separate_weights(graph: onnx.GraphProto) -> None:
    """Give each layer weights of its own: tracing lets equal ones share, which the quantizer cannot."""
    weights = {tensor.name: tensor for tensor in graph.initializer}
    for node in list(graph.node):
        if node.op_type == "Identity" and node.input[0] in weights:
            value = weights[node.input[0]]
        elif node.op_type == "Constant":  # a number in the code, whose value the quantizer asks for
            value = node.attribute[0].t
        else:
            continue
        own = graph.initializer.add()
        own.CopyFrom(value)
        own.name = node.output[0]
        graph.node.remove(node)


def _computing(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """The nodes that compute with the picture's values; what is left computes with its size alone."""
    values, nodes = {_INPUT}, []
    for node in graph.node:
        if node.op_type != "Shape" and values & set(node.input):
            values.update(node.output)
            nodes.append(node)
    return nodes


def _ranges(
    model: onnx.ModelProto, nodes: Sequence[onnx.NodeProto], pictures: Sequence[np.ndarray]
) -> dict[str, Range]:
    """Tensor → the range that it is quantized to, from what runs through the float model."""
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    made = {name for node in model.graph.node for name in node.output}
    # Matrices that a picture is multiplied with may be made of its size.
    factors = [name for node in nodes if node.op_type == "MatMul" for name in node.input if name in made]
    names = list(dict.fromkeys([name for node in nodes for name in node.output] + factors))
    del watched.graph.output[:]
    watched.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names
    )
    session = onnxruntime.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    extremes = np.array(
        [
            [(value.min(), value.max()) for value in session.run(names, {_INPUT: picture})]
            for picture in pictures
        ]
    )
    # One picture's outlier must not make the steps coarser for all others.
    lowest = np.quantile(extremes[..., 0], 1 - _WHOLE, axis=0)
    highest = np.quantile(extremes[..., 1], _WHOLE, axis=0)
    ranges = {name: (float(low), float(high)) for name, low, high in zip(names, lowest, highest, strict=True)}
    for sigmoid in (node for node in model.graph.node if node.op_type == "Sigmoid"):
        low, high = ranges[sigmoid.input[0]]
        ranges[sigmoid.input[0]] = (max(low, -_SATURATED), min(high, _SATURATED))
    # A picture's grey levels, as they are: quantizing input and output costs nothing.
    return ranges | {_INPUT: (0.0, 1.0), _OUTPUT: (0.0, 1.0)}


def _quantize(
    model: onnx.ModelProto, nodes: Sequence[onnx.NodeProto], ranges: dict[str, Range]
) -> onnx.ModelProto:
    """The model with a QuantizeLinear and a DequantizeLinear at each tensor of the nodes, weights in int8."""
    data = {
        name: TensorData(lowest=np.float32(low), highest=np.float32(high))
        for name, (low, high) in ranges.items()
    }
    quantizer = QDQQuantizer(
        model,
        per_channel=True,
        reduce_range=False,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=TensorsData(CalibrationMethod.MinMax, data),
        nodes_to_quantize=[node.name for node in nodes],
        nodes_to_exclude=[],
        op_types_to_quantize=sorted({node.op_type for node in nodes}),
        extra_options={},
    )
    quantizer.quantize_model()
    quantizer.model.topological_sort()
    quantized = quantizer.model.model
    quantized.ir_version = _IR_VERSION
    return quantized


def _first(
    graph: onnx.GraphProto, kind: str, wanted: Callable[[onnx.NodeProto], bool]
) -> onnx.NodeProto | None:
    return next((node for node in graph.node if node.op_type == kind and wanted(node)), None)


def _take_and_give_pictures(graph: onnx.GraphProto, folded: Folded) -> None:
    """Put uint8 pictures where the graph quantizes its input and dequantizes its output, samples by rows."""
    first = _first(graph, "QuantizeLinear", lambda node: node.input[0] == _INPUT)
    last = _first(graph, "DequantizeLinear", lambda node: node.output[0] == _OUTPUT)
    # A network whose ends are not quantized, but for the arithmetic at them, gets what they would have.
    levels = ["level", "black"]
    graph.initializer.extend(
        numpy_helper.from_array(value, name)
        for name, value in zip(levels, (np.float32(1 / 255), np.uint8(0)), strict=True)
        if not (first and last)
    )
    if last:
        graph.node.remove(last)
        codes = last.input[0]
    else:
        codes = "codes"
        graph.node.append(helper.make_node("QuantizeLinear", [_OUTPUT, *levels], [codes], codes))
    add_constants(
        graph,
        {
            "block": [0, 0, 0, folded.block, folded.block * COLOURS],  # 0: as it is
            "scale": [folded.scale],
            "one": [1],
            "colours": [COLOURS],
        },
    )
    # Bytes are codes already. But OpenVINO computes in integers only what a QuantizeLinear precedes, and
    # takes three times as long for the first convolution in floats; onnxruntime drops the pair.
    take = [
        helper.make_node("Transpose", ["picture"], ["planar_codes"], "planes", perm=[0, 3, 1, 2]),
        helper.make_node(
            "DequantizeLinear", ["planar_codes", *(first.input[1:] if first else levels)], [_INPUT], "planar"
        ),
    ]
    insert_nodes(graph, 0, take)
    graph.node.extend(
        [
            # What `unfold` does, on bytes
            helper.make_node("Transpose", [codes], ["pixels"], "pixels", perm=[0, 2, 3, 1]),
            helper.make_node("Reshape", ["pixels", "block"], ["blocks"], "blocks"),
            helper.make_node("Transpose", ["blocks"], ["rows"], "rows", perm=[0, 1, 3, 2, 4]),
            helper.make_node("Shape", ["picture"], ["sides"], "sides", start=1, end=3),
            helper.make_node("Mul", ["sides", "scale"], ["enlarged_sides"], "enlarged_sides"),
            helper.make_node("Concat", ["one", "enlarged_sides", "colours"], ["shape"], "shape", axis=0),
            helper.make_node("Reshape", ["rows", "shape"], ["enlarged"], "enlarged"),
        ]
    )
    del graph.input[:], graph.output[:], graph.value_info[:]
    for tensors, name, prefix in (
        (graph.input, "picture", ""),
        (graph.output, "enlarged", "enlarged_"),
    ):
        shape = [1, f"{prefix}height", f"{prefix}width", COLOURS]
        tensors.append(helper.make_tensor_value_info(name, TensorProto.UINT8, shape))
