import pytest
import yaml

from edgesr_ros import resources
from edgesr_ros.errors import InputError

pytest.importorskip("torch", reason="a recipe names torch modules: requirements/train.txt")
pytest.importorskip("safetensors", reason="steps read and write weights: requirements/train.txt")

from edgesr_ros.networks import create_network
from edgesr_ros.training.patches import PatchRecipe
from edgesr_ros.training.recipe import Recipe, read_recipe
from edgesr_ros.training.steps.blend import Blend
from edgesr_ros.training.steps.export import Export
from edgesr_ros.training.steps.train import Phase, Train
from edgesr_ros.training.terms.adversarial import AdversarialRecipe
from edgesr_ros.training.terms.distillation import DistillationRecipe
from edgesr_ros.training.terms.pixels import PixelRecipe

RECIPES = sorted(resources.config("recipes").glob("*.yaml"))
# Those that make a network smaller step by step; nothing of them ships yet.
LIGHT = [path for path in RECIPES if "light" in path.stem]
SHIPPED = [path for path in RECIPES if path not in LIGHT]
STEP = {"step": "train", "schedule": [{"steps": 10, "learning_rate": 0.001}]}
PRUNE = {"step": "prune", "importance": "l1", "widths": "inner", "goal": {"of": "macs", "per_pixel": 9}}
LEAST = {"network": "edgesrgan_tiny", "scale": 2, "steps": [STEP]}


def write(folder, **entries):
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump({**LEAST, **entries}))
    return path


def test_there_are_shipped_recipes():
    assert SHIPPED


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_recipe_is_named_after_what_it_makes(path):
    recipe = read_recipe(path)
    assert path.stem.startswith(f"{recipe.network}_x{recipe.scale}")
    (train,) = (step for step in recipe.steps if isinstance(step, Train))
    adversarial = any(isinstance(term, AdversarialRecipe) for term in train.terms)
    assert adversarial != path.stem.endswith("_psnr")
    teachers = [term.teacher for term in train.terms if isinstance(term, DistillationRecipe)]
    for other in filter(None, (recipe.start, *teachers)):
        assert other in {shipped.stem for shipped in RECIPES}
    assert create_network(recipe.network, recipe.scale).scale == recipe.scale
    assert recipe.patches.size % recipe.scale == 0
    assert train.warmup_steps < train.steps == recipe.trained_steps


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_recipe_ends_with_the_models_that_are_shipped(path):
    """Those for the link are blended with the network that they started from."""
    recipe = read_recipe(path)
    *before, export = recipe.steps
    assert isinstance(export, Export)
    names = {"float32": path.stem, "int8": f"{path.stem}_int8"}
    shipped = [name for name in names if (resources.models() / f"{names[name]}.onnx").is_file()]
    # Of others' networks it may be none: their weights ship where they beat what is there.
    assert shipped == list(export.precisions) or (not shipped and "edgesrgan" not in recipe.network)
    blends = [step for step in before if isinstance(step, Blend)]
    link = path.stem.endswith("_link")
    assert blends == ([Blend(other=recipe.start, alpha=0.3)] if link else [])


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_a_pipeline_learns_from_recipes_that_there_are_and_from_its_own_steps(path):
    recipe = read_recipe(path)
    known, made = {other.stem for other in RECIPES} - {path.stem}, set()
    assert recipe.start in known
    for number, step in enumerate(recipe.steps, 1):
        assert set(step.parents) <= known | made
        made.add(path.stem if number == 1 else f"{path.stem}/{number}_{step.__struct_config__.tag}")
    tags = [step.__struct_config__.tag for step in recipe.steps]
    assert tags[-3:] == ["quantize", "export", "table"]
    assert all(tags[number + 1] == "train" for number, tag in enumerate(tags) if tag == "prune")
    assert create_network(recipe.network, recipe.scale).scale == recipe.scale


def test_what_a_recipe_leaves_out_has_defaults(tmp_path):
    recipe = read_recipe(write(tmp_path, patches={"size": 48}))
    train = Train(schedule=(Phase(steps=10, learning_rate=0.001),))
    assert recipe == Recipe(network="edgesrgan_tiny", scale=2, steps=(train,), patches=PatchRecipe(size=48))
    assert (train.batch, recipe.patches.size, recipe.patches.stride) == (16, 48, 48)
    assert train.terms == (PixelRecipe(weight=1.0, distance="l1", phases=None),)


def test_phases_follow_each_other_and_the_last_one_holds():
    schedule = (Phase(steps=3, learning_rate=0.1), Phase(steps=2, learning_rate=0.2))
    train = Train(schedule=schedule)
    found = [train.phase_at(step) for step in range(6)]
    assert [begin for _, begin in found] == [0, 0, 0, 3, 3, 3]
    assert [number for number, _ in found] == [1] * 3 + [2] * 3


def in_step(**entries):
    return {"steps": [{**STEP, **entries}]}


def in_term(**entries):
    return in_step(terms=[{"term": "pixels"}, entries])


@pytest.mark.parametrize(
    ("entries", "key"),
    [
        ({"learning_rat": 0.1}, "learning_rat"),
        (in_step(learning_rat=0.1), "learning_rat"),
        ({"patches": {"sise": 48}}, "sise"),
        (in_step(schedule=[]), "$.steps[0].schedule"),
        (in_step(schedule=[{"steps": "many", "learning_rate": 0.1}]), "$.steps[0].schedule[0].steps"),
        (in_step(schedule=[{"steps": 0, "learning_rate": 0.1}]), "$.steps[0].schedule[0].steps"),
        (in_step(schedule=[{"steps": 1.5, "learning_rate": 0.1}]), "$.steps[0].schedule[0].steps"),
        # YAML's 1e-4
        (in_step(schedule=[{"steps": 1, "learning_rate": "1e-4"}]), "$.steps[0].schedule[0].learning_rate"),
        (in_step(schedule=[{"steps": 1, "learning_rate": 0.0}]), "$.steps[0].schedule[0].learning_rate"),
        (
            in_step(schedule=[{"steps": 1, "learning_rate": 0.1, "shape": "line"}]),
            "$.steps[0].schedule[0].shape",
        ),
        (in_term(term="pixels", weight=-1.0), "$.steps[0].terms[1].weight"),
        (in_term(term="perceptual", network="resnet"), "$.steps[0].terms[1].network"),
        (in_term(term="perceptual", group=7), "$.steps[0].terms[1].group"),
        (in_term(term="adversarial"), "discriminator"),
        (in_term(term="adversarial", discriminator="large"), "$.steps[0].terms[1]"),
        (in_term(term="adversarial", discriminator="64k5s2 patch"), "$.steps[0].terms[1]"),
        (in_term(term="distillation"), "teacher"),
        (in_step(best_by="niqe"), "$.steps[0].best_by"),
        ({"patches": {"degradation": "blur"}}, "$.patches.degradation"),
        (in_step(ema_decay=1.0), "$.steps[0].ema_decay"),
        ({"scale": 3}, "$.scale"),
        (in_step(bf16="yes please"), "$.steps[0].bf16"),
        ({"patches": {"reductions": [1.0, 1.5]}}, "$.patches.reductions[1]"),
        ({"patches": {"validation_every": 1}}, "$.patches.validation_every"),
        ({"steps": []}, "$.steps"),
        ({"steps": [{"step": "distil"}]}, "$.steps[0].step"),
        ({"steps": [STEP, {**PRUNE, "goal": {"of": "bytes"}}]}, "$.steps[1].goal.of"),
        ({"steps": [STEP, {**PRUNE, "goal": {"of": "macs_share", "share": 1.0}}]}, "$.steps[1].goal.share"),
        ({"steps": [STEP, {**PRUNE, "multiple": 0}]}, "$.steps[1].multiple"),
        ({"steps": [STEP, {"step": "blend", "other": "a", "alpha": 1.5}]}, "$.steps[1].alpha"),
        ({"steps": [STEP, {"step": "export", "formats": ["pth"]}]}, "$.steps[1].formats[0]"),
        (in_step(terms=[]), "$.steps[0].terms"),
        (in_term(term="sharpness"), "$.steps[0].terms[1].term"),
        (in_term(term="pixels", phases=[0]), "$.steps[0].terms[1].phases[0]"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_key(tmp_path, entries, key):
    path = write(tmp_path, **entries)
    with pytest.raises(InputError) as error:
        read_recipe(path)
    assert str(error.value).startswith(f"{path}: ")
    assert f"`{key}`" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("missing", LEAST)
def test_what_has_no_default_must_be_there(tmp_path, missing):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({key: value for key, value in LEAST.items() if key != missing}))
    with pytest.raises(InputError, match=f"missing required field `{missing}`"):
        read_recipe(path)


def test_a_recipe_does_not_change_while_it_is_followed():
    with pytest.raises(AttributeError):
        Recipe(**LEAST).steps = 5
