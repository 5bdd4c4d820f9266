import pickle

import cv2
import numpy as np
import onnx
import onnx.parser
import pytest

from benchmarks.peers.given import DnnSuperResUpscaler, given_peers, load_animevideo
from edgesr_ros.errors import InputError

# As Real-ESRGAN exports: a convolution to 48 channels, shuffled, on top of the picture repeated.
_MODEL = """
<ir_version: 8, opset_import: ["": 17]>
network (float[1, 3, HEIGHT, WIDTH] input) => (float[1, 3, h4, w4] output)
{
    body = Conv(input, kernel, bias)
    difference = DepthToSpace <blocksize = 4, mode = "CRD"> (body)
    base = Resize <mode = "nearest"> (input, , scales)
    output = Add(difference, base)
}
"""
BRIGHTER = 0.1  # of 0..1


@pytest.fixture
def animevideo(tmp_path):
    """Repeats pixels, BRIGHTER brighter."""

    def make(height="h", width="w"):
        model = onnx.parser.parse_model(_MODEL.replace("HEIGHT", height).replace("WIDTH", width))
        weights = {
            "kernel": np.zeros((48, 3, 1, 1), np.float32),
            "bias": np.full(48, BRIGHTER, np.float32),
            "scales": np.array([1, 1, 4, 4], np.float32),
        }
        tensors = [onnx.numpy_helper.from_array(array, name) for name, array in weights.items()]
        model.graph.initializer.extend(tensors)
        path = tmp_path / "realesr-animevideov3.onnx"
        onnx.save(model, path)
        return path

    return make


def test_animevideo_takes_pictures(animevideo):
    upscaler = load_animevideo(animevideo(), threads=1)
    assert (upscaler.name, upscaler.scale, upscaler.backend) == ("realesr-animevideov3", 4, "onnxruntime")
    rgb = np.random.default_rng(0).integers(0, 256, (6, 9, 3), np.uint8)
    repeated = rgb.repeat(4, axis=0).repeat(4, axis=1)
    expected = np.minimum(repeated + 255 * BRIGHTER, 255)
    assert np.abs(upscaler.upscale(rgb) - expected).max() <= 1


@pytest.mark.parametrize("sides", [("64", "64"), ("h", "64")])
def test_animevideo_of_a_fixed_size_is_refused(animevideo, sides):
    with pytest.raises(InputError, match=r"expected one float32 .* of any height and width"):
        load_animevideo(animevideo(*sides), threads=1)


@pytest.mark.parametrize("content", [None, b"no model"])
def test_animevideo_that_is_no_model_is_one_line(tmp_path, content):
    path = tmp_path / "model.onnx"
    if content:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"model.onnx: not an ONNX model") as error:
        load_animevideo(path, threads=1)
    assert "\n" not in str(error.value)


def test_nothing_given_is_a_line_each():
    given, missing = given_peers(None, None)
    assert not given
    assert ["--opencv-models" in missing[0], "--animevideov3" in missing[1]] == [True, True]


def test_what_is_given_can_be_sent_to_another_process(animevideo):
    (peer,), (missing,) = given_peers(None, animevideo())
    assert "--opencv-models" in missing
    upscaler = pickle.loads(pickle.dumps(peer)).load(1)
    assert (peer.name, peer.scale) == (upscaler.name, upscaler.scale)


@pytest.mark.skipif(hasattr(cv2, "dnn_superres"), reason="this OpenCV has dnn_superres")
def test_without_dnn_superres_the_reason_says_what_has_it(tmp_path):
    _, missing = given_peers(tmp_path, None)
    assert "opencv-contrib-python-headless" in missing[0]
    with pytest.raises(InputError, match="opencv-contrib-python-headless"):
        DnnSuperResUpscaler(tmp_path / "FSRCNN_x4.pb", threads=1)


@pytest.mark.skipif(not hasattr(cv2, "dnn_superres"), reason="needs opencv-contrib-python-headless")
def test_dnn_superres_mistakes_are_one_line(tmp_path):
    with pytest.raises(InputError, match=r"expected FSRCNN_x4\.pb"):
        given_peers(tmp_path, None)
    (tmp_path / "ESPCN_x2.pb").write_bytes(b"no model")
    (peer,), _ = given_peers(tmp_path, None)
    assert (peer.name, peer.scale) == ("espcn_x2", 2)
    with pytest.raises(InputError, match=r"ESPCN_x2\.pb: not a model") as error:
        peer.load(1)
    assert "\n" not in str(error.value)


def test_another_file_name_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"EDSR_x4\.pb: expected a name such as FSRCNN_x4\.pb"):
        DnnSuperResUpscaler(tmp_path / "EDSR_x4.pb", threads=1)
