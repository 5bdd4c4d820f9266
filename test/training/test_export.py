from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks are torch modules: requirements/train.txt")
onnx = pytest.importorskip("onnx", reason="writes ONNX: requirements/train.txt")
pytest.importorskip("safetensors", reason="reads weights: requirements/train.txt")

from msgspec.structs import replace  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

from edgesr_ros import resources  # noqa: E402
from edgesr_ros.cli.main import main  # noqa: E402
from edgesr_ros.networks import create_network, find_spec  # noqa: E402
from edgesr_ros.networks.f2srgan import F2SRGANSpec  # noqa: E402
from edgesr_ros.networks.fold import PictureModel  # noqa: E402
from edgesr_ros.networks.swiftsrgan import SwiftSRGANSpec  # noqa: E402
from edgesr_ros.quality.distortion import psnr  # noqa: E402
from edgesr_ros.schema import write_json  # noqa: E402
from edgesr_ros.sources.files import read_image  # noqa: E402
from edgesr_ros.training.degradation import DEGRADATIONS  # noqa: E402
from edgesr_ros.training.export_onnx import export_onnx  # noqa: E402
from edgesr_ros.training.weights import Facts, load_network, save_network  # noqa: E402
from edgesr_ros.upscaling.card import InputSize, read_card  # noqa: E402
from edgesr_ros.upscaling.catalog import list_models, load_upscaler  # noqa: E402

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
    return load_network(weights, find_spec("edgesrgan_tiny", 4))


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
    assert f"--figures: expected a row of model {RECIPE} on onnxruntime in" in capfd.readouterr().err


def test_figures_of_this_model_go_into_the_card(weights, tmp_path):
    metrics = {"psnr_y_db": 30.5, "ssim_y": 0.86, "lpips_alex": 0.21}
    row = {"dataset": "set5", **metrics, "niqe": None, "parameters": 95_555, "images": []}
    row |= {"model": RECIPE, "backend": "onnxruntime"}
    others = {"model": "bicubic", "backend": "bicubic"}, {"backend": "litert"}, {"model": f"{RECIPE}_int8"}
    files = [tmp_path / "others.json", tmp_path / "figures.json"]
    write_json(files[0], {"rows": [{**row, **other, "psnr_y_db": 28.4} for other in others]})
    write_json(files[1], {"rows": [row, {**row, "dataset": "set14", "lpips_vgg": 0.3}]})
    export(weights, tmp_path, "--formats", "onnx", "--figures", *map(str, files))
    expected = {"set5": metrics, "set14": {**metrics, "lpips_vgg": 0.3}}
    assert read_card(tmp_path / f"{RECIPE}.onnx").figures == expected


def test_int8_by_name(weights, tmp_path, photographs, monkeypatch):
    folder = photographs((160, 200), (120, 120), (90, 160))
    more = ("--formats", "onnx", "--precisions", "float32", "int8", "--calibration", str(folder))
    assert export(weights, tmp_path / "models", *more, "--size", "40x30") == 0
    monkeypatch.setattr(resources, "models", lambda: tmp_path / "models")
    assert list_models() == ["bicubic", RECIPE, f"{RECIPE}_int8"]
    card = read_card(tmp_path / "models" / f"{RECIPE}_int8.onnx")
    assert (card.name, card.format, card.precision) == (f"{RECIPE}_int8", "onnx", "int8")
    assert (card.input_size, card.scale, card.parameters) == (None, 4, 95_555)
    upscaler, network = load_upscaler(f"{RECIPE}_int8"), load(weights)
    low = read_image(next(folder.iterdir()))[:37, :50]
    assert psnr(upscaler.upscale(low), in_torch(network, low)) > 38


def test_blending_mixes_in_the_other_weights(weights, tmp_path):
    torch.manual_seed(2)
    other = create_network("edgesrgan_tiny", 4)
    (tmp_path / "before").mkdir()
    save_file(other.state_dict(), tmp_path / "before" / "best.safetensors")
    blended = ("--blend", str(tmp_path / "before" / "best.safetensors"), "--alpha", "0.25")
    assert export(weights, tmp_path, "--formats", "onnx", *blended) == 0
    network = load(weights)
    with torch.no_grad():
        for mine, its in zip(network.parameters(), other.parameters(), strict=True):
            mine.mul_(0.75).add_(0.25 * its)
    upscaler, rgb = load_upscaler(str(tmp_path / f"{RECIPE}.onnx")), noise(20, 24)
    assert np.abs(upscaler.upscale(rgb).astype(int) - in_torch(network, rgb)).max() <= 1
    card = read_card(tmp_path / f"{RECIPE}.onnx")
    assert card.recipe == f"{RECIPE}.yaml, 0.25 parts of before/best.safetensors"


def test_weights_that_say_what_they_are_need_no_recipe(weights, tmp_path):
    facts = Facts(
        spec=find_spec("edgesrgan_tiny", 4),
        recipe="mine_link",
        degradation="link",
        steps=70,
        mixed=("0.3 parts of other/best.safetensors",),
    )
    path = tmp_path / "said.safetensors"
    save_network(path, load(weights), facts)
    command = ["export", str(path), "--training-data", "noise", "--formats", "onnx"]
    assert main([*command, "--output", str(tmp_path)]) == 0
    card = read_card(tmp_path / "mine_link.onnx")
    assert (card.network, card.scale, card.steps, card.margin) == ("edgesrgan_tiny", 4, 70, 13)
    assert card.recipe == "mine_link.yaml, 0.3 parts of other/best.safetensors"
    assert card.training_degradation == DEGRADATIONS["link"].words
    assert "H.264" in card.training_degradation


def test_a_recipe_that_the_weights_do_not_name_is_one_line(weights, tmp_path, capfd):
    facts = Facts(spec=find_spec("edgesrgan_tiny", 4), recipe="mine", degradation="bicubic", steps=1)
    path = tmp_path / "said.safetensors"
    save_network(path, load(weights), facts)
    assert export(path, tmp_path / "models", "--formats", "onnx") == 2
    assert f"--recipe: {path} is of mine, got {RECIPE}" in capfd.readouterr().err


@pytest.mark.parametrize("name", ["srgan", "swiftsrgan", "tpsr"])
def test_int8_of_another_network_than_edgesrgan(tmp_path, photographs, name):
    """Its file, or one line: never a traceback."""
    torch.manual_seed(1)
    small = {"srgan": {"blocks": 1, "features": 8}, "swiftsrgan": {"blocks": 1, "features": 8}, "tpsr": {}}
    spec = replace(find_spec(name, 4), **small[name])
    facts = Facts(spec=spec, recipe="mine", degradation="bicubic", steps=1)
    save_network(tmp_path / "mine.safetensors", spec.build(), facts)
    photograph = str(photographs((96, 128)))
    command = ["export", str(tmp_path / "mine.safetensors"), "--training-data", "noise", "--size", "24x20"]
    command += ["--precisions", "int8", "--calibration", photograph, "--output", str(tmp_path)]
    assert main([*command, "--formats", "onnx"]) == 0
    card = read_card(tmp_path / "mine_int8.onnx")
    assert (card.network, card.precision, card.margin) == (name, "int8", spec.reach)


def test_no_tflite_in_int8_of_another_network_is_one_line(tmp_path, capfd):
    spec = find_spec("tpsr", 4)
    facts = Facts(spec=spec, recipe="mine", degradation="bicubic", steps=1)
    save_network(tmp_path / "mine.safetensors", spec.build(), facts)
    command = ["export", str(tmp_path / "mine.safetensors"), "--training-data", "noise"]
    assert main([*command, "--formats", "tflite", "--precisions", "int8"]) == 2
    assert "tpsr has no TFLite file in int8, only EdgeSRGANs have (--formats onnx)" in capfd.readouterr().err


def test_a_model_unlike_its_network_is_one_line(weights, tmp_path, monkeypatch, capfd):
    def wrong(network, path):
        with torch.no_grad():
            network.up[2].bias += 0.1
        export_onnx(network, path)
        with torch.no_grad():
            network.up[2].bias -= 0.1

    monkeypatch.setattr("edgesr_ros.training.export_onnx.export_onnx", wrong)
    assert export(weights, tmp_path, "--formats", "onnx") == 2
    error = capfd.readouterr().err
    assert f"{RECIPE} in float32: within 1" in error
    assert error.endswith("grey levels of the network, expected 1 at most\n")
    assert not (tmp_path / f"{RECIPE}.onnx.json").exists()


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # litert-torch's own
@pytest.mark.parametrize(("precision", "least_db"), [("float32", 50), ("float16", 50), ("int8", 37)])
def test_tflite(weights, tmp_path, photographs, precision, least_db):
    pytest.importorskip("litert_torch", reason="writes TFLite: requirements/export.txt")
    folder = photographs((160, 200), (120, 120), (90, 160))
    more = ("--precisions", precision, "--calibration", str(folder), "--size", "24x20")
    assert export(weights, tmp_path / "models", "--formats", "tflite", *more) == 0
    name = RECIPE if precision == "float32" else f"{RECIPE}_{precision}"
    path = tmp_path / "models" / f"{name}.tflite"
    card = read_card(path)
    assert (card.name, card.precision) == (name, precision)
    assert card.input_size == InputSize(width=24, height=20)
    assert (card.edgetpu is not None) == (precision == "int8")
    upscaler, network = load_upscaler(str(path)), load(weights)
    photograph = read_image(next(folder.iterdir()))
    for height, width in ((20, 24), (31, 18)):
        low = photograph[:height, :width]
        enlarged, expected = upscaler.upscale(low), in_torch(network, low)
        assert psnr(enlarged, expected) > least_db
        if precision == "float32":
            assert np.abs(enlarged.astype(int) - expected).max() <= 1


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # litert-torch's own
@pytest.mark.parametrize(
    "spec",
    [F2SRGANSpec(blocks=1, features=16, scale=2), find_spec("tpsr", 2), SwiftSRGANSpec(blocks=1, features=8)],
    ids=lambda spec: spec.__struct_config__.tag,
)
def test_tflite_of_another_network_than_edgesrgan(tmp_path, spec):
    """Quarters and mirrored borders, pixel shuffles, batch norms and a tanh, at odd sides."""
    pytest.importorskip("litert_torch", reason="writes TFLite: requirements/export.txt")
    from ai_edge_litert.interpreter import Interpreter

    from edgesr_ros.training.export_tflite import export_tflite

    torch.manual_seed(1)
    network = spec.build().eval().requires_grad_(False)
    last = [layer for layer in network.modules() if isinstance(layer, torch.nn.Conv2d)][-1]
    rgb = noise(19, 25)
    while np.ptp(in_torch(network, rgb)) < 150:
        last.weight *= 2
    export_tflite(network, tmp_path / "model.tflite", InputSize(width=25, height=19))
    interpreter = Interpreter(str(tmp_path / "model.tflite"))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], rgb[None])
    interpreter.invoke()
    enlarged = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]
    assert np.abs(enlarged.astype(int) - in_torch(network, rgb)).max() <= 1


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--size", "160"], "--size: expected width x height as in 160x120, got '160'"),
        (["--size", "0x120"], "--size: expected width x height"),
        (["--recipe", "edgesrgan_x4_psnr"], "not weights of edgesrgan at scale 4"),
        (["--recipe", "none"], "'none': no such file"),
        (["--figures", "none.json"], "none.json: no such file"),
        (["--precisions", "int8"], "--precisions int8: needs --calibration, a folder of photographs"),
        (["--precisions", "int8", "--calibration", "none"], "none: no such folder"),
        (["--precisions", "float16"], "--precisions float16: only TFLite has it (--formats tflite)"),
        (["--alpha", "0.5"], "--blend and --alpha: expected both or none of them"),
        (["--blend", "none", "--alpha", "0.5"], "none: not weights of edgesrgan_tiny at scale 4"),
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
