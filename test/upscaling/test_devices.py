"""`device`, without a GPU: what is asked of the runtimes, and what is said where one lacks it."""

import inspect
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest

from edgesr_ros import resources
from edgesr_ros.ends.restorer import GroundSettings
from edgesr_ros.errors import InputError
from edgesr_ros.upscaling.auto import AutoUpscaler
from edgesr_ros.upscaling.blending import load_networks
from edgesr_ros.upscaling.catalog import DEVICES, load_upscaler, ways_to_run
from edgesr_ros.upscaling.speed import runnables

onnxruntime = pytest.importorskip("onnxruntime", reason="needs onnxruntime")

MODEL = "edgesrgan_tiny_x4_link"
RGB = np.random.default_rng(0).integers(0, 256, (20, 24, 3), np.uint8)
PROVIDERS = {"cuda": "CUDAExecutionProvider", "tensorrt": "TensorrtExecutionProvider"}
PROVIDERS |= {"openvino-gpu": "OpenVINOExecutionProvider"}


class Asked(NamedTuple):
    """What a session was asked for."""

    model: object
    providers: Sequence[tuple[str, dict[str, Any]]]


@pytest.fixture
def gpus(monkeypatch, tmp_path):
    """An onnxruntime that has all providers: it computes on the CPU and keeps what it was asked for."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    real, asked = onnxruntime.InferenceSession, []

    class Session(real):
        def __init__(self, model, options, providers, **others):
            asked.append(Asked(model, providers))
            super().__init__(model, options, providers=["CPUExecutionProvider"], **others)

        def get_providers(self):
            return [name for name, _ in asked[-1].providers]

    monkeypatch.setattr(
        onnxruntime, "get_available_providers", lambda: [*PROVIDERS.values(), "CPUExecutionProvider"]
    )
    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    return asked


@pytest.fixture
def no_gpu(monkeypatch):
    """An onnxruntime as it comes by default."""
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize("device", PROVIDERS)
def test_a_device_that_is_not_installed_is_one_line(device):
    with pytest.raises(InputError) as error:
        load_upscaler(MODEL, "onnxruntime", device=device)
    assert f"device {device}: expected {PROVIDERS[device]} in onnxruntime {onnxruntime.__version__}" in str(
        error.value
    )
    assert "CPUExecutionProvider" in str(error.value).partition("found ")[2]
    assert "\n" not in str(error.value)


@pytest.mark.usefixtures("no_gpu")
def test_backend_auto_says_once_that_a_device_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(InputError) as error:
        AutoUpscaler(MODEL, 1, print, "cuda")
    assert str(error.value).count("device cuda") == 1  # though there are two files
    assert not {way.backend for way in runnables(MODEL, 1)} & {"onnxruntime/cuda", "onnxruntime/tensorrt"}


def test_a_device_that_does_not_start_is_not_replaced_by_the_cpu(monkeypatch):
    known = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: known)
    if "CUDAExecutionProvider" in onnxruntime.capi._pybind_state.get_available_providers():
        pytest.skip("this onnxruntime has CUDA")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # onnxruntime's own, which it gives and goes on
        with pytest.raises(InputError, match=r"device cuda: CUDAExecutionProvider does not start.*found CPU"):
            load_upscaler(MODEL, "onnxruntime", device="cuda")


def test_an_intel_gpu_that_is_not_there_is_one_line():
    openvino = pytest.importorskip("openvino", reason="needs openvino (an optional extra)")
    if any(name.startswith("GPU") for name in openvino.Core().available_devices):
        pytest.skip("there is one")
    with pytest.raises(InputError, match=r"device openvino-gpu: expected an Intel GPU .* finds CPU") as error:
        load_upscaler(MODEL, "openvino", device="openvino-gpu")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("device", "order"),
    [
        ("cpu", []),
        ("cuda", ["CUDAExecutionProvider"]),
        ("tensorrt", ["TensorrtExecutionProvider", "CUDAExecutionProvider"]),
        ("openvino-gpu", ["OpenVINOExecutionProvider"]),
    ],
)
def test_what_a_device_cannot_do_falls_to_the_next_and_at_last_to_the_cpu(gpus, device, order):
    upscaler = load_upscaler(MODEL, "onnxruntime", 1, device)
    assert [name for name, _ in gpus[0].providers] == [*order, "CPUExecutionProvider"]
    made = upscaler.upscaled(RGB)
    assert made.backend == ("onnxruntime" if device == "cpu" else f"onnxruntime/{device}")
    np.testing.assert_array_equal(made.picture, load_upscaler(MODEL, "onnxruntime", 1).upscale(RGB))


def test_openvino_in_onnxruntime_is_told_to_take_the_gpu(gpus):
    load_upscaler(MODEL, "onnxruntime", 1, "openvino-gpu")
    assert dict(gpus[0].providers)["OpenVINOExecutionProvider"] == {"device_type": "GPU"}


def test_engines_of_tensorrt_are_kept_by_the_weights_of_a_file(gpus, tmp_path):
    pytest.importorskip("onnx", reason="needs onnx, which blends")
    folders = []
    for model in (MODEL, "edgesrgan_tiny_x4_psnr"):  # one graph, other weights
        load_upscaler(model, "onnxruntime", 1, "tensorrt")
        options = dict(gpus[-1].providers)["TensorrtExecutionProvider"]
        assert options["trt_engine_cache_enable"]
        folders.append(options["trt_engine_cache_path"])
        assert folders[-1].startswith(str(tmp_path))
    assert len(set(folders)) == 2
    (network,) = load_networks(MODEL, {}, "onnxruntime", 1, alpha=0.5, device="tensorrt")
    assert network.upscaled(RGB).backend == "onnxruntime/tensorrt"
    assert isinstance(gpus[-1].model, bytes)  # between two files
    assert dict(gpus[-1].providers)["TensorrtExecutionProvider"] == {}


@pytest.mark.usefixtures("gpus")
def test_backend_auto_tries_what_is_installed_on_the_device_that_is_named_or_on_all():
    backends = {way.backend for way in runnables(MODEL, 1)}
    assert {"onnxruntime", *(f"onnxruntime/{device}" for device in PROVIDERS)} <= backends
    assert {way.runner.device for way in ways_to_run(MODEL)} == {*DEVICES, "edgetpu"} - {"auto"}
    assert {way.runner.device for way in ways_to_run(MODEL, "cuda")} == {"cuda"}
    auto = AutoUpscaler(MODEL, 1, print, "cuda")
    try:
        assert auto.backend == "onnxruntime/cuda"
    finally:
        auto.close()


@pytest.mark.parametrize(
    ("model", "backend", "device", "said"),
    [
        (MODEL, "onnxruntime", "gpu", "device: expected one of auto, cpu, cuda, tensorrt, openvino-gpu, got"),
        (MODEL, "openvino", "cuda", "device: openvino runs on cpu or openvino-gpu, got cuda"),
        (MODEL, "litert", "cuda", "device: litert runs on cpu, got cuda"),
        (MODEL, "edgetpu", "cpu", "device: edgetpu runs on edgetpu, got cpu"),
        ("bicubic", None, "cuda", "device: bicubic runs on cpu, got cuda"),
    ],
)
def test_a_device_that_a_backend_has_not_is_one_line(model, backend, device, said):
    with pytest.raises(InputError, match=said):
        load_upscaler(model, backend, device=device)


def test_a_file_that_no_backend_runs_on_a_device():
    path = str(resources.models() / f"{MODEL}.tflite")
    with pytest.raises(InputError, match=r"tflite runs on cpu or edgetpu, got cuda"):
        ways_to_run(path, "cuda")


def test_the_parameter_takes_what_the_catalog_knows():
    assert tuple(inspect.get_annotations(GroundSettings)["device"].__args__[0].__args__) == DEVICES
