import shutil

import numpy as np
import pytest

from edgesr_ros import resources
from edgesr_ros.errors import InputError
from edgesr_ros.upscaling.card import card_path
from edgesr_ros.upscaling.catalog import list_models, load_upscaler

SHIPPED = "edgesrgan_tiny_x4_psnr"


def test_lists_networks_and_bicubic_but_not_the_metrics():
    models = list_models()
    assert models[0] == "bicubic"
    assert SHIPPED in models
    assert "lpips_alex" not in models


def test_all_that_is_listed_loads():
    for name in list_models():
        load_upscaler(name).close()


@pytest.mark.parametrize(
    ("model", "scale"), [("bicubic", 4), ("bicubic_x1", 1), ("bicubic_x2", 2), ("bicubic_x16", 16)]
)
def test_bicubic_of_any_scale(model, scale):
    upscaler = load_upscaler(model)
    assert (upscaler.name, upscaler.scale) == (f"bicubic_x{scale}", scale)
    assert upscaler.upscale(np.zeros((3, 5, 3), np.uint8)).shape == (3 * scale, 5 * scale, 3)


@pytest.mark.parametrize(
    ("backend", "runs_on"), [(None, "onnxruntime"), ("onnxruntime", "onnxruntime"), ("litert", "litert")]
)
def test_backend_chooses_the_file_of_a_shipped_name(backend, runs_on):
    pytest.importorskip(
        {"onnxruntime": "onnxruntime", "litert": "ai_edge_litert"}[runs_on], reason="runtime missing"
    )
    assert load_upscaler(SHIPPED, backend).backend == runs_on


@pytest.mark.parametrize(("suffix", "runs_on"), [(".onnx", "onnxruntime"), (".tflite", "litert")])
def test_path_of_a_file(tmp_path, suffix, runs_on):
    pytest.importorskip(
        {"onnxruntime": "onnxruntime", "litert": "ai_edge_litert"}[runs_on], reason="runtime missing"
    )
    source = resources.models() / f"{SHIPPED}{suffix}"
    path = shutil.copy(source, tmp_path / f"mine{suffix}")
    with pytest.raises(InputError, match="no model card"):
        load_upscaler(str(path))
    shutil.copy(card_path(source), card_path(path))
    assert load_upscaler(str(path)).backend == runs_on


@pytest.mark.parametrize(
    ("model", "backend", "message"),
    [
        ("edgesrgan_huge_x4", None, f"'edgesrgan_huge_x4': no such file, nor one of bicubic.*{SHIPPED}"),
        ("bicubic_x0", None, "no such file"),
        ("bicubic_x17", None, "no such file"),
        ("missing/model.onnx", None, "no such file"),
        (
            SHIPPED,
            "tensorrt",
            "one of bicubic, onnxruntime, openvino, litert, edgetpu, got 'tensorrt'",
        ),
        (SHIPPED, "bicubic", "runs on onnxruntime or openvino, got bicubic"),
        ("bicubic", "litert", "bicubic runs on bicubic, got litert"),
        (__file__, None, r"expected a model file, \.onnx or \.tflite"),
    ],
)
def test_mistakes_are_one_line(model, backend, message):
    with pytest.raises(InputError, match=message) as error:
        load_upscaler(model, backend)
    assert "\n" not in str(error.value)


def test_onnx_file_does_not_run_on_litert():
    path = resources.models() / f"{SHIPPED}.onnx"
    with pytest.raises(InputError, match="runs on onnxruntime or openvino, got litert"):
        load_upscaler(str(path), "litert")


def test_threads_are_checked():
    with pytest.raises(InputError, match="threads: expected at least 1, got 0"):
        load_upscaler(SHIPPED, threads=0)
