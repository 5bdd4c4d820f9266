"""TFLite models without transposed convolutions: the same function, faster on a CPU.

Edge TPUs have TRANSPOSE_CONV and no DEPTH_TO_SPACE. XNNPACK runs the first in 8 bits many times slower than a
convolution of as many products. Where kernel and stride are both n, each pixel has an n x n block of its own,
so that a 1x1 convolution to n·n times the channels gives the same sums, and DEPTH_TO_SPACE moves them.
"""

from typing import Any, NamedTuple

import numpy as np


class _Deconvolution(NamedTuple):
    """A TRANSPOSE_CONV whose kernel is its stride."""

    kernel: np.ndarray  # (output channels, n, n, input channels)
    weights: Any  # their tensor
    bias: Any
    picture: int  # number of the tensor that goes in


def without_transposed_convolutions(content: bytes) -> bytes:
    """The same model for CPUs; as it is where there is nothing to do, or nothing to do it with.

    Args:
        content: of a file that the runtime takes.
    """
    try:
        from ai_edge_litert import schema_py_generated as schema
    except ImportError:  # tflite-runtime comes without
        return content
    model = schema.ModelT.InitFromPackedBuf(content)
    changed = False
    for graph in model.subgraphs:
        operators = []
        for operator in graph.operators:
            code = model.operatorCodes[operator.opcodeIndex]
            found = None
            if max(code.builtinCode, code.deprecatedBuiltinCode) == schema.BuiltinOperator.TRANSPOSE_CONV:
                found = _read(schema, model, graph, operator)
            operators += [operator] if found is None else _folded(schema, model, graph, operator, found)
            changed |= found is not None
        graph.operators = operators
    return _packed(schema, model) if changed else content


def _packed(schema: Any, model: Any) -> bytes:
    builder = schema.flatbuffers.Builder(0)  # what it was generated for
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _read(schema: Any, model: Any, graph: Any, operator: Any) -> _Deconvolution | None:
    """What an operator says; None if it cannot be folded."""
    if len(operator.inputs) < 4:
        return None  # CONV_2D must have a bias
    _, weights_number, picture, bias_number = operator.inputs
    weights = graph.tensors[weights_number]
    data, options = model.buffers[weights.buffer].data, operator.builtinOptions
    kind = {schema.TensorType.INT8: np.int8, schema.TensorType.FLOAT32: np.float32}.get(weights.type)
    if kind is None or data is None or not len(data):
        return None  # e.g. float16 weights, which another operator makes floats of
    kernel = np.frombuffer(bytes(data), kind).reshape(weights.shape)
    if not kernel.shape[1] == kernel.shape[2] == options.strideH == options.strideW:
        return None  # blocks that overlap add up
    return _Deconvolution(kernel, weights, graph.tensors[bias_number], picture)


def _folded(schema: Any, model: Any, graph: Any, operator: Any, found: _Deconvolution) -> list[Any]:
    """CONV_2D and DEPTH_TO_SPACE in place of a TRANSPOSE_CONV, with their new tensors and buffers."""
    block = found.kernel.shape[1]
    repeats = block**2

    def constant(data: np.ndarray, like: Any) -> int:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(data.tobytes(), np.uint8)
        model.buffers.append(buffer)
        return tensor(data.shape, like, len(model.buffers) - 1, _repeated(schema, like.quantization, repeats))

    def tensor(shape: tuple[int, ...], like: Any, buffer: int, quantization: Any) -> int:
        new = schema.TensorT()
        new.name = f"{like.name.decode()}/folded"
        new.shape, new.type, new.buffer, new.quantization = list(shape), like.type, buffer, quantization
        graph.tensors.append(new)
        return len(graph.tensors) - 1

    # (out, row, column, in) → (row, column, out, in): the order that DEPTH_TO_SPACE expects.
    kernel = found.kernel.transpose(1, 2, 0, 3).reshape(-1, 1, 1, found.kernel.shape[3])
    bias = np.frombuffer(bytes(model.buffers[found.bias.buffer].data), np.int32)  # or the bits of floats
    inputs = [
        found.picture,
        constant(kernel, found.weights),
        constant(np.tile(bias, repeats), found.bias),
    ]
    convolution = schema.Conv2DOptionsT()
    convolution.strideH = convolution.strideW = convolution.dilationHFactor = convolution.dilationWFactor = 1
    convolution.padding = schema.Padding.VALID
    convolution.fusedActivationFunction = operator.builtinOptions.fusedActivationFunction
    if block == 1:
        return [_operator(schema, model, "CONV_2D", inputs, operator.outputs[0], convolution)]
    moving = schema.DepthToSpaceOptionsT()
    moving.blockSize = int(block)
    enlarged = graph.tensors[operator.outputs[0]]
    _, rows, columns, _ = graph.tensors[found.picture].shape
    sums = tensor((1, int(rows), int(columns), kernel.shape[0]), enlarged, 0, enlarged.quantization)
    return [
        _operator(schema, model, "CONV_2D", inputs, sums, convolution),
        _operator(schema, model, "DEPTH_TO_SPACE", [sums], operator.outputs[0], moving),
    ]


def _repeated(schema: Any, quantization: Any, repeats: int) -> Any:
    """Scales and zero points of channels that come several times."""
    if quantization is None or quantization.scale is None or len(quantization.scale) < 2:
        return quantization
    repeated = schema.QuantizationParametersT()
    repeated.scale = np.tile(quantization.scale, repeats)
    repeated.zeroPoint = np.tile(quantization.zeroPoint, repeats)
    return repeated


def _operator(schema: Any, model: Any, kind: str, inputs: list[int], output: int, options: Any) -> Any:
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, kind)
    code.version = 3 if kind == "CONV_2D" else 1  # 3: weights by channel in int8
    model.operatorCodes.append(code)
    operator = schema.OperatorT()
    operator.opcodeIndex = len(model.operatorCodes) - 1
    operator.inputs, operator.outputs = inputs, [output]
    operator.builtinOptions = options
    name = type(options).__name__.removesuffix("T")
    operator.builtinOptionsType = getattr(schema.BuiltinOptions, name)
    return operator
