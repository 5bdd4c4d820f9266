import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from edgesr_ros import resources
from edgesr_ros.errors import InputError
from edgesr_ros.upscaling import onnx_runtime
from edgesr_ros.upscaling.card import read_card
from edgesr_ros.upscaling.cpu import products_may_overflow
from edgesr_ros.upscaling.onnx_runtime import OnnxUpscaler

pytest.importorskip("onnxruntime", reason="needs onnxruntime")


@pytest.fixture
def model(tmp_path):
    """A copy of the shipped network."""
    return Path(shutil.copy(resources.models() / "edgesrgan_tiny_x4_psnr.onnx", tmp_path))


def load(path):
    return OnnxUpscaler(path, read_card(path), 1)


def test_scale_of_the_card_is_checked_at_load(model, make_card):
    make_card(model, scale=2)
    with pytest.raises(InputError, match=r"made \(128, 128, 3\) of \(32, 32, 3\), expected scale 2"):
        load(model)


@pytest.mark.parametrize("part", [0.0, 0.5, 0.99])
def test_truncated_file_is_one_line(model, make_card, part):
    content = model.read_bytes()
    model.write_bytes(content[: int(part * len(content))])
    make_card(model, scale=4)
    with pytest.raises(InputError, match="not a model that onnxruntime can run") as error:
        load(model)
    assert "\n" not in str(error.value)


def test_model_of_another_kind(tmp_path, make_card):
    path = Path(shutil.copy(resources.models() / "lpips_alex.onnx", tmp_path))
    make_card(path)
    with pytest.raises(InputError, match=r"expected one uint8 \(1, H, W, 3\) in and one out, got"):
        load(path)


def test_without_the_runtime(monkeypatch, model, make_card):
    make_card(model, scale=4)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(InputError, match="backend onnxruntime: not installed"):
        load(model)


def test_threads_change_nothing_but_time(model, make_card):
    card = make_card(model, scale=4)
    rgb = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    one, two = (OnnxUpscaler(model, card, threads).upscale(rgb) for threads in (1, 2))
    assert np.abs(one.astype(int) - two).max() <= 1


def test_the_exact_way_changes_hardly_anything_where_nothing_overflows(monkeypatch):
    path = resources.models() / "edgesrgan_tiny_x4_link_int8.onnx"
    rgb = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    pictures = []
    for exact in (True, products_may_overflow()):
        monkeypatch.setattr(onnx_runtime, "products_may_overflow", lambda exact=exact: exact)
        pictures.append(load(path).upscale(rgb).astype(int))
    assert np.abs(pictures[0] - pictures[1]).max() <= 1
