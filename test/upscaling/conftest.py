"""Small TFLite models with known answers, written operator by operator."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgesr_ros.upscaling.card import InputSize, ModelCard, file_sha256, write_card

SIZE = InputSize(width=6, height=5)
SLOPE = 4 / 255  # the int8 models compute tanh(SLOPE · sample - 2)


@pytest.fixture
def make_card() -> Callable[..., ModelCard]:
    """Card of a model file of scale 2, written beside it; any entry can be given."""

    def make(model: Path, **entries: Any) -> ModelCard:
        facts = {
            "name": model.stem,
            "network": "test",
            "scale": 2,
            "parameters": 39,
            "macs_per_pixel": 39,
            "format": model.suffix[1:],
            "precision": "float32",
            "input_size": None,
            "input_range": (0.0, 255.0),
            "output_range": (0.0, 255.0),
            "colour_order": "RGB",
            "training_degradation": "none",
            "training_data": "none",
            "recipe": "none",
            "steps": 1,
            "figures": {},
            "licence": "Apache-2.0",
            "limits": "for tests",
            "sha256": file_sha256(model),
        }
        card = ModelCard(**{**facts, **entries})
        write_card(model, card)
        return card

    return make


@pytest.fixture
def make_tflite(tmp_path: Path, make_card: Callable[..., ModelCard]) -> Callable[[str], Path]:
    """A TFLite model of `SIZE`, with its card: each sample becomes a 2x2 block.

    Kinds: `float32` leaves samples as they are; `int8` and `uint8`, by what goes in, are fully quantized and
    end at TANH with int8 of scale 1/128; `compiled` is marked as edgetpu_compiler marks; `two_inputs`.
    """
    pytest.importorskip(
        "flatbuffers", reason="flatbuffers (comes with ai-edge-litert) writes the test models"
    )
    pytest.importorskip("ai_edge_litert.schema_py_generated", reason="ai-edge-litert has the TFLite schema")

    def make(kind: str) -> Path:
        path = tmp_path / f"{kind}.tflite"
        path.write_bytes(_float_model() if kind == "float32" else _quantized_model(kind))
        exact = kind == "float32"
        make_card(
            path,
            precision="float32" if exact else "int8",
            input_size=SIZE,
            output_range=(0.0, 255.0) if exact else (-1.0, 1.0),
        )
        return path

    return make


class _Model:
    """Collects tensors and operators."""

    def __init__(self) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self.schema = schema
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.model = schema.ModelT()
        self.model.version, self.model.subgraphs = 3, [self.graph]
        self.model.buffers, self.model.operatorCodes = [schema.BufferT()], []

    def tensor(
        self,
        kind: str,
        shape: tuple[int, ...],
        quantization: tuple[float, int] | None = None,
        data: np.ndarray | None = None,
    ) -> int:
        tensor = self.schema.TensorT()
        tensor.type = getattr(self.schema.TensorType, kind.upper())
        tensor.shape, tensor.name = list(shape), f"tensor_{len(self.graph.tensors)}"
        if quantization:
            tensor.quantization = self.schema.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = [quantization[0]], [quantization[1]]
        if data is not None:
            buffer = self.schema.BufferT()
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
            tensor.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def operator(self, kind: str, version: int, inputs: list[int], output: int, options: Any = None) -> None:
        code = self.schema.OperatorCodeT()
        code.builtinCode = getattr(self.schema.BuiltinOperator, kind)
        code.deprecatedBuiltinCode, code.version = code.builtinCode, version
        operator = self.schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = (
            len(self.model.operatorCodes),
            inputs,
            [output],
        )
        if options is not None:
            operator.builtinOptions = options
            name = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType = getattr(self.schema.BuiltinOptions, name)
        self.model.operatorCodes.append(code)
        self.graph.operators.append(operator)

    def doubling(self, inputs: list[int], output: int) -> None:
        options = self.schema.TransposeConvOptionsT()
        options.padding, options.strideH, options.strideW = self.schema.Padding.VALID, 2, 2
        self.operator("TRANSPOSE_CONV", 3, inputs, output, options)

    def finish(self, inputs: list[int], output: int, description: str = "") -> bytes:
        import flatbuffers

        self.graph.inputs, self.graph.outputs, self.model.description = inputs, [output], description
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


_SMALL, _LARGE = (1, SIZE.height, SIZE.width, 3), (1, 2 * SIZE.height, 2 * SIZE.width, 3)
_SHAPE = np.array(_LARGE, np.int32)
_KERNEL = np.tile(np.eye(3)[:, None, None, :], (1, 2, 2, 1))  # (out, 2, 2, in)


def _float_model() -> bytes:
    model = _Model()
    picture, enlarged = model.tensor("float32", _SMALL), model.tensor("float32", _LARGE)
    shape = model.tensor("int32", (4,), data=_SHAPE)
    kernel = model.tensor("float32", _KERNEL.shape, data=_KERNEL.astype(np.float32))
    model.doubling([shape, kernel, picture], enlarged)
    return model.finish([picture], enlarged)


def _quantized_model(kind: str) -> bytes:
    model = _Model()
    samples = model.tensor("int8", _SMALL, (1.0, -128))
    inputs = [samples]
    if kind == "uint8":
        inputs = [model.tensor("uint8", _SMALL, (1.0, 0))]
        model.operator("QUANTIZE", 1, inputs, samples)
    step = SLOPE / 127
    shape = model.tensor("int32", (4,), data=_SHAPE)
    kernel = model.tensor("int8", _KERNEL.shape, (step, 0), (127 * _KERNEL).astype(np.int8))
    bias = model.tensor("int32", (3,), (step, 0), np.full(3, round(-2 / step), np.int32))
    doubled = model.tensor("int8", _LARGE, (2 / 127, 0))
    model.doubling([shape, kernel, samples, bias], doubled)
    enlarged = model.tensor("int8", _LARGE, (1 / 128, 0))
    model.operator("TANH", 2, [doubled], enlarged)
    if kind == "two_inputs":
        inputs.append(model.tensor("int8", _SMALL, (1.0, -128)))
    return model.finish(inputs, enlarged, "edgetpu-custom-op" if kind == "compiled" else "")
