"""The most multiply-accumulates per second that the machine does: products of matrices.

In float32 by onnxruntime, which runs the networks, by numpy and, where it is installed, by PyTorch; in int8
(uint8 by int8 into int32) by onnxruntime.
"""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.schema import Struct
from edgesr_ros.upscaling.contest import Contender, Job, Loaded
from edgesr_ros.upscaling.speed import Precision

_SEED = 0
_OPSET = 17


class CeilingRow(Struct):
    """The product of two matrices: the most that the machine does."""

    library: str
    precision: Precision
    shape: str  # <rows>x<inner>x<columns>
    input: str | None  # measured in turn with networks on frames of this size; null: with other products
    gmac_per_s: float


class Shape(NamedTuple):
    """(rows, inner) by (inner, columns)."""

    rows: int
    inner: int
    columns: int

    @property
    def gmac(self) -> float:
        """10^9 multiply-accumulates."""
        return self.rows * self.inner * self.columns / 1e9

    def __str__(self) -> str:
        return f"{self.rows}x{self.inner}x{self.columns}"


# The last is what a 3x3 convolution from 64 to 64 channels is to a frame of 160x120.
SHAPES = (Shape(512, 512, 512), Shape(1024, 1024, 1024), Shape(2048, 2048, 2048), Shape(19200, 576, 64))


class Multiplier(NamedTuple):
    """What multiplies matrices."""

    library: str
    precision: Precision
    contender: Contender  # its jobs are for a `Shape`


def multipliers(threads: int) -> list[Multiplier]:
    """All that are installed."""
    loads: list[tuple[str, Precision, Callable[[], Loaded]]] = [
        ("onnxruntime", "float32", partial(_load_onnx, "float32", threads)),
        ("onnxruntime", "int8", partial(_load_onnx, "int8", threads)),
        ("numpy", "float32", _load_numpy),
    ]
    if find_spec("torch"):
        loads.append(("torch", "float32", partial(_load_torch, threads)))
    return [
        Multiplier(library, precision, Contender(f"matrices {precision} ({library})", load))
        for library, precision, load in loads
    ]


def _load_onnx(precision: Precision, threads: int) -> Loaded:
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        raise InputError(f"{error.name}: not installed") from None
    kinds = onnx.TensorProto
    operator, kind, result = "MatMul", kinds.FLOAT, kinds.FLOAT
    if precision == "int8":
        operator, kind, result = "MatMulInteger", kinds.UINT8, kinds.INT32
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads

    def prepare(shape: Shape) -> Job:
        left, right = matrices(shape, precision)
        describe = onnx.helper.make_tensor_value_info
        graph = onnx.helper.make_graph(
            [onnx.helper.make_node(operator, ["left", "right"], ["product"])],
            "product",
            [describe("left", kind, left.shape)],
            [describe("product", result, (shape.rows, shape.columns))],
            [onnx.numpy_helper.from_array(right, "right")],  # constant, as the weights of a network
        )
        opset = onnx.helper.make_opsetid("", _OPSET)
        model = onnx.helper.make_model_gen_version(graph, opset_imports=[opset])
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        return partial(session.run, None, {"left": left})

    return prepare


def _load_numpy() -> Loaded:
    return lambda shape: partial(np.matmul, *matrices(shape, "float32"))


def _load_torch(threads: int) -> Loaded:
    import torch

    torch.set_num_threads(threads)
    return lambda shape: partial(torch.mm, *map(torch.from_numpy, matrices(shape, "float32")))


def matrices(shape: Shape, precision: Precision) -> tuple[np.ndarray, np.ndarray]:
    """float32, or uint8 and int8; of a size that no sum of products overflows."""
    rng = np.random.default_rng(_SEED)
    left, right = (shape.rows, shape.inner), (shape.inner, shape.columns)
    if precision == "int8":
        return rng.integers(0, 256, left, np.uint8), rng.integers(-127, 128, right, np.int8)
    return rng.standard_normal(left, np.float32), rng.standard_normal(right, np.float32)
