"""EdgeSRGAN → TFLite in full int8, for LiteRT and for edgetpu_compiler. Needs requirements/export.txt."""

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from ai_edge_litert.tools import flatbuffer_utils
from ai_edge_quantizer import qtyping
from ai_edge_quantizer.quantizer import Quantizer
from torch import nn

from edgesr_ros.errors import InputError
from edgesr_ros.networks.edgesrgan import EdgeSRGAN
from edgesr_ros.training.export_tflite import convert
from edgesr_ros.upscaling.card import InputSize

# What sample values 0 and 255 are at the model's ends, as the model card says it.
INPUT_RANGE, OUTPUT_RANGE = (0.0, 1.0), (-1.0, 1.0)

# TFLite fixes TANH's output at scale 1/128: what lies outside of this has the first or the last code anyway.
_TANH_RANGE = (-3.12, 2.77)

# The versions that brought int8 to these operators. The converter writes others: 1, which older runtimes take
# for floating point, and 4 for TRANSPOSE_CONV, which edgetpu_compiler 16 refuses.
_INT8_VERSIONS = {
    schema.BuiltinOperator.ADD: 2,
    schema.BuiltinOperator.CONV_2D: 3,
    schema.BuiltinOperator.QUANTIZE: 1,
    schema.BuiltinOperator.TANH: 2,
    schema.BuiltinOperator.TRANSPOSE_CONV: 3,
}

_SAMPLES = 16384  # values of each tensor and picture, beside its extremes, that its range is chosen by
_BINS = 4096  # of their histogram: many to each of 256 codes
_SHRINKING = np.linspace(0.4, 1.0, 25)  # of a range's ends, tried for the smallest error

_Range = tuple[float, float]


class _UpToTanh(nn.Module):
    """An EdgeSRGAN whose ends the host takes over: pictures are scaled and shifted there by tables."""

    def __init__(self, network: EdgeSRGAN) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """(1, H, W, 3) RGB in 0..1 → (1, s·H, s·W, 3) RGB in -1..1."""
        return self.network.unit(picture.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


def export_tflite_int8(
    network: EdgeSRGAN, path: Path, size: InputSize, calibration: Sequence[np.ndarray]
) -> None:
    """Write a model of uint8 (1, height, width, 3) → int8 (1, s·height, s·width, 3) without a float operator.

    Its card needs `INPUT_RANGE` and `OUTPUT_RANGE`.

    Args:
        network: on the CPU, with its trained weights.
        path: of the file.
        size: of the pictures that go in.
        calibration: low-resolution RGB uint8 pictures of that size, as typical as can be had.

    Raises:
        InputError: no calibration pictures, or one of another size.
    """
    shape = (size.height, size.width, 3)
    wrong = [picture for picture in calibration if picture.shape != shape or picture.dtype != np.uint8]
    if wrong or not calibration:
        found = f"{wrong[0].shape} {wrong[0].dtype}" if wrong else "none"
        raise InputError(f"calibration: expected {shape} uint8 pictures, got {found}")
    model = convert(_UpToTanh(network), torch.zeros((1, *shape)))
    quantizer = Quantizer(model)
    quantizer.add_static_config(
        ".*", qtyping.TFLOperationName.ALL_SUPPORTED, activation_num_bits=8, weight_num_bits=8
    )
    quantizer.update_quantization_recipe(".*", qtyping.TFLOperationName.INPUT, _uint8())
    ranges = {
        name: {"min": np.full((1, 1, 1, 1), low, np.float32), "max": np.full((1, 1, 1, 1), high, np.float32)}
        for name, (low, high) in _ranges(model, calibration).items()
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # LiteRT's, about how the quantizer looks into the model
        result = quantizer.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    path.write_bytes(_for_edgetpu(bytes(result.quantized_model)))


def _uint8() -> qtyping.OpQuantizationConfig:
    return qtyping.OpQuantizationConfig(
        activation_tensor_config=qtyping.TensorQuantizationConfig(
            num_bits=8, symmetric=False, dtype=qtyping.TensorDataType.UINT
        ),
        weight_tensor_config=qtyping.TensorQuantizationConfig(
            num_bits=8, symmetric=True, granularity=qtyping.QuantGranularity.CHANNELWISE
        ),
        compute_precision=qtyping.ComputePrecision.INTEGER,
        explicit_dequantize=False,
    )


def _ranges(model: bytes, calibration: Sequence[np.ndarray]) -> dict[str, _Range]:
    """What each activation's 256 codes span, by tensor name.

    The quantizer's own calibration takes a moving average of each picture's extremes, which clips white and
    black and depends on the order of pictures. Here the ends are known, and between them the range of the
    smallest squared error is taken (Nagel et al., "A White Paper on Neural Network Quantization", 2021, 3.1).
    """
    graph = flatbuffer_utils.read_model_from_bytearray(bytearray(model)).subgraphs[0]
    names = [tensor.name.decode() for tensor in graph.tensors]
    outputs = [operator.outputs[0] for operator in graph.operators]
    rng = np.random.default_rng(0)
    values: dict[int, list[np.ndarray]] = {output: [] for output in outputs}
    for tensors in _activations(model, calibration, outputs):
        for output, tensor in tensors.items():
            # Random places: even steps would meet the same channels again and again.
            some = tensor[rng.integers(tensor.size, size=_SAMPLES)]
            values[output].append(np.concatenate([some, [tensor.min(), tensor.max()]]))
    ranges = {names[output]: _best_range(np.concatenate(parts)) for output, parts in values.items()}
    tanh = graph.operators[-1]
    fixed = {
        graph.inputs[0]: INPUT_RANGE,
        tanh.inputs[0]: _TANH_RANGE,
        tanh.outputs[0]: OUTPUT_RANGE,
    }
    return ranges | {names[tensor]: limits for tensor, limits in fixed.items()}


def _activations(
    model: bytes, pictures: Sequence[np.ndarray], numbers: Sequence[int]
) -> Iterator[dict[int, np.ndarray]]:
    """For each picture what the float model's tensors of these numbers hold, flat."""
    interpreter = Interpreter(
        model_content=model,
        experimental_preserve_all_tensors=True,
        # A delegate would keep the tensors between its operators to itself.
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    (entry,) = interpreter.get_input_details()
    for picture in pictures:
        interpreter.set_tensor(entry["index"], picture[None].astype(np.float32) / 255)
        interpreter.invoke()
        yield {number: interpreter.get_tensor(number).ravel() for number in numbers}


def _best_range(values: np.ndarray) -> _Range:
    """The range with 0 in it whose 256 evenly spaced codes give `values` with the smallest squared error."""
    lowest, highest = min(0.0, float(values.min())), max(0.0, float(values.max()))
    counts, edges = np.histogram(values, _BINS)
    centres = (edges[:-1] + edges[1:]) / 2

    def error(low: float, high: float) -> float:
        step = (high - low) / 255
        zero = round(low / step)
        codes = np.rint(centres / step).clip(zero, zero + 255)
        return float(counts @ np.square(codes * step - centres))

    if lowest == highest:
        return 0.0, 1.0
    low, high = lowest, highest
    for _ in range(2):
        if highest:
            high = min(highest * _SHRINKING, key=lambda end: error(low, end))
        if lowest:
            low = min(lowest * _SHRINKING, key=lambda end: error(end, high))
    return float(low), float(high)


def _for_edgetpu(quantized: bytes) -> bytes:
    """The same model as edgetpu_compiler 16 takes it: buffers in the flatbuffer, older operator versions."""
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(quantized))
    for code in model.operatorCodes:
        code.version = _INT8_VERSIONS[code.builtinCode]
    graph = model.subgraphs[0]
    for operator in graph.operators:
        options: Any = operator.builtinOptions
        if isinstance(options, schema.TransposeConvOptionsT):
            _drop_activation(options, graph.tensors[operator.outputs[0]])
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _drop_activation(options: schema.TransposeConvOptionsT, output: schema.TensorT) -> None:
    """Leave a ReLU to the output's range: where code -128 is 0, clipping to codes is all that it does."""
    if options.fusedActivationFunction == schema.ActivationFunctionType.RELU:
        assert output.quantization.zeroPoint[0] == -128, "a ReLU's range starts at 0"
        options.fusedActivationFunction = schema.ActivationFunctionType.NONE
