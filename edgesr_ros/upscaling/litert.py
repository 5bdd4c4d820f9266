"""Networks in LiteRT (TFLite), on the CPU or on a Coral Edge TPU.

Uses ai-edge-litert, or tflite-runtime where only that is installed.
"""

from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import cv2
import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.upscaling.base import Upscaler
from edgesr_ros.upscaling.card import ModelCard, Range
from edgesr_ros.upscaling.litert_fold import without_transposed_convolutions
from edgesr_ros.upscaling.tiles import upscale_large


def runtime() -> ModuleType:
    """The module that has `Interpreter` and `load_delegate`.

    Raises:
        InputError: neither of the two packages is installed.
    """
    try:
        from ai_edge_litert import interpreter
    except ImportError:
        try:
            from tflite_runtime import interpreter
        except ImportError:
            raise InputError("backend litert: ai-edge-litert is not installed (nor tflite-runtime)") from None
    return interpreter


def create_interpreter(path: Path, **options: Any) -> Any:
    """The runtime's Interpreter of a model file, made fit for CPUs; `options` as its own.

    Raises:
        InputError: no runtime, or the file is no TFLite model.
    """
    module = runtime()
    try:
        interpreter = module.Interpreter(model_path=str(path), **options)  # which checks the file
        content = path.read_bytes()
        folded = without_transposed_convolutions(content)
        return interpreter if folded is content else module.Interpreter(model_content=folded, **options)
    except (ValueError, RuntimeError) as error:
        raise InputError(f"{path}: not a TFLite model: {' '.join(str(error).split())}") from None
    except SystemError:  # what tflite-runtime, built for numpy 1, does under numpy 2
        raise InputError(
            f"backend litert: tflite-runtime does not work with numpy {np.__version__}, "
            "expected ai-edge-litert or numpy < 2"
        ) from None


class Codes(NamedTuple):
    """How a tensor's numbers stand for real ones: real = scale · (code - zero_point)."""

    dtype: type[np.float32 | np.uint8 | np.int8]
    scale: float  # 0 where the codes are the real numbers themselves
    zero_point: int


def encoding_table(codes: Codes, value_range: Range) -> np.ndarray:
    """(256,) of `codes.dtype`: what the model's input holds for each sample value 0..255."""
    low, high = value_range
    real = low + np.arange(256) * (high - low) / 255
    if codes.dtype is np.float32:
        return real.astype(np.float32)
    code = np.rint(real / codes.scale + codes.zero_point if codes.scale else real)
    lowest, highest = (0, 255) if codes.dtype is np.uint8 else (-128, 127)
    return code.clip(lowest, highest).astype(codes.dtype)


def decoding_table(codes: Codes, value_range: Range) -> np.ndarray:
    """(256,) uint8: the sample value for each 8-bit code at the model's output, by the code's bits 0..255."""
    code = np.arange(256, dtype=np.uint8).view(codes.dtype).astype(np.float64)
    return _to_pixels((code - codes.zero_point) * codes.scale if codes.scale else code, value_range)


def _to_pixels(real: np.ndarray, value_range: Range) -> np.ndarray:
    low, high = value_range
    if value_range != (0.0, 255.0):
        real = (real - low) * (255 / (high - low))
    # Rounds, clips at 255 and converts in one go; of a negative number it would take the absolute value.
    return cv2.convertScaleAbs(np.maximum(real, 0)).reshape(real.shape)


class _Tensor(NamedTuple):
    """The input or the output of a model."""

    number: int
    shape: tuple[int, ...]
    codes: Codes

    @staticmethod
    def only_one(details: list[dict[str, Any]], path: Path) -> "_Tensor":
        tensor, shape = details[0], tuple(int(side) for side in details[0]["shape"])
        known = tensor["dtype"] in (np.float32, np.uint8, np.int8)
        if len(details) != 1 or not known or len(shape) != 4 or shape[0] != 1 or shape[3] != 3:
            found = ", ".join(f"{np.dtype(one['dtype'])} {tuple(map(int, one['shape']))}" for one in details)
            raise InputError(
                f"{path}: expected one (1, H, W, 3) float32, uint8 or int8 in and one out, got {found}"
            )
        return _Tensor(tensor["index"], shape, Codes(tensor["dtype"], *tensor["quantization"]))


class LiteRtUpscaler(Upscaler):
    """A TFLite model with one float32, uint8 or int8 (1, H, W, 3) in and one out.

    Quantized codes are mapped to sample values here, by tables: an int8 model for the Edge TPU ends at TANH.
    A picture of another size than the model's is taken where the runtime can resize the model: ai-edge-litert
    can, tflite-runtime and the Edge TPU cannot.

    Raises:
        InputError: no runtime, the file is no such model, or it does not do what its card says.
    """

    backend = "litert"
    _resizable = True

    def __init__(self, path: Path, card: ModelCard, threads: int, **options: Any) -> None:
        super().__init__(card.name, card.scale, card.parameters)
        self._margin = card.margin
        self._interpreter = create_interpreter(path, num_threads=threads, **options)
        self._input = _Tensor.only_one(self._interpreter.get_input_details(), path)
        self._output = _Tensor.only_one(self._interpreter.get_output_details(), path)
        self._output_range = card.output_range
        self._encode = encoding_table(self._input.codes, card.input_range)
        self._decode = None
        if self._output.codes.dtype is not np.float32:
            self._decode = decoding_table(self._output.codes, card.output_range)
        self._shape = self._input.shape
        try:
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise InputError(
                f"{path}: LiteRT cannot run this model: {' '.join(str(error).split())}"
            ) from None
        self._try_out(*self._shape[1:3])

    def _enlarge(self, rgb: np.ndarray) -> np.ndarray:
        if not self._resizable:
            return self._run(rgb)
        return upscale_large(self._run, rgb, self.scale, margin=self._margin)

    def _run(self, rgb: np.ndarray) -> np.ndarray:
        self._take_size((1, *rgb.shape))
        self._interpreter.set_tensor(self._input.number, cv2.LUT(rgb, self._encode)[None])
        self._interpreter.invoke()
        output = self._interpreter.get_tensor(self._output.number)[0]
        if self._decode is None:
            return _to_pixels(output, self._output_range)
        return cv2.LUT(output.view(np.uint8), self._decode)

    def _take_size(self, shape: tuple[int, ...]) -> None:
        if shape == self._shape:
            return
        if not self._resizable or not self._resized(shape):
            height, width = self._input.shape[1:3]
            raise InputError(
                f"{self.name}: expected {width}x{height} pixels, the model's size on this runtime, "
                f"got {shape[2]}x{shape[1]}"
            )

    def _resized(self, shape: tuple[int, ...]) -> bool:
        """Try to give the model another input size; where it fails the model is left as it was made."""
        height, width = (side * self.scale for side in shape[1:3])
        try:
            self._allocate(shape)
            # tflite-runtime says yes, and goes on to make pictures of the old size.
            if tuple(self._interpreter.get_output_details()[0]["shape"][1:3]) == (height, width):
                return True
        except (ValueError, RuntimeError):
            pass
        self._allocate(self._input.shape)
        return False

    def _allocate(self, shape: tuple[int, ...]) -> None:
        self._interpreter.resize_tensor_input(self._input.number, shape)
        self._interpreter.allocate_tensors()
        self._shape = shape

    def close(self) -> None:
        del self._interpreter
