import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgesr_ros import resources
from edgesr_ros.errors import InputError
from edgesr_ros.quality.fidelity import psnr
from edgesr_ros.upscaling.card import read_card
from edgesr_ros.upscaling.onnx_runtime import OnnxUpscaler
from edgesr_ros.upscaling.openvino_runtime import OpenVinoUpscaler

pytest.importorskip("openvino", reason="needs openvino (an optional extra)")

SIZES = [(1, 1), (3, 7), (33, 47), (24, 32), (40, 30), (33, 47)]  # more than are kept, and one again


@pytest.fixture
def model(tmp_path):
    """A copy of the shipped network."""
    return Path(shutil.copy(resources.models() / "edgesrgan_tiny_x4_psnr.onnx", tmp_path))


def load(path):
    return OpenVinoUpscaler(path, read_card(path), 1)


def picture(height, width):
    y, x = np.mgrid[:height, :width, :1][:2]
    return (128 + 100 * np.sin(x / (5, 9, 14) + y / (13, 7, 4))).astype(np.uint8)


@pytest.mark.parametrize("name", ["edgesrgan_tiny_x4_link", "edgesrgan_tiny_x4_link_int8"])
def test_pictures_of_every_size_are_close_to_the_float_network(name):
    pytest.importorskip("onnxruntime", reason="onnxruntime is the reference")
    exact = resources.models() / "edgesrgan_tiny_x4_link.onnx"
    reference = OnnxUpscaler(exact, read_card(exact), 1)
    upscaler = load(resources.models() / f"{name}.onnx")
    for size in SIZES:
        rgb = picture(*size)
        assert psnr(upscaler.upscale(rgb), reference.upscale(rgb)) > 35


def test_result_of_an_earlier_size_comes_again(model, make_card):
    make_card(model, scale=4)
    upscaler = load(model)
    first = [upscaler.upscale(picture(*size)) for size in SIZES]
    for size, expected in zip(SIZES, first, strict=True):
        np.testing.assert_array_equal(upscaler.upscale(picture(*size)), expected)


def test_scale_of_the_card_is_checked_at_load(model, make_card):
    make_card(model, scale=2)
    with pytest.raises(InputError, match=r"made \(128, 128, 3\) of \(32, 32, 3\), expected scale 2"):
        load(model)


@pytest.mark.parametrize("part", [0.0, 0.5, 0.99])
def test_truncated_file_is_one_line(model, make_card, part):
    content = model.read_bytes()
    model.write_bytes(content[: int(part * len(content))])
    make_card(model, scale=4)
    with pytest.raises(InputError, match="not a model that OpenVINO can run") as error:
        load(model)
    assert "\n" not in str(error.value)


def test_model_of_another_kind(tmp_path, make_card):
    path = Path(shutil.copy(resources.models() / "lpips_alex.onnx", tmp_path))
    make_card(path)
    with pytest.raises(InputError, match=r"expected one uint8 \(1, H, W, 3\) in and one out, got"):
        load(path)


def test_without_the_runtime(monkeypatch, model, make_card):
    make_card(model, scale=4)
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(InputError, match="backend openvino: not installed"):
        load(model)


_TWO_AT_ONCE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from edgesr_ros.upscaling.card import read_card
from edgesr_ros.upscaling.openvino_runtime import OpenVinoUpscaler

paths = [Path(path) for path in sys.argv[1:]]
with ThreadPoolExecutor(2) as pool:
    list(pool.map(lambda path: OpenVinoUpscaler(path, read_card(path), 1), paths))
assert sys.modules["openvino_telemetry"] is None
"""


def test_two_may_be_the_first_at_once_and_nothing_is_reported_to_anybody():
    models = [resources.models() / f"edgesrgan_tiny_x{scale}_link_int8.onnx" for scale in (2, 4)]
    command = [sys.executable, "-c", _TWO_AT_ONCE, *map(str, models)]
    subprocess.run(command, check=True, timeout=60, cwd=resources.share())
