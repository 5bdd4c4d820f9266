"""`edgesr import` of weights: others' files become weights and models of ours; cards say whose they are."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks are torch modules: requirements/train.txt")
pytest.importorskip("onnx", reason="writes ONNX: requirements/runtime.txt")

from edgesr_ros import resources  # noqa: E402
from edgesr_ros.cli.main import main  # noqa: E402
from edgesr_ros.networks import find_spec  # noqa: E402
from edgesr_ros.sources.files import write_image  # noqa: E402
from edgesr_ros.training.recipe import Recipe  # noqa: E402
from edgesr_ros.training.steps.blend import mixed  # noqa: E402
from edgesr_ros.training.steps.step import Run  # noqa: E402
from edgesr_ros.training.steps.train import Phase, Train  # noqa: E402
from edgesr_ros.training.weights import Facts, load_network, read_facts, save_network  # noqa: E402
from edgesr_ros.upscaling.card import file_sha256, read_card  # noqa: E402

# By its PSNR-Y, LPIPS on Set5: what the authors' own modules make with these files.
PUBLISHED = {
    "TPSR_D2X4.pt": (29.6050, 0.1208),
    "TPSR_ESRGANX4.pt": (29.5149, 0.1262),
    "TPSR_NOGANX4.pt": (31.1027, 0.1986),
    "swift_srgan_4x.pth.tar": (30.0049, 0.1720),
    "swift_srgan_2x.pth.tar": (35.9033, 0.0357),
    "F2SRGAN_4x.pt": (28.0648, 0.1452),
    "F2SRGAN_2x.pt": (34.7265, 0.0440),
    "F2SRGAN_4x_QAT.pth.tar": (28.0031, 0.1564),
    "F2SRGAN_4x_student.pt": (27.5883, 0.1606),
    "LightF2SRGAN_x4.pt": (26.6871, 0.1755),
}
FOLDER = "EDGESR_CHECKPOINTS"  # names a folder with these files


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def theirs(tmp_path):
    """A file with TPSR's tensors as its authors call them: random ones."""
    torch.manual_seed(5)
    listed = Path(__file__).parents[1] / "training" / "importing" / "neighbours_parity.json"
    shapes = json.loads(listed.read_text())["tpsr_x4"]
    path = tmp_path / "theirs.pth.tar"
    torch.save({"model": {name: 0.1 * torch.randn(shape) for name, shape in shapes.items()}}, path)
    return path


@pytest.fixture
def dataset(tmp_path):
    rough = np.random.default_rng(5).integers(0, 256, (13, 16, 3), np.uint8)
    write_image(tmp_path / "patches" / "HR" / "one.png", rough.repeat(16, axis=0).repeat(16, axis=1))
    return tmp_path / "patches"


def test_a_checkpoint_becomes_weights_and_a_model(theirs, dataset, capsys):
    assert main(["import", str(theirs)]) == 0
    said = capsys.readouterr().out
    assert "tpsr at scale 4, 61,097 parameters; weights: not known; tensors named as in github.com/" in said
    card, sha256 = read_card(Path("theirs_x4.onnx")), file_sha256(theirs)
    assert (card.network, card.scale, card.licence, card.steps) == ("tpsr", 4, "not known", 0)
    assert card.recipe == f"imported from theirs.pth.tar (sha256 {sha256})"
    assert "github.com/royson/tpsr" in card.training_data
    assert card.limits.endswith("Without a known licence, not to be passed on.")
    assert read_facts(Path("theirs_x4.safetensors")).origin.sha256 == sha256
    models = ["theirs_x4.safetensors", "theirs_x4.onnx"]
    assert main(["evaluate", *models, "--data", str(dataset), "--json", "figures.json"]) == 0
    weights, model = json.loads(Path("figures.json").read_text())["rows"]
    assert (weights["backend"], model["backend"]) == ("torch", "onnxruntime")
    for same in ("parameters", "gmac_80x60", "scale", "tile"):
        assert weights[same] == model[same]
    assert weights["psnr_y_db"] == pytest.approx(model["psnr_y_db"], abs=0.01)


def test_imported_weights_are_gone_on_from_and_keep_their_origin(theirs):
    weights = Path("work/tpsr_d2/best.safetensors")
    assert main(["import", str(theirs), "--licence", "MIT", "--output", str(weights)]) == 0
    assert sorted(path.name for path in weights.parent.iterdir()) == [
        "best.safetensors",
        "tpsr_d2.onnx",
        "tpsr_d2.onnx.json",
    ]
    recipe = Recipe(network="tpsr", scale=4, steps=(Train(schedule=(Phase(steps=3, learning_rate=1e-4),)),))
    facts = Run("finer", recipe, Path(), Path("work")).facts(weights, {}, 3)
    assert facts.licence("Apache-2.0") == "MIT"
    assert re.fullmatch(
        r"finer\.yaml, begun with weights imported from theirs\.pth\.tar \(sha256 \w{64}\)", facts.made_by
    )
    assert main(["export", str(weights), "--formats", "onnx", "--output", "models"]) == 0
    card = read_card(Path("models/tpsr_d2.onnx"))
    assert card.licence == "MIT"
    assert card.recipe.startswith("imported from theirs.pth.tar")
    assert "not to be passed on" not in card.limits
    # What they are mixed into is no longer only its makers' own.
    own = Path("own.safetensors")
    save_network(
        own,
        find_spec("tpsr", 4).build(),
        Facts(spec=find_spec("tpsr", 4), recipe="own", degradation="link", steps=1),
    )
    assert mixed(read_facts(own), weights, 0.1).licence("Apache-2.0") == "MIT"


def test_our_own_model_becomes_weights_again():
    name = "edgesrgan_tiny_x4_link"
    shipped = resources.models() / f"{name}.onnx"
    assert main(["import", str(shipped), "--output", f"again/{name}.onnx"]) == 0
    again = Path(f"again/{name}.onnx")
    # Nothing is left to compare of the network.
    assert again.read_bytes() == shipped.read_bytes()
    before, after = read_card(shipped), read_card(again)
    for kept in ("network", "training_degradation", "training_data", "licence", "limits", "steps", "margin"):
        assert getattr(after, kept) == getattr(before, kept)
    assert after.recipe == f"{before.recipe}, imported from {name}.onnx (sha256 {before.sha256})"
    assert load_network(again.with_suffix(".safetensors")).spec == find_spec("edgesrgan_tiny", 4)


class Evil:
    def __reduce__(self):
        return os.system, ("touch touched",)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["no.pt"], "no.pt: cannot be read (No such file or directory)"),
        (["evil.pt"], "no state dict: expected tensors by name, or 'model' with them, got something else"),
        (["cut.pt"], "not a PyTorch checkpoint, or not all of one: its directory is not at its end"),
        (["text.pt"], "text.pt: neither a PyTorch checkpoint nor an ONNX model"),
        (["ours.safetensors"], "safetensors; `edgesr evaluate` and `edgesr export` take those of ours"),
        (["theirs.pth.tar", "--scale", "2"], "is of tpsr at scale 4, got 2"),
        (["theirs.pth.tar", "--scale", "1"], "--scale: expected 2 to 8, got 1"),
        (["theirs.pth.tar", "--network", "swiftsrgan"], "scale 2: initial.cnn.depthwise.weight is missing"),
        (["theirs.pth.tar", "--network", "vdsr"], "--network: expected one of tpsr, swiftsrgan, f2srgan, "),
        (["theirs.pth.tar", "--layout", "nhwc"], "--layout: is for others' ONNX models"),
        (["theirs.pth.tar", "--output", "x.pt"], "--output: expected a name with .onnx or .safetensors"),
        (["theirs.pth.tar", "--output", "text.pt/x.onnx"], "cannot be written"),
        (["own.onnx", "--output", "own.safetensors"], "--output: is the input, own.onnx"),
    ],
)
def test_a_mistake_is_one_line(theirs, arguments, reason, capsys):
    torch.save(Evil(), "evil.pt")
    Path("cut.pt").write_bytes(theirs.read_bytes()[:5000])
    Path("text.pt").write_text("Not Found")
    Path("ours.safetensors").write_bytes((8).to_bytes(8, "little") + b"{}      ")
    Path("own.onnx").write_bytes((resources.models() / "edgesrgan_tiny_x2.onnx").read_bytes())
    before = set(Path().rglob("*"))
    assert main(["import", *arguments]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("edgesr import: ")
    assert reason in said.err
    assert said.err.count("\n") == 1
    assert not said.out
    assert set(Path().rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["no.safetensors"], "no.safetensors: no such file"),
        (["no.safetensors", "--backend", "onnxruntime"], "--backend: weights run in PyTorch alone"),
        (["no.safetensors", "--device", "cuda"], "--device: weights run on the CPU alone, got cuda"),
    ],
)
def test_weights_that_cannot_be_evaluated_are_one_line(arguments, reason, dataset, capsys):
    assert main(["evaluate", *arguments, "--data", str(dataset)]) == 2
    said = capsys.readouterr().err
    assert reason in said
    assert said.count("\n") == 1


@pytest.mark.skipif(FOLDER not in os.environ, reason=f"{FOLDER} names no folder with the authors' files")
@pytest.mark.parametrize("name", PUBLISHED)
def test_the_authors_files_make_the_authors_figures(name, shared, capsys):
    """None of them ships with us: most have no licence."""
    assert main(["import", str(Path(os.environ[FOLDER]) / name), "--output", "theirs.safetensors"]) == 0
    licence = "CC0-1.0" if name.startswith("swift") else "none stated by the authors"
    assert read_card(Path("theirs.onnx")).licence == licence
    # The one file that holds a whole network as objects of its authors' classes.
    assert ("names what was not looked up" in capsys.readouterr().out) == name.startswith("Light")
    data = ["--data", str(shared / "data/eval/set5"), "--json", "figures.json"]
    assert main(["evaluate", "theirs.safetensors", *data]) == 0
    (row,) = json.loads(Path("figures.json").read_text())["rows"]
    psnr, lpips = PUBLISHED[name]
    assert row["psnr_y_db"] == pytest.approx(psnr, abs=0.01)
    assert row["lpips_alex"] == pytest.approx(lpips, abs=0.001)
