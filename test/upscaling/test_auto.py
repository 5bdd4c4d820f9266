"""`backend: auto`. What a test waits for, it waits for at most `TIMEOUT`."""

import json
import time
from pathlib import Path
from threading import current_thread, main_thread
from typing import NamedTuple

import numpy as np
import pytest

from edgesr_ros import resources
from edgesr_ros.errors import InputError
from edgesr_ros.upscaling import auto
from edgesr_ros.upscaling.auto import AutoUpscaler
from edgesr_ros.upscaling.base import Upscaler
from edgesr_ros.upscaling.card import ModelCard, read_card
from edgesr_ros.upscaling.catalog import Way, load_upscaler, ways_to_run
from edgesr_ros.upscaling.onnx_runtime import OnnxUpscaler

pytest.importorskip("onnxruntime", reason="needs onnxruntime")

MODEL = "edgesrgan_tiny_x4_link"
TIMEOUT = 60.0  # seconds; only a failing test waits so long
# Smooth: of noise int8 makes something else.
RGB = (np.add.outer(np.arange(48), np.arange(64))[..., None] * (2, 1, 1) + (0, 0, 100)).astype(np.uint8)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "edgesr_ros"


@pytest.fixture
def start(cache, monkeypatch):
    """Starts one that measures for a short while; gives it and its log."""
    started = []
    assert not cache.exists()
    monkeypatch.setattr(auto, "_SECONDS", 0.05)

    def start(model=MODEL):
        lines = []
        started.append(AutoUpscaler(model, 1, lines.append))
        return started[-1], lines

    yield start
    for upscaler in started:
        upscaler.close()


def wait_for(condition):
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def remembered(file):
    """By size, what a cache file says; nothing while it is damaged."""
    try:
        return json.loads(file.read_text())["by_size"]
    except json.JSONDecodeError:
        return {}


def onnx_way(name):
    path = resources.models() / f"{name}.onnx"
    return Way(path, read_card(path), OnnxUpscaler)


def test_a_shipped_name_stands_for_its_int8_files_too():
    ways = [
        (way.path.name, way.runner.backend) for way in ways_to_run(MODEL) if "/" not in way.runner.backend
    ]
    assert ways == [
        (f"{MODEL}_int8.onnx", "onnxruntime"),
        (f"{MODEL}_int8.onnx", "openvino"),
        (f"{MODEL}_int8.tflite", "litert"),
        (f"{MODEL}_int8.tflite", "edgetpu"),
        (f"{MODEL}.onnx", "onnxruntime"),
        (f"{MODEL}.onnx", "openvino"),
        (f"{MODEL}.tflite", "litert"),
        (f"{MODEL}.tflite", "edgetpu"),
    ]


def test_a_path_and_an_int8_name_stand_for_themselves():
    path = resources.models() / f"{MODEL}.onnx"
    assert {way.path for way in ways_to_run(str(path))} == {path}
    files = {way.path.name for way in ways_to_run(f"{MODEL}_int8")}
    assert files == {f"{MODEL}_int8.onnx", f"{MODEL}_int8.tflite"}


def test_the_fastest_is_told_once_and_remembered(start, cache):
    first, log = start()
    assert first.name == f"{MODEL}_int8"  # a good guess
    guessed = first.upscale(RGB)
    wait_for(lambda: log and list(cache.glob("*.json")))
    (line,) = log
    assert line.startswith("for 64x48: edgesrgan_tiny_x4_link")
    assert " ms (others: " in line  # float32, at least
    (file,) = cache.glob("*.json")
    ((size, choice),) = remembered(file).items()
    made = first.upscaled(RGB)
    assert (size, choice["backend"]) == ("64x48", made.backend)
    assert choice["file"].startswith(made.model)

    second, log = start()
    assert (second.name, second.backend) == (made.model, made.backend)
    again = load_upscaler(str(resources.models() / choice["file"]), choice["backend"], 1)
    assert np.array_equal(second.upscale(RGB), again.upscale(RGB))
    assert guessed.shape == (192, 256, 3)
    assert log == []


def test_each_size_is_measured_and_the_last_one_is_what_the_next_run_starts_with(start, cache):
    upscaler, log = start()
    for sizes, rgb in enumerate((RGB, RGB[:40], RGB), 1):
        upscaler.upscale(rgb)
        wait_for(lambda sizes=sizes: len(log) >= min(sizes, 2))
    (file,) = cache.glob("*.json")
    wait_for(lambda: list(remembered(file)) == ["64x40", "64x48"])
    assert len(log) == 2  # the first size was known when it came again


def test_a_faster_model_that_makes_other_pictures_is_not_taken(start, monkeypatch):
    other, exact = onnx_way("edgesrgan_tiny_x4_int8"), onnx_way("edgesrgan_x4")
    monkeypatch.setattr(auto, "ways_to_run", lambda *_: [other, exact])
    upscaler, log = start()
    assert upscaler.name == "edgesrgan_tiny_x4_int8"
    upscaler.upscale(RGB)
    wait_for(lambda: log)
    assert "others" not in log[0]
    assert upscaler.upscaled(RGB).model == "edgesrgan_x4"


class Scripted(Upscaler):
    """Makes the clock go on by the seconds that a run is to take; the last figure is for all others too.

    Only where it is measured: the test's own picture is made meanwhile, and takes no time.
    """

    backend = "scripted"

    def __init__(self, name, clock, seconds):
        super().__init__(name, 4, parameters=0)
        self.runs = 0
        self._clock, self._seconds = clock, seconds

    def _enlarge(self, rgb):
        if current_thread() is not main_thread():
            self._clock.append(self._clock[-1] + self._seconds[min(self.runs, len(self._seconds) - 1)])
            self.runs += 1
        return rgb.repeat(4, 0).repeat(4, 1)


def test_disturbed_runs_do_not_decide_and_hopeless_ones_are_few(start, monkeypatch):
    clock = [0.0]
    script = {"steady": [0.5], "disturbed": [2.0, 1.4, 1.4, 0.4], "hopeless": [4.0]}
    upscalers = {name: Scripted(name, clock, seconds) for name, seconds in script.items()}

    class Scripts(NamedTuple):
        path: Path
        card: ModelCard
        runner: type[Upscaler] = Scripted

        def load(self, _):
            return upscalers[self.path.name]

    card = read_card(resources.models() / f"{MODEL}_int8.onnx")
    monkeypatch.setattr(auto, "ways_to_run", lambda *_: [Scripts(Path(name), card) for name in script])
    monkeypatch.setattr(auto.time, "perf_counter", lambda: clock[-1])
    upscaler, log = start()
    upscaler.upscale(RGB)
    wait_for(lambda: log)
    assert log == [
        "for 64x48: disturbed on scripted 400.0 ms "
        "(others: steady on scripted 500.0 ms, hopeless on scripted 4000.0 ms)"
    ]
    assert [upscaler.runs for upscaler in upscalers.values()] == [6, 6, 3]  # one of them for the picture


@pytest.mark.parametrize(
    "content", ["", "{", '{"by_size": {"64x48": {"file": "gone.onnx", "backend": "x"}}}']
)
def test_damaged_or_outdated_memory_is_replaced(start, cache, content):
    upscaler, log = start()
    upscaler.upscale(RGB)
    wait_for(lambda: list(cache.glob("*.json")))
    (file,) = cache.glob("*.json")
    file.write_text(content)
    upscaler, log = start()
    upscaler.upscale(RGB)
    wait_for(lambda: log)
    wait_for(lambda: remembered(file).get("64x48", {}).get("file", "").startswith(MODEL))


def test_nothing_needs_to_be_remembered(start, tmp_path):
    (tmp_path / "cache").write_text("not a folder")
    upscaler, log = start()
    upscaler.upscale(RGB)
    wait_for(lambda: log)
    assert "ms" in log[0]


def test_closes_while_it_measures(cache, monkeypatch):
    assert not cache.exists()
    monkeypatch.setattr(auto, "_SECONDS", 1e9)
    upscaler = AutoUpscaler(MODEL, 1, print)
    upscaler.upscale(RGB)
    upscaler.close()
    assert not cache.exists()


def test_mistakes_are_one_line(start, monkeypatch, tmp_path):
    with pytest.raises(InputError, match="model 'no_such': no such file, nor one of bicubic"):
        start("no_such")
    missing = [onnx_way(MODEL)._replace(path=Path(tmp_path / f"gone{number}.onnx")) for number in (1, 2)]
    on_gpu = [way for way in ways_to_run(MODEL, "cuda") if way.gpu_missing]
    monkeypatch.setattr(auto, "ways_to_run", lambda *_: [*missing, *on_gpu])
    with pytest.raises(InputError, match=r"gone1\.onnx: not a model.*; .*gone2\.onnx: not a model") as error:
        start()
    assert "\n" not in str(error.value)
