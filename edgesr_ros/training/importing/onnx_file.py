"""The tensors of an ONNX file as named arrays."""

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from edgesr_ros.errors import InputError
from edgesr_ros.training.importing.tensors import Shapes, shown

_FOLDED = {"network.first.weight", "network.last.weight"}


class OnnxFile:
    """The weights in an ONNX model; those in files of their own are left where they are.

    Attributes:
        shapes: of each, by its name, in the order of the file.
        exported: whether it has the tensors that only our export makes, of an EdgeSRGAN.

    Raises:
        InputError: the file cannot be read, or is none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            graph = onnx.load(path, load_external_data=False).graph
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
        except Exception as error:  # of protobuf; onnx has none of its own for this
            reason = " ".join(str(error).split())[:200]
            raise InputError(f"{path}: not an ONNX model: {reason}") from None
        self._tensors = {
            tensor.name: tensor
            for tensor in graph.initializer
            if tensor.data_location != onnx.TensorProto.EXTERNAL
        }
        self.shapes: Shapes = {name: tuple(tensor.dims) for name, tensor in self._tensors.items()}
        self.exported = self.shapes.keys() >= _FOLDED

    def read(self, name: str) -> np.ndarray:
        """A tensor: float32.

        Raises:
            InputError: its numbers are of another kind or another count, or not finite.
        """
        tensor = self._tensors[name]
        if tensor.data_type != onnx.TensorProto.FLOAT:
            kind = onnx.TensorProto.DataType.Name(tensor.data_type)
            raise InputError(f"{self._path}: {shown(name)} is {kind}, expected FLOAT")
        try:
            array = numpy_helper.to_array(tensor)
        except (ValueError, TypeError, OSError) as error:  # other numbers than its shape says, or none
            raise InputError(f"{self._path}: {shown(name)}: {' '.join(str(error).split())[:120]}") from None
        if not np.isfinite(array).all():
            raise InputError(f"{self._path}: {shown(name)}: not all of its numbers are finite")
        return array
