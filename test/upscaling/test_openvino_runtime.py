import subprocess
import sys

import numpy as np
import pytest

from edgesr_ros import resources
from edgesr_ros.quality.distortion import psnr
from edgesr_ros.upscaling.card import read_card
from edgesr_ros.upscaling.onnx_runtime import OnnxUpscaler
from edgesr_ros.upscaling.openvino_runtime import OpenVinoUpscaler

pytest.importorskip("openvino", reason="needs openvino (an optional extra)")

SIZES = [(1, 1), (3, 7), (33, 47), (24, 32), (40, 30), (33, 47)]  # more than are kept, and one again


def load(name):
    path = resources.models() / f"{name}.onnx"
    return OpenVinoUpscaler(path, read_card(path), 1)


def picture(height, width):
    y, x = np.mgrid[:height, :width, :1][:2]
    return (128 + 100 * np.sin(x / (5, 9, 14) + y / (13, 7, 4))).astype(np.uint8)


@pytest.mark.parametrize("name", ["edgesrgan_tiny_x4_link", "edgesrgan_tiny_x4_link_int8"])
def test_pictures_of_every_size_are_close_to_the_float_network(name):
    pytest.importorskip("onnxruntime", reason="onnxruntime is the reference")
    exact = resources.models() / "edgesrgan_tiny_x4_link.onnx"
    reference = OnnxUpscaler(exact, read_card(exact), 1)
    upscaler = load(name)
    for size in SIZES:
        rgb = picture(*size)
        assert psnr(upscaler.upscale(rgb), reference.upscale(rgb)) > 35


def test_result_of_an_earlier_size_comes_again():
    upscaler = load("edgesrgan_tiny_x4_psnr")
    first = [upscaler.upscale(picture(*size)) for size in SIZES]
    for size, expected in zip(SIZES, first, strict=True):
        np.testing.assert_array_equal(upscaler.upscale(picture(*size)), expected)


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
