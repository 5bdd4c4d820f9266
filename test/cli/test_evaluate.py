import json

import numpy as np
import pytest

from edgesr_ros import resources
from edgesr_ros.cli.main import main
from edgesr_ros.sources.files import write_image


@pytest.fixture
def dataset(tmp_path):
    noise = np.random.default_rng(5).integers(0, 256, (13, 16, 3), np.uint8)
    write_image(tmp_path / "patches" / "HR" / "one.png", noise.repeat(16, axis=0).repeat(16, axis=1))
    return tmp_path / "patches"


def test_each_model_has_a_row(dataset, tmp_path, capsys):
    file = tmp_path / "out" / "figures.json"
    models = ["bicubic", "bicubic_x2"]
    assert main(["evaluate", *models, "--data", str(dataset), "--json", str(file)]) == 0
    rows = json.loads(file.read_text())["rows"]
    assert [(row["model"], row["scale"], row["parameters"]) for row in rows] == [
        ("bicubic", 4, 0),
        ("bicubic_x2", 2, 0),
    ]
    for row in rows:
        assert row["dataset"] == "patches"
        assert row["niqe_model"] == "LIVE pristine model"
        assert row["niqe"] > 0
    assert rows[1]["psnr_y_db"] > rows[0]["psnr_y_db"]
    assert rows[1]["lpips_alex"] < rows[0]["lpips_alex"]
    header, *lines = capsys.readouterr().out.splitlines()
    for line, row in zip(lines, rows, strict=False):
        assert line.startswith(row["model"])
        assert f"{row['psnr_y_db']:.2f}" in line
        assert len(line) == len(header)


def test_bicubic_beside_networks_keeps_its_own_backend(dataset, capsys):
    assert main(["evaluate", "bicubic", "--data", str(dataset), "--backend", "onnxruntime"]) == 0
    assert "patches" in capsys.readouterr().out


def test_a_model_of_one_size_is_measured_in_tiles(dataset, tmp_path):
    pytest.importorskip("ai_edge_litert", reason="ai-edge-litert is not installed")
    file = tmp_path / "figures.json"
    name = "edgesrgan_tiny_x4_psnr"
    models = [name, str(resources.models() / f"{name}.tflite")]
    assert main(["evaluate", *models, "--data", str(dataset), "--json", str(file)]) == 0
    whole, tiles = json.loads(file.read_text())["rows"]
    assert whole["tile"] is None
    assert tiles["tile"] == {"width": 160, "height": 120}
    assert tiles["psnr_y_db"] == pytest.approx(whole["psnr_y_db"], abs=0.1)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["bicubic", "no_such_model", "--data", "."], "no_such_model"),
        (["bicubic", "--data", "no/such/folder"], "no such folder"),
        (["bicubic", "--data", ".", "--lpips-vgg", "no.onnx"], "no.onnx: no such file"),
    ],
)
def test_a_mistake_is_one_line(arguments, reason, capsys):
    assert main(["evaluate", *arguments]) == 2
    message = capsys.readouterr().err
    assert message.startswith("edgesr evaluate: ")
    assert reason in message
    assert message.count("\n") == 1


def test_bicubic_on_set5(shared, tmp_path):
    file = tmp_path / "figures.json"
    assert main(["evaluate", "bicubic", "--data", str(shared / "data/eval/set5"), "--json", str(file)]) == 0
    (row,) = json.loads(file.read_text())["rows"]
    figures = [row["psnr_y_db"], row["ssim_y"], row["lpips_alex"], row["niqe"]]
    assert figures == pytest.approx([28.43, 0.811, 0.340, 8.35], rel=2e-3)
