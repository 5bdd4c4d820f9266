from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks are torch modules: requirements/train.txt")
onnx = pytest.importorskip("onnx", reason="writes ONNX: requirements/train.txt")
pytest.importorskip("safetensors", reason="reads weights: requirements/train.txt")

from safetensors.torch import save_file  # noqa: E402

from edgesr_ros.cli.main import main  # noqa: E402
from edgesr_ros.networks import create_network  # noqa: E402
from edgesr_ros.schema import write_json  # noqa: E402
from edgesr_ros.training.export_onnx import export_onnx  # noqa: E402
from edgesr_ros.training.picture_model import PictureModel  # noqa: E402
from edgesr_ros.upscaling.card import InputSize, read_card  # noqa: E402
from edgesr_ros.upscaling.catalog import load_upscaler  # noqa: E402

RECIPE = "edgesrgan_tiny_x4_psnr"


@pytest.fixture
def weights(tmp_path):
    """Random ones, larger than at the start of a training so that the output spans dark to bright."""
    torch.manual_seed(1)
    network = create_network("edgesrgan_tiny", 4)
    with torch.no_grad():
        network.up[2].weight *= 8
    path = tmp_path / "best.safetensors"
    save_file(network.state_dict(), path)
    return path


def load(weights: Path):
    from edgesr_ros.training.picture_model import load_network

    return load_network(weights, "edgesrgan_tiny", 4)


def in_torch(network, rgb):
    with torch.no_grad():
        return PictureModel(network)(torch.from_numpy(rgb[None]))[0].numpy()


def noise(height, width):
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)


def export(weights, output, *more):
    arguments = [
        "export",
        str(weights),
        "--recipe",
        RECIPE,
        "--training-data",
        "noise",
        "--output",
        str(output),
    ]
    return main([*arguments, *more])


def test_graph_is_plain_and_old_enough(weights, tmp_path):
    export_onnx(load(weights), tmp_path / "model.onnx")
    model = onnx.load(tmp_path / "model.onnx")
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 17)]
    picture, enlarged = model.graph.input[0].type.tensor_type, model.graph.output[0].type.tensor_type
    for tensor in (picture, enlarged):
        assert tensor.elem_type == onnx.TensorProto.UINT8
        sides = [side.dim_param or side.dim_value for side in tensor.shape.dim]
        assert (sides[0], sides[3]) == (1, 3)
        assert all(isinstance(side, str) for side in sides[1:3])  # free


@pytest.mark.parametrize("scale", [2, 8])
def test_other_scales(tmp_path, scale):
    import onnxruntime

    torch.manual_seed(0)
    network = create_network("edgesrgan_tiny", scale).eval()
    export_onnx(network, tmp_path / "model.onnx")
    rgb = noise(9, 7)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    (enlarged,) = session.run(None, {"picture": rgb[None]})
    assert np.abs(enlarged[0].astype(int) - in_torch(network, rgb)).max() <= 1


def test_command_writes_model_and_card(weights, tmp_path):
    assert export(weights, tmp_path / "models", "--formats", "onnx") == 0
    assert {path.name for path in (tmp_path / "models").iterdir()} == {
        f"{RECIPE}.onnx",
        f"{RECIPE}.onnx.json",
    }
    path = tmp_path / "models" / f"{RECIPE}.onnx"
    card = read_card(path)
    assert (card.name, card.network, card.scale, card.parameters) == (RECIPE, "edgesrgan_tiny", 4, 95_555)
    assert (card.format, card.precision, card.input_size) == ("onnx", "float32", None)
    assert (card.training_data, card.recipe) == ("noise", f"{RECIPE}.yaml")
    upscaler, network = load_upscaler(str(path)), load(weights)
    for size in ((1, 1), (31, 18), (120, 160)):
        rgb = noise(*size)
        expected = in_torch(network, rgb)
        assert np.abs(upscaler.upscale(rgb).astype(int) - expected).max() <= 1
    assert np.ptp(expected) > 100  # or agreement would mean little


def test_export_again_gives_the_same_file(weights, tmp_path):
    for folder in ("a", "b"):
        export(weights, tmp_path / folder, "--formats", "onnx")
    first, second = (tmp_path / folder / f"{RECIPE}.onnx" for folder in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()


def test_figures_without_this_model(weights, tmp_path, capfd):
    write_json(tmp_path / "figures.json", {"rows": []})
    assert export(weights, tmp_path, "--formats", "onnx", "--figures", str(tmp_path / "figures.json")) == 2
    assert f"--figures: expected a row of model {RECIPE} in" in capfd.readouterr().err


def test_figures_of_this_model_go_into_the_card(weights, tmp_path):
    metrics = {"psnr_y_db": 30.5, "ssim_y": 0.86, "lpips_alex": 0.21}
    row = {"dataset": "set5", **metrics, "niqe": None, "parameters": 95_555, "images": []}
    rows = [{**row, "model": "bicubic", "psnr_y_db": 28.4}, {**row, "model": RECIPE}]
    write_json(tmp_path / "figures.json", {"rows": rows})
    export(weights, tmp_path, "--formats", "onnx", "--figures", str(tmp_path / "figures.json"))
    assert read_card(tmp_path / f"{RECIPE}.onnx").figures == {"set5": metrics}


@pytest.mark.filterwarnings("default")  # litert-torch's own
def test_tflite(weights, tmp_path):
    pytest.importorskip("litert_torch", reason="writes TFLite: requirements/export.txt")
    assert export(weights, tmp_path, "--formats", "tflite", "--size", "24x20") == 0
    path = tmp_path / f"{RECIPE}.tflite"
    assert read_card(path).input_size == InputSize(width=24, height=20)
    upscaler, network = load_upscaler(str(path)), load(weights)
    for size in ((20, 24), (31, 18)):
        rgb = noise(*size)
        assert np.abs(upscaler.upscale(rgb).astype(int) - in_torch(network, rgb)).max() <= 1


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--size", "160"], "--size: expected width x height as in 160x120, got '160'"),
        (["--size", "0x120"], "--size: expected width x height"),
        (["--recipe", "edgesrgan_x4_psnr"], "not weights of edgesrgan at scale 4"),
        (["--recipe", "none"], "'none': no such file"),
        (["--figures", "none.json"], "none.json: no such file"),
    ],
)
def test_mistakes_are_one_line(weights, tmp_path, capfd, more, message):
    assert export(weights, tmp_path / "models", "--formats", "onnx", *more) == 2
    error = capfd.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("content", [None, b"", b"not safetensors"])
def test_files_that_are_no_weights(tmp_path, capfd, content):
    path = tmp_path / "best.safetensors"
    if content is not None:
        path.write_bytes(content)
    assert export(path, tmp_path, "--formats", "onnx") == 2
    assert "best.safetensors: not weights of edgesrgan_tiny" in capfd.readouterr().err
