"""What both runtimes of ONNX files must do alike with a file."""

import shutil
import sys
from pathlib import Path

import pytest

from edgesr_ros import resources
from edgesr_ros.errors import InputError
from edgesr_ros.upscaling.card import read_card
from edgesr_ros.upscaling.onnx_runtime import OnnxUpscaler
from edgesr_ros.upscaling.openvino_runtime import OpenVinoUpscaler


@pytest.fixture(params=[("onnxruntime", OnnxUpscaler), ("OpenVINO", OpenVinoUpscaler)], ids=lambda it: it[0])
def runtime(request):
    """Its name and what loads a file."""
    name, upscaler = request.param
    pytest.importorskip(name.lower(), reason=f"needs {name}")
    return name, lambda path: upscaler(path, read_card(path), 1)


@pytest.fixture
def model(tmp_path):
    """A copy of a shipped network."""
    return Path(shutil.copy(resources.models() / "edgesrgan_tiny_x4_psnr.onnx", tmp_path))


def test_scale_of_the_card_is_checked_at_load(runtime, model, make_card):
    make_card(model, scale=2)
    with pytest.raises(InputError, match=r"made \(128, 128, 3\) of \(32, 32, 3\), expected scale 2"):
        runtime[1](model)


@pytest.mark.parametrize("part", [0.0, 0.5, 0.99])
def test_truncated_file_is_one_line(runtime, model, make_card, part):
    name, load = runtime
    content = model.read_bytes()
    model.write_bytes(content[: int(part * len(content))])
    make_card(model, scale=4)
    with pytest.raises(InputError, match=f"not a model that {name} can run") as error:
        load(model)
    assert "\n" not in str(error.value)


def test_model_of_another_kind(runtime, tmp_path, make_card):
    path = Path(shutil.copy(resources.models() / "lpips_alex.onnx", tmp_path))
    make_card(path)
    with pytest.raises(InputError, match=r"expected one uint8 \(1, H, W, 3\) in and one out, got"):
        runtime[1](path)


def test_without_the_runtime(runtime, monkeypatch, model, make_card):
    name, load = runtime
    make_card(model, scale=4)
    monkeypatch.setitem(sys.modules, name.lower(), None)
    with pytest.raises(InputError, match=f"backend {name.lower()}: not installed"):
        load(model)
