"""Trained networks of others whose model files the user has: OpenCV's dnn_superres, and Real-ESRGAN."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import onnx
import onnx.compose
import onnx.parser

from benchmarks.peers.exported import SCALE, peer_card
from edgesr_ros.errors import InputError
from edgesr_ros.upscaling.base import Upscaler
from edgesr_ros.upscaling.onnx_runtime import OnnxUpscaler

_OPENCV_FILE = re.compile(r"(FSRCNN|ESPCN)_x([234])\.pb")
_ANIMEVIDEO = "realesr-animevideov3"
_NO_DNN_SUPERRES = (
    "OpenCV FSRCNN and ESPCN: cv2.dnn_superres is missing (opencv-contrib-python-headless has it)"
)

# What our pictures go through before and after a network of float32 RGB in 0..1, (1, 3, H, W).
_BEFORE = """
before (uint8[1, edgesr_h, edgesr_w, 3] edgesr_picture) => (float[1, 3, edgesr_h, edgesr_w] edgesr_small)
<float edgesr_in = {255.0}> {
    edgesr_real = Cast <to = 1> (edgesr_picture)
    edgesr_planes = Transpose <perm = [0, 3, 1, 2]> (edgesr_real)
    edgesr_small = Div(edgesr_planes, edgesr_in)
}
"""
_AFTER = """
after (float[1, 3, edgesr_h4, edgesr_w4] edgesr_large) => (uint8[1, edgesr_h4, edgesr_w4, 3] edgesr_enlarged)
<float edgesr_black = {0.0}, float edgesr_white = {255.0}> {
    edgesr_grey = Mul(edgesr_large, edgesr_white)
    edgesr_round = Round(edgesr_grey)
    edgesr_clipped = Clip(edgesr_round, edgesr_black, edgesr_white)
    edgesr_pixels = Transpose <perm = [0, 2, 3, 1]> (edgesr_clipped)
    edgesr_enlarged = Cast <to = 2> (edgesr_pixels)
}
"""


class GivenPeer(NamedTuple):
    """A network that is not loaded yet; `load` takes the number of threads, and can be pickled."""

    name: str
    backend: str
    scale: int
    load: Callable[[int], Upscaler]


class DnnSuperResUpscaler(Upscaler):
    """FSRCNN or ESPCN in OpenCV: luma by the network, chroma bicubic. Sets OpenCV's threads for the process.

    Args:
        path: `<FSRCNN|ESPCN>_x<2|3|4>.pb`.
        threads: CPU threads.

    Raises:
        InputError: another name, no cv2.dnn_superres, or a file that it cannot read.
    """

    backend = "opencv"

    def __init__(self, path: Path, threads: int) -> None:
        if not (named := _OPENCV_FILE.fullmatch(path.name)):
            raise InputError(f"{path}: expected a name such as FSRCNN_x4.pb or ESPCN_x4.pb")
        if not hasattr(cv2, "dnn_superres"):
            raise InputError(_NO_DNN_SUPERRES)
        super().__init__(path.stem.lower(), int(named[2]), parameters=0)  # a .pb does not say
        cv2.setNumThreads(threads)
        self._network = cv2.dnn_superres.DnnSuperResImpl_create()
        try:
            self._network.readModel(str(path))
            self._network.setModel(named[1].lower(), self.scale)
            self._try_out()
        except cv2.error as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{path}: not a model that cv2.dnn_superres can run: {reason}") from None

    def _enlarge(self, rgb: np.ndarray) -> np.ndarray:
        enlarged = self._network.upsample(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
        return cv2.cvtColor(enlarged, cv2.COLOR_BGR2RGB, dst=enlarged)


def given_peers(opencv_models: Path | None, animevideo: Path | None) -> tuple[list[GivenPeer], list[str]]:
    """What the user has, and a line for each that he has not.

    Args:
        opencv_models: folder with `FSRCNN_x4.pb`, `ESPCN_x4.pb` or those of other scales.
        animevideo: realesr-animevideov3 as an ONNX file.

    Raises:
        InputError: there is no model where the user said.
    """
    given, missing = [], []
    if opencv_models is None:
        missing.append("OpenCV FSRCNN and ESPCN: no model files given (--opencv-models FOLDER)")
    elif not hasattr(cv2, "dnn_superres"):
        missing.append(_NO_DNN_SUPERRES)
    else:
        files = [path for path in sorted(opencv_models.glob("*.pb")) if _OPENCV_FILE.fullmatch(path.name)]
        if not files:
            raise InputError(f"{opencv_models}: expected FSRCNN_x4.pb, ESPCN_x4.pb or the like there")
        for path in files:
            load, scale = partial(DnnSuperResUpscaler, path), int(path.stem[-1])
            given.append(GivenPeer(path.stem.lower(), DnnSuperResUpscaler.backend, scale, load))
    if animevideo is None:
        missing.append(f"{_ANIMEVIDEO}, trained: no ONNX file given (--animevideov3 FILE)")
    else:
        load_onnx = partial(load_animevideo, animevideo)
        given.append(GivenPeer(_ANIMEVIDEO, OnnxUpscaler.backend, SCALE, load_onnx))
    return given, missing


def load_animevideo(path: Path, threads: int) -> OnnxUpscaler:
    """realesr-animevideov3 as Real-ESRGAN exports it: float32 RGB in 0..1, (1, 3, H, W), in and out.

    Raises:
        InputError: no such file, or another kind of model.
    """
    try:
        model = onnx.load(path)
    except Exception as error:  # of the operating system or of protobuf
        raise InputError(f"{path}: not an ONNX model ({' '.join(str(error).split())})") from None
    weights = {tensor.name: int(np.prod(tensor.dims)) for tensor in model.graph.initializer}
    # All of its convolutions run at the small size: each weight is used once for a pixel.
    macs = sum(weights.get(node.input[1], 0) for node in model.graph.node if node.op_type == "Conv")
    if not macs:
        raise InputError(f"{path}: expected a network of convolutions with its weights inside")
    if not (_takes_any_size(model.graph.input) and _takes_any_size(model.graph.output)):
        raise InputError(f"{path}: expected one float32 (1, 3, H, W) in and one out, of any height and width")
    card = peer_card(path, _ANIMEVIDEO, sum(weights.values()), macs)
    return OnnxUpscaler(path, card, threads, _with_pictures(model).SerializeToString())


def _with_pictures(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same with uint8 (1, H, W, 3) in and out: the conversions belong to the graph, as in ours."""

    def part(text: str) -> onnx.ModelProto:
        graph = onnx.parser.parse_graph(text)
        return onnx.helper.make_model(graph, ir_version=model.ir_version, opset_imports=model.opset_import)

    source, result = model.graph.input[0].name, model.graph.output[0].name
    whole = onnx.compose.merge_models(part(_BEFORE), model, [("edgesr_small", source)])
    return onnx.compose.merge_models(whole, part(_AFTER), [(result, "edgesr_large")])


def _takes_any_size(tensors: Sequence[onnx.ValueInfoProto]) -> bool:
    """Whether there is one, float32 of four axes, with free height and width."""
    if len(tensors) != 1:
        return False
    kind = tensors[0].type.tensor_type
    sides = [side.dim_value for side in kind.shape.dim]  # 0: free
    return kind.elem_type == onnx.TensorProto.FLOAT and len(sides) == 4 and not any(sides[2:])
