import json
import os
from functools import partial

import pytest

from edgesr_ros import resources
from edgesr_ros.cli import bench
from edgesr_ros.cli.main import main
from edgesr_ros.schema import read_json
from edgesr_ros.upscaling.speed import Runnable, inputs_of, runnables, shipped

_COLUMNS = {"contender", "input", "threads", "ms_median", "ms_p95", "fps"}


def test_models_and_sizes_have_a_row_each(tmp_path, capsys):
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    file = tmp_path / "out" / "speed.json"
    given = ["bicubic_x2", "edgesrgan_tiny_x2_psnr", "--input", "16x12", "--input", "24x8", "--quick"]
    assert main(["bench", *given, "--threads", "1", "--json", str(file)]) == 0
    result = read_json(file, bench.BenchResult)  # every key, and no other
    found = {(row.contender, row.input) for row in result.rows}
    names = ("bicubic_x2", "edgesrgan_tiny_x2_psnr (onnxruntime)")  # and what else is installed
    assert found >= {(name, size) for name in names for size in ("16x12", "24x8")}
    assert all("not installed" in failed.reason for failed in result.not_measured)
    for row in result.rows:
        assert 0 < row.ms_median <= row.ms_p95
        assert row.fps == pytest.approx(1e3 / row.ms_median, rel=0.05)  # both are rounded
        assert (row.threads, row.precision) == (1, None if row.backend == "bicubic" else "float32")
        assert row.pictures >= 3
    assert json.loads(file.read_text())["rows"][0].keys() >= _COLUMNS
    printed = capsys.readouterr()
    _, head, *lines = printed.out.splitlines()
    lines = [line for line in lines if not line.startswith("not measured")]
    assert [line.split("  ")[0] for line in lines] == [row.contender for row in result.rows]
    assert {len(line) for line in lines} == {len(head)}
    assert f"24x8: {len(result.rows) // 2} contenders" in printed.err


def test_a_contender_that_dies_has_a_line_with_the_reason(monkeypatch, tmp_path, capsys):
    broken = Runnable("broken_x4", "onnxruntime", "int8", 4, None, partial(os._exit, 3))
    monkeypatch.setattr(bench, "_chosen", lambda *_: [broken, *runnables("bicubic", 1)])
    file = tmp_path / "speed.json"
    assert main(["bench", "--input", "8x8", "--quick", "--json", str(file)]) == 0
    result = read_json(file, bench.BenchResult)
    assert [row.contender for row in result.rows] == ["bicubic_x4"]
    (failed,) = result.not_measured
    assert (failed.contender, failed.input) == ("broken_x4 (onnxruntime)", None)
    assert failed.reason == "its process ended with status 3"
    assert f"not measured: {failed.contender}: {failed.reason}\n" in capsys.readouterr().out


def test_nothing_measured_is_an_error_with_the_reason(monkeypatch, tmp_path, capsys):
    broken = Runnable("broken_x4", "onnxruntime", "int8", 4, None, partial(os._exit, 3))
    monkeypatch.setattr(bench, "_chosen", lambda *_: [broken])
    file = tmp_path / "speed.json"
    assert main(["bench", "--input", "8x8", "--quick", "--json", str(file)]) == 2
    assert [failed.contender for failed in read_json(file, bench.BenchResult).not_measured] == [broken.name]
    *_, line = capsys.readouterr().err.splitlines()
    assert line == "edgesr bench: nothing could be measured: its process ended with status 3"


def test_of_a_device_that_is_named_nothing_else_is_measured_by_default():
    assert {way.backend for way in shipped(1, "cuda")} == {"onnxruntime/cuda"}
    assert "bicubic" in {way.backend for way in shipped(1, "cpu")}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["bicubic", "no_such_model"], "'no_such_model': no such file"),
        (["bicubic", "--threads", "0"], "--threads: expected at least 1, got 0"),
    ],
)
def test_a_mistake_is_one_line(arguments, reason, capsys):
    assert main(["bench", *arguments]) == 2
    message = capsys.readouterr().err
    assert message.startswith("edgesr bench: ")
    assert reason in message
    assert message.count("\n") == 1


@pytest.mark.parametrize("size", ["160", "160x", "0x120", "-1x5", "axb"])
def test_a_wrong_size_is_told(size, capsys):
    with pytest.raises(SystemExit) as end:
        main(["bench", f"--input={size}"])
    assert end.value.code == 2
    assert "expected a size such as 160x120" in capsys.readouterr().err


def test_by_default_each_shipped_network_is_there_once():
    ways = shipped(threads=1)
    names = [way.name for way in ways]
    assert len(set(names)) == len(names)
    assert {"bicubic_x2", "bicubic_x4", "bicubic_x8"} <= set(names)
    for model in ("edgesrgan_x4", "edgesrgan_x4_int8", "edgesrgan_tiny_x2", "edgesrgan_tiny_x8_int8"):
        assert f"{model} (onnxruntime)" in names
        assert f"{model} (litert)" in names
    assert not [name for name in names if "_psnr" in name or "_link" in name]


def test_a_file_is_told_apart_from_the_shipped_model():
    path = resources.models() / "edgesrgan_tiny_x4.onnx"
    (way, *_) = runnables(str(path), threads=1)
    assert way.model == str(path)
    assert (way.scale, way.macs_per_pixel) == (4, 96352)


@pytest.mark.parametrize(("scale", "full"), [(2, "320x240"), (4, "160x120"), (8, "80x60")])
def test_sizes_hold_what_becomes_640x480(scale, full):
    assert [str(size) for size in inputs_of(scale, quick=True)] == [full]
    sizes = [str(size) for size in inputs_of(scale, quick=False)]
    assert full in sizes
    assert sizes[:4] == ["80x60", "160x120", "240x135", "320x180"]
