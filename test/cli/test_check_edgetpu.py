import pytest

from edgesr_ros import resources
from edgesr_ros.cli.main import main

pytest.importorskip("ai_edge_litert.schema_py_generated", reason="ai-edge-litert has the schema of TFLite")

FLOAT = resources.models() / "edgesrgan_tiny_x4_psnr.tflite"


def test_float_model_is_status_1_with_a_line_for_each_operator(capsys):
    assert main(["check-edgetpu", str(FLOAT)]) == 1
    head, *rows, last = capsys.readouterr().out.splitlines()
    assert head.split() == ["operator", "version", "Edge", "TPU"]
    assert last == f"ops on TPU 0/{len(rows)}"
    assert rows[0].split(maxsplit=2) == ["CAST", "1", "no: not an operation of the Edge TPU"]
    assert all("  no: " in row for row in rows)


def test_int8_model_is_status_0(capsys):
    models = sorted(resources.models().glob("*_int8.tflite"))
    assert models
    for path in models:
        assert main(["check-edgetpu", str(path)]) == 0
        _, *rows, last = capsys.readouterr().out.splitlines()
        assert last == f"ops on TPU {len(rows)}/{len(rows)}"
        assert rows[0].split() == ["QUANTIZE", "1", "yes"]


def test_help_says_what_is_not_verified(capsys):
    with pytest.raises(SystemExit):
        main(["check-edgetpu", "--help"])
    assert "only the compiler itself can tell" in " ".join(capsys.readouterr().out.split())


def test_other_files_are_one_line_and_status_2(capsys):
    path = FLOAT.with_suffix(".onnx")
    assert main(["check-edgetpu", str(path)]) == 2
    captured = capsys.readouterr()
    assert captured.err == f"edgesr check-edgetpu: {path}: not a TFLite model\n"
    assert captured.out == ""
