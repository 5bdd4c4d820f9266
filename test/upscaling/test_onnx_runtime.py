import numpy as np
import pytest

from edgesr_ros import resources
from edgesr_ros.upscaling import onnx_runtime
from edgesr_ros.upscaling.card import read_card
from edgesr_ros.upscaling.cpu import products_may_overflow
from edgesr_ros.upscaling.onnx_runtime import OnnxUpscaler

pytest.importorskip("onnxruntime", reason="needs onnxruntime")


def load(name, threads=1):
    path = resources.models() / f"{name}.onnx"
    return OnnxUpscaler(path, read_card(path), threads)


def test_threads_change_nothing_but_time():
    rgb = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    one, two = (load("edgesrgan_tiny_x4_psnr", threads).upscale(rgb) for threads in (1, 2))
    assert np.abs(one.astype(int) - two).max() <= 1


def test_the_exact_way_changes_hardly_anything_where_nothing_overflows(monkeypatch):
    rgb = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    pictures = []
    for exact in (True, products_may_overflow()):
        monkeypatch.setattr(onnx_runtime, "products_may_overflow", lambda exact=exact: exact)
        pictures.append(load("edgesrgan_tiny_x4_link_int8").upscale(rgb).astype(int))
    assert np.abs(pictures[0] - pictures[1]).max() <= 1
