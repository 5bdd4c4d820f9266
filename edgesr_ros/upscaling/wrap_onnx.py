"""Other people's ONNX graphs with pre- and post-processing put inside: uint8 (1, H, W, 3) in and out.

The `onnx` package is imported by who wraps a graph only.
"""

from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.upscaling.card import InputSize, Range

Layout = Literal["nchw", "nhwc"]

_OPSET = 8  # from which all operators that are put around a graph do what is expected of them
_PREFIX = "edgesr_"  # of the names of what is put around it
_KINDS = ("FLOAT", "FLOAT16", "DOUBLE", "UINT8")
_PERMUTATIONS: dict[Layout, tuple[list[int], list[int]]] = {"nchw": ([0, 3, 1, 2], [0, 2, 3, 1])}


_Step = tuple[str, float | None, dict[str, Any]]  # operator, constant operand, attributes


class Reading(NamedTuple):
    """How a graph takes pictures and gives them back.

    Attributes:
        layout: order of its axes.
        input_range, output_range: what sample values 0 and 255 are as real numbers there.
    """

    layout: Layout
    input_range: Range
    output_range: Range

    def __str__(self) -> str:
        into, out = ("{:g}..{:g}".format(*limits) for limits in (self.input_range, self.output_range))
        return f"{self.layout}, {into}" + (f" in, {out} out" if into != out else "")


class Graph:
    """A network as it was exported: one picture in, one out, of three channels.

    Attributes:
        layouts: that fit the shape of its input.
        parameters: how many numbers its weights are.
        precision: of them, as a model card calls it.

    Args:
        path: of the ONNX file; weights in files of their own have to lie beside it.

    Raises:
        InputError: the file cannot be read, is no ONNX model, or its input or output is no such picture.
    """

    def __init__(self, path: Path) -> None:
        import onnx

        try:
            self._model = onnx.load(path)
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
        except Exception as error:  # of protobuf; onnx has none of its own for this
            reason = " ".join(str(error).split())[:200]
            raise InputError(f"{path}: not an ONNX model: {reason}") from None
        self._path = path
        graph = self._model.graph
        weights = {tensor.name for tensor in graph.initializer}
        inputs = [value for value in graph.input if value.name not in weights]
        if len(inputs) != 1 or len(graph.output) != 1:
            counts = f"{len(inputs)} inputs and {len(graph.output)} outputs"
            raise InputError(f"{path}: {counts}, expected one picture in and one out")
        self._input, self._output = inputs[0], graph.output[0]
        opset = max(
            (entry.version for entry in self._model.opset_import if entry.domain in ("", "ai.onnx")),
            default=0,
        )
        if opset < _OPSET:
            raise InputError(f"{path}: opset {opset}, expected {_OPSET} or newer; export it anew")
        self._kind = self._kind_of(self._input)
        self._output_kind = self._kind_of(self._output)
        self._shape = [dim.dim_value or None for dim in self._input.type.tensor_type.shape.dim]
        self.layouts = self._possible_layouts()
        self.parameters = sum(
            int(np.prod(tensor.dims)) for tensor in graph.initializer if tensor.data_type in (1, 10, 11, 3)
        )
        operators = {node.op_type for node in graph.node}
        halves = any(tensor.data_type == onnx.TensorProto.FLOAT16 for tensor in graph.initializer)
        quantized = not operators.isdisjoint({"QuantizeLinear", "QLinearConv"})
        self.precision: Literal["float32", "float16", "int8"] = (
            "int8" if quantized else "float16" if halves else "float32"
        )

    def size(self, layout: Layout) -> InputSize | None:
        """Of the pictures that it takes; None: any."""
        height, width = self._shape[2:] if layout == "nchw" else self._shape[1:3]
        return InputSize(width=width, height=height) if width and height else None

    def wrapped(self, reading: Reading, size: InputSize | None) -> bytes:
        """The whole as an ONNX file: uint8 RGB (1, H, W, 3) → (1, s·H, s·W, 3).

        Args:
            reading: of the graph.
            size: of the pictures; None: any.
        """
        from onnx import ModelProto, TensorProto, helper

        model = ModelProto()
        model.CopyFrom(self._model)
        graph = model.graph
        before, after = self._around(reading)
        nodes = [*before, *graph.node, *after]
        del graph.node[:], graph.input[:], graph.output[:], graph.value_info[:]
        graph.node.extend(nodes)
        sides = ["height", "width"] if size is None else [size.height, size.width]
        graph.input.append(
            helper.make_tensor_value_info(f"{_PREFIX}picture", TensorProto.UINT8, [1, *sides, 3])
        )
        enlarged = [1, f"{_PREFIX}height", f"{_PREFIX}width", 3]
        graph.output.append(helper.make_tensor_value_info(f"{_PREFIX}enlarged", TensorProto.UINT8, enlarged))
        return model.SerializeToString()

    def macs(self, reading: Reading, size: InputSize) -> int:
        """Multiply-accumulates of the convolutions for a picture of this size; 0: shapes are not known."""
        import onnx

        model = onnx.shape_inference.infer_shapes(onnx.load_from_string(self.wrapped(reading, size)))
        shapes = {
            value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
            for value in (*model.graph.value_info, *model.graph.input, *model.graph.output)
        }
        weights = {tensor.name: int(np.prod(tensor.dims)) for tensor in model.graph.initializer}
        total = 0
        for node in model.graph.node:
            if node.op_type in ("Conv", "ConvTranspose"):
                # A weight is used once for each pixel written; that of a transposed one, for each read.
                picture = node.output[0] if node.op_type == "Conv" else node.input[0]
                total += weights.get(node.input[1], 0) * int(np.prod(shapes.get(picture, [0])[2:] or [0]))
        return total

    def _around(self, reading: Reading) -> tuple[list[Any], list[Any]]:
        """The operators before and after the graph."""
        from onnx import TensorProto, helper

        def chain(first: str, last: str, steps: list[_Step]) -> list[Any]:
            made, name = [], first
            for number, (operator, constant, attributes) in enumerate(steps):
                result = last if number == len(steps) - 1 else f"{last}_{_PREFIX}{number}"
                inputs = [name]
                if constant is not None:
                    tensor = helper.make_tensor(f"{result}_value", TensorProto.FLOAT, [], [constant])
                    inputs.append(f"{result}_constant")
                    made.append(helper.make_node("Constant", [], [inputs[1]], value=tensor))
                made.append(helper.make_node(operator, inputs, [result], **attributes))
                name = result
            return made

        def cast(kind: int) -> _Step:
            return "Cast", None, {"to": kind}

        (low, high), (least, most) = reading.input_range, reading.output_range
        to_graph, to_picture = _PERMUTATIONS.get(reading.layout, ([], []))
        into: list[_Step] = [cast(TensorProto.FLOAT), ("Mul", (high - low) / 255, {}), ("Add", low, {})]
        into += [("Transpose", None, {"perm": to_graph})] if to_graph else []
        into += [cast(self._kind)]
        out: list[_Step] = [cast(TensorProto.FLOAT)]
        out += [("Transpose", None, {"perm": to_picture})] if to_picture else []
        out += [("Add", -least, {}), ("Mul", 255 / (most - least), {}), ("Add", 0.5, {}), ("Floor", None, {})]
        out += [("Max", 0.0, {}), ("Min", 255.0, {}), cast(TensorProto.UINT8)]
        return (
            chain(f"{_PREFIX}picture", self._input.name, into),
            chain(self._output.name, f"{_PREFIX}enlarged", out),
        )

    def _kind_of(self, value: Any) -> int:
        from onnx import TensorProto

        kind = value.type.tensor_type.elem_type
        if kind not in [TensorProto.DataType.Value(name) for name in _KINDS]:
            name = TensorProto.DataType.Name(kind)
            raise InputError(f"{self._path}: {value.name} is {name}, expected one of {', '.join(_KINDS)}")
        return kind

    def _possible_layouts(self) -> list[Layout]:
        shape = self._shape
        channels: dict[Layout, int | None] = {}
        if len(shape) == 4 and shape[0] in (1, None):
            channels = {"nchw": shape[1], "nhwc": shape[3]}
        # Where one axis has three, another of any length is a side.
        found = [layout for layout, count in channels.items() if count == 3]
        found = found or [layout for layout in channels if set(channels.values()) == {None}]
        if not found:
            text = ", ".join("?" if side is None else str(side) for side in shape)
            raise InputError(
                f"{self._path}: takes ({text}), expected pictures of three channels, (1, 3, H, W) or "
                "(1, H, W, 3)"
            )
        return found
