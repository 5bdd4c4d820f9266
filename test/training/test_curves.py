"""Every recipe that there was trains as it did before recipes were pipelines: the same losses, step by step.

`curves.json` holds the losses of commit d9c6177, made in a checkout of it by this very file:

    PYTHONPATH=. python <here>/test_curves.py <here>/curves.json

Each recipe as it is shipped, but on small made-up patches, with less of VGG16, in float32 and not compiled.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: requirements/train.txt")
pytest.importorskip("safetensors", reason="reads weights: requirements/train.txt")
pytest.importorskip("tensorboard", reason="training logs for TensorBoard: requirements/train.txt")

import msgspec  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

from edgesr_ros import resources  # noqa: E402
from edgesr_ros.networks import create_network  # noqa: E402
from edgesr_ros.networks.perceptual import Vgg16  # noqa: E402
from edgesr_ros.training.patches import PatchSet  # noqa: E402
from edgesr_ros.training.recipe import read_recipe  # noqa: E402

STEPS = 50
SIZE, BATCH = 16, 2  # of a patch, of a step
GROUP = 2  # of VGG16, instead of 4: its late groups take the most time, and say nothing more here
CURVES = Path(__file__).with_name("curves.json")
RECIPES = sorted(resources.config("recipes").glob("*.yaml"))
KNOWN = json.loads(CURVES.read_text()) if CURVES.is_file() else {}  # of the recipes that there were


def make_patches(scale):
    """Waves of all directions and lengths."""
    rng = np.random.default_rng(scale)
    y, x = np.mgrid[:SIZE, :SIZE]
    high = np.empty((24, SIZE, SIZE, 3), np.uint8)
    for patch in high:
        for colour in range(3):
            (a, b), phase = rng.uniform(-1.5, 1.5, 2), rng.uniform(0, 6)
            patch[..., colour] = 127.5 + 110 * np.sin(a * x + b * y + phase)
    side = SIZE // scale
    blocks = high.reshape(-1, side, scale, side, scale, 3).astype(np.float64)
    return PatchSet(blocks.mean((2, 4)).round().astype(np.uint8), high, [])


def make_vgg16(path):
    """Random weights under which features neither vanish nor grow."""
    rng, arrays = np.random.default_rng(0), {}
    for index, layer in enumerate(Vgg16(GROUP).convolutions):
        fan_in = layer.in_channels * 9
        arrays[f"conv{index}.weight"] = rng.normal(0, (2 / fan_in) ** 0.5, layer.weight.shape)
        arrays[f"conv{index}.bias"] = np.zeros(layer.out_channels)
    for index, channels in enumerate((64, 128)):
        arrays[f"lin{index}.weight"] = np.full((1, channels, 1, 1), 1 / channels)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{name: value.astype(np.float32) for name, value in arrays.items()})


def make_weights(work, name):
    """Those that a recipe starts from or learns from, in a file that says nothing of itself."""
    recipe = read_recipe(resources.config("recipes", f"{name}.yaml"))
    torch.manual_seed(1)
    (work / name).mkdir(parents=True)
    save_file(create_network(recipe.network, recipe.scale).state_dict(), work / name / "best.safetensors")


def losses_of(trainer):
    curve = []
    for _ in range(STEPS):
        curve.append(trainer._train_step())
        trainer.step += 1
    return curve


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("path", [path for path in RECIPES if path.stem in KNOWN], ids=lambda path: path.stem)
def test_the_losses_are_those_of_before(tmp_path, path):
    from edgesr_ros.training.steps.step import Run
    from edgesr_ros.training.terms.perceptual import PerceptualRecipe
    from edgesr_ros.training.trainer import Trainer
    from edgesr_ros.training.weights import trained

    recipe = read_recipe(path)
    step = recipe.steps[0]
    terms = tuple(
        msgspec.structs.replace(term, group=GROUP) if isinstance(term, PerceptualRecipe) else term
        for term in step.terms
    )
    train = msgspec.structs.replace(step, terms=terms, batch=BATCH, bf16=False, compile=False)
    for name in {recipe.start, *train.parents} - {None}:
        make_weights(tmp_path, name)
    make_vgg16(tmp_path / "perceptual" / "vgg16.npz")
    run = Run(path.stem, recipe, tmp_path / "unused", tmp_path)
    start = trained(tmp_path, recipe.start) if recipe.start else None
    facts = run.facts(start, {}, train.steps)
    trainer = Trainer(train, run, make_patches(recipe.scale), tmp_path / path.stem, facts, start)
    trainer._forward = trainer.network
    before, now = KNOWN[path.stem], losses_of(trainer)
    assert [list(step) for step in now] == [list(before)] * STEPS
    for name, curve in before.items():
        found = [step[name] for step in now]
        # Another CPU adds in another order, and what that changes grows from step to step.
        assert found[:10] == pytest.approx(curve[:10], rel=1e-4), name
        assert found == pytest.approx(curve, rel=2e-2), name


def write_curves_of_before(output, work):
    """With the classes of commit d9c6177."""
    from edgesr_ros.training.stage import Stage

    torch.set_num_threads(1)
    make_vgg16(work / "perceptual" / "vgg16.npz")
    for path in RECIPES:
        make_weights(work, path.stem)
    curves = {}
    for path in RECIPES:
        recipe = read_recipe(path)
        patches = msgspec.structs.replace(recipe.patches, size=SIZE)
        if recipe.perceptual:
            fewer = msgspec.structs.replace(recipe.perceptual, group=GROUP)
            recipe = msgspec.structs.replace(recipe, perceptual=fewer)
        recipe = msgspec.structs.replace(recipe, patches=patches, batch=BATCH, bf16=False, compile=False)
        perceptual = work / "perceptual" / "vgg16.npz"
        stage = Stage(recipe, make_patches(recipe.scale), work / path.stem, perceptual)
        stage._forward = stage.network
        steps = losses_of(stage)
        curves[path.stem] = {name: [round(step[name], 7) for step in steps] for name in steps[0]}
    output.write_text(json.dumps(curves, indent=1) + "\n")


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        write_curves_of_before(Path(sys.argv[1]), Path(folder))
