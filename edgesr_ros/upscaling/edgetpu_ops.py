"""Which operators of a TFLite model a Coral Edge TPU takes, and why not the others.

The rules are those that Coral documents ("TensorFlow models on the Edge TPU", sections "Model requirements"
and "Supported operations", coral.ai/docs/edgetpu/models-intro), for edgetpu_compiler 16, the last one. They
are applied to the file alone: only the compiler itself can tell for certain.
"""

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from edgesr_ros.errors import InputError
from edgesr_ros.upscaling.card import EdgeTpuOps

COMPILED_OP = "edgetpu-custom-op"  # what edgetpu_compiler puts in place of all that runs on the device

# Coral's list by TFLite's names, each with its newest version in TensorFlow Lite 2.6, which was current when
# edgetpu_compiler 16 came out in July 2021 (tensorflow/lite/tools/versioning/runtime_version.cc). Reports of
# newer ones being refused: TRANSPOSE_CONV 4 (google-coral/edgetpu, issue 845), CONV_2D 6 (issue 631).
_NEWEST_VERSIONS = {
    "ADD": 4,
    "AVERAGE_POOL_2D": 3,
    "CONCATENATION": 3,
    "CONV_2D": 5,
    "DEPTHWISE_CONV_2D": 6,
    "EXPAND_DIMS": 1,
    "FULLY_CONNECTED": 9,
    "L2_NORMALIZATION": 2,
    "LOGISTIC": 3,
    "MAXIMUM": 4,
    "MAX_POOL_2D": 3,
    "MEAN": 3,
    "MINIMUM": 4,
    "MUL": 5,
    "PACK": 3,
    "PAD": 4,
    "PRELU": 1,
    "QUANTIZE": 2,
    "REDUCE_MAX": 3,
    "REDUCE_MIN": 3,
    "RELU": 3,
    "RELU6": 3,
    "RELU_N1_TO_1": 1,
    "RESHAPE": 1,
    "RESIZE_BILINEAR": 4,
    "RESIZE_NEAREST_NEIGHBOR": 4,
    "RSQRT": 2,
    "SLICE": 5,
    "SOFTMAX": 3,
    "SPACE_TO_DEPTH": 2,
    "SPLIT": 4,
    "SQUARED_DIFFERENCE": 2,
    "SQUEEZE": 2,
    "STRIDED_SLICE": 6,
    "SUB": 5,
    "SUM": 2,
    "TANH": 3,
    "TRANSPOSE": 5,
    "TRANSPOSE_CONV": 3,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": 3,
}
_IDENTIFIER, _IDENTIFIER_AT = b"TFL3", slice(4, 8)  # of a flatbuffer with this schema
_EIGHT_BITS = ("INT8", "UINT8")
_CONSTANTS = (*_EIGHT_BITS, "INT32")  # biases and shapes have 32 bits
_MOST_AXES = 4


class EdgeTpuOp(NamedTuple):
    """An operator of a model."""

    name: str  # as TFLite spells it
    version: int
    refusal: str | None  # why it stays on the CPU; None: the Edge TPU takes it


class _Tensor(NamedTuple):
    kind: str  # as TFLite spells it
    shape: tuple[int, ...]  # -1 where a side is free
    constant: bool
    external: bool  # its data lie outside of the flatbuffer

    @property
    def refusal(self) -> str | None:
        """Why the Edge TPU cannot have this tensor."""
        expected = _CONSTANTS if self.constant else _EIGHT_BITS
        if self.kind not in expected:
            return f"{self.kind} tensor, expected {' or '.join(expected)}"
        if self.external:
            return "constant outside of the flatbuffer"
        if -1 in self.shape:
            return f"dynamic shape {self.shape}"
        if len(self.shape) > _MOST_AXES:
            return f"{len(self.shape)} axes, expected {_MOST_AXES} at most"
        if not self.constant and len(self.shape) > 1 and self.shape[0] != 1:
            return f"batch of {self.shape[0]}, expected 1"
        return None


def count_ops(ops: Sequence[EdgeTpuOp]) -> EdgeTpuOps:
    """How many operators there are, and how many of them an Edge TPU takes."""
    return EdgeTpuOps(ops=len(ops), on_tpu=sum(op.refusal is None for op in ops))


def list_ops(path: Path) -> list[EdgeTpuOp]:
    """The operators of a TFLite model in the order in which they run.

    The compiler makes one part for the device: what follows a refused operator stays on the CPU too.

    Raises:
        InputError: no such file, no TFLite model, or ai-edge-litert (which has the schema) is not installed.
    """
    try:
        from ai_edge_litert import schema_py_generated as schema
    except ImportError:
        raise InputError(f"{path}: reading it needs ai-edge-litert (pip install ai-edge-litert)") from None
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if content[_IDENTIFIER_AT] != _IDENTIFIER:
        raise InputError(f"{path}: not a TFLite model")
    try:
        model = schema.ModelT.InitFromPackedBuf(content)
        ops = [op for graph in model.subgraphs for op in _ops_of(model, graph, schema)]
    except (struct.error, ValueError, TypeError, IndexError, KeyError, AttributeError):
        # What reading a flatbuffer ends with where offsets or numbers in it are wrong.
        raise InputError(f"{path}: not a TFLite model, or a damaged one") from None
    if not ops:
        raise InputError(f"{path}: a TFLite model without operators")
    return ops


def _ops_of(model: Any, graph: Any, schema: Any) -> list[EdgeTpuOp]:
    names = {number: name for name, number in vars(schema.BuiltinOperator).items()}
    kinds = {number: name for name, number in vars(schema.TensorType).items()}
    ops: list[EdgeTpuOp] = []
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        # Files of before 2020 have the number in the other field only.
        name = names[max(code.builtinCode, code.deprecatedBuiltinCode)]
        if name == "CUSTOM":
            name = code.customCode.decode()
        tensors = [
            _tensor(graph.tensors[number], model, kinds)
            for number in (*operator.inputs, *operator.outputs)
            if number >= 0  # else an optional one that is not there
        ]
        refusal = None if name == COMPILED_OP else _refusal(name, code.version, tensors)
        if refusal is None and any(op.refusal for op in ops):
            refusal = "follows an operator that stays on the CPU"
        ops.append(EdgeTpuOp(name, code.version, refusal))
    return ops


def _tensor(tensor: Any, model: Any, kinds: dict[int, str]) -> _Tensor:
    buffer = model.buffers[tensor.buffer]
    external = buffer.offset > 1 or tensor.externalBuffer > 0
    shape = tensor.shape if tensor.shapeSignature is None else tensor.shapeSignature
    return _Tensor(
        kind=kinds[tensor.type],
        shape=() if shape is None else tuple(int(side) for side in shape),
        constant=external or (buffer.data is not None and len(buffer.data) > 0),
        external=external,
    )


def _refusal(name: str, version: int, tensors: list[_Tensor]) -> str | None:
    newest = _NEWEST_VERSIONS.get(name)
    if newest is None:
        return "not an operation of the Edge TPU"
    if version > newest:
        return f"version {version}, edgetpu_compiler 16 knows {newest} at most"
    return next((tensor.refusal for tensor in tensors if tensor.refusal), None)
