import cv2
import numpy as np
import pytest
import yaml

pytest.importorskip("torch", reason="training needs PyTorch: requirements/train.txt")
pytest.importorskip("safetensors", reason="checkpoints are safetensors: requirements/train.txt")
pytest.importorskip("tensorboard", reason="training logs for TensorBoard: requirements/train.txt")

from safetensors.torch import load_file

from edgesr_ros.cli.main import main
from edgesr_ros.networks import create_network
from edgesr_ros.sources.files import write_image

RECIPE = {
    "network": "edgesrgan_tiny",
    "scale": 2,
    "patches": {"size": 16, "stride": 16, "validation_every": 2},
}
TRAIN = {
    "step": "train",
    "schedule": [{"steps": 4, "learning_rate": 0.001}],
    "warmup_steps": 1,
    "batch": 2,
    "bf16": False,
    "validate_every": 2,
}


@pytest.fixture
def train(tmp_path):
    """Runs `edgesr train` on three small pictures, with entries of the recipe or its one step changed."""
    for seed in range(3):
        coarse = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), np.uint8)
        write_image(tmp_path / "photographs" / f"{seed}.png", cv2.resize(coarse, (40, 32)))

    def run(*more, **entries):
        path = tmp_path / "mine.yaml"
        of_recipe = {key: value for key, value in entries.items() if key in RECIPE or key == "start"}
        step = {**TRAIN, **{key: value for key, value in entries.items() if key not in of_recipe}}
        path.write_text(yaml.safe_dump({**RECIPE, **of_recipe, "steps": [step]}))
        given = {"--data": tmp_path / "photographs", "--work": tmp_path / "work"}
        options = [str(part) for pair in given.items() for part in pair]
        return main(["train", str(path), *options, *more])

    return run


def test_a_recipe_becomes_weights(train, tmp_path, capsys):
    assert train() == 0
    weights = tmp_path / "work" / "mine" / "best.safetensors"
    create_network("edgesrgan_tiny", 2).load_state_dict(load_file(weights))
    printed = capsys.readouterr().out
    assert "step 4: pixels" in printed
    assert str(weights) in printed


def test_the_second_time_there_is_nothing_to_do(train, tmp_path, capsys):
    train()
    first = capsys.readouterr().out.splitlines()
    checkpoint = tmp_path / "work" / "mine" / "checkpoint.safetensors"
    state = checkpoint.read_bytes()
    assert train() == 0
    assert capsys.readouterr().out.splitlines() == first[-1:]  # the result, and no step
    assert checkpoint.read_bytes() == state


def test_more_steps_go_on_where_it_stopped(train, capsys):
    train()
    capsys.readouterr()
    assert train(schedule=[{"steps": 6, "learning_rate": 0.001}]) == 0
    steps = [line.split(":")[0] for line in capsys.readouterr().out.splitlines() if line.startswith("step")]
    assert steps == ["step 6"]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"network": "resnet"}, "network: expected one of"),
        ({"batch": "many"}, "mine.yaml: Expected `int`, got `str` - at `$.steps[0].batch`"),
        ({"patches": {"size": 15}}, "patches.size: expected a multiple of the scale 2, got 15"),
        ({"patches": {"size": 64}}, "no photograph of at least 64x64 pixels"),
    ],
)
def test_a_mistake_in_the_recipe_is_one_line(train, capsys, entries, message):
    assert train(**entries) == 2
    error = capsys.readouterr().err.splitlines()[-1]  # below the progress bar
    assert error.startswith("edgesr train: ")
    assert message in error


def test_a_run_of_another_network_is_not_gone_on_with(train, capsys):
    train()
    assert train(network="edgesrgan") == 2
    assert "checkpoint.safetensors: not a checkpoint of this recipe" in capsys.readouterr().err


def test_missing_perceptual_weights_say_how_to_make_them(train, capsys):
    assert train(terms=[{"term": "perceptual", "network": "vgg16"}]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert "vgg16.npz: no weights of a perceptual network" in error
    assert "export_perceptual" in error


def test_an_unknown_recipe_names_the_shipped_ones(tmp_path, capsys):
    assert main(["train", "huge", "--data", str(tmp_path)]) == 2
    assert "edgesrgan_tiny_x4_psnr" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_one_line(train, capsys):
    assert train("--data", "no/such/folder") == 2
    assert capsys.readouterr().err == "edgesr train: no/such/folder: no such folder\n"
