import pytest
import yaml

from edgesr_ros import resources
from edgesr_ros.errors import InputError
from edgesr_ros.training.recipe import PatchRecipe, Phase, Recipe, read_recipe

SHIPPED = sorted(resources.config("recipes").glob("*.yaml"))
LEAST = {
    "network": "edgesrgan_tiny",
    "scale": 2,
    "schedule": [{"steps": 10, "learning_rate": 0.001}],
}


def write(folder, **entries):
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump({**LEAST, **entries}))
    return path


def test_there_are_shipped_recipes():
    assert SHIPPED


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_recipe_is_named_after_what_it_makes(path):
    pytest.importorskip("torch", reason="the networks are torch modules: requirements/train.txt")
    from edgesr_ros.networks import create_network

    recipe = read_recipe(path)
    assert path.stem.startswith(f"{recipe.network}_x{recipe.scale}")
    assert (recipe.adversarial is None) == path.stem.endswith("_psnr")
    for other in filter(None, (recipe.start, recipe.distillation and recipe.distillation.teacher)):
        assert other in {shipped.stem for shipped in SHIPPED}
    assert create_network(recipe.network, recipe.scale).scale == recipe.scale
    assert recipe.patches.size % recipe.scale == 0
    assert recipe.warmup_steps < recipe.steps


def test_what_a_recipe_leaves_out_has_defaults(tmp_path):
    recipe = read_recipe(write(tmp_path, patches={"size": 48}))
    schedule = (Phase(steps=10, learning_rate=0.001),)
    assert recipe == Recipe(
        network="edgesrgan_tiny", scale=2, schedule=schedule, patches=PatchRecipe(size=48)
    )
    assert (recipe.batch, recipe.patches.size, recipe.patches.stride) == (16, 48, 48)


def test_phases_follow_each_other_and_the_last_one_holds():
    schedule = (Phase(steps=3, learning_rate=0.1), Phase(steps=2, learning_rate=0.2, distance="l2"))
    recipe = Recipe(network="edgesrgan_tiny", scale=2, schedule=schedule)
    found = [recipe.phase_at(step) for step in range(6)]
    assert [begin for _, begin in found] == [0, 0, 0, 3, 3, 3]
    assert [phase.distance for phase, _ in found] == ["l1"] * 3 + ["l2"] * 3


@pytest.mark.parametrize(
    ("entries", "key"),
    [
        ({"learning_rat": 0.1}, "learning_rat"),
        ({"patches": {"sise": 48}}, "sise"),
        ({"schedule": []}, "$.schedule"),
        ({"schedule": [{"steps": "many", "learning_rate": 0.1}]}, "$.schedule[0].steps"),
        ({"schedule": [{"steps": 0, "learning_rate": 0.1}]}, "$.schedule[0].steps"),
        ({"schedule": [{"steps": 1.5, "learning_rate": 0.1}]}, "$.schedule[0].steps"),
        ({"schedule": [{"steps": 1, "learning_rate": "1e-4"}]}, "$.schedule[0].learning_rate"),  # YAML's 1e-4
        ({"schedule": [{"steps": 1, "learning_rate": 0.0}]}, "$.schedule[0].learning_rate"),
        ({"schedule": [{"steps": 1, "learning_rate": 0.1, "shape": "line"}]}, "$.schedule[0].shape"),
        ({"pixels": -1.0}, "$.pixels"),
        ({"perceptual": {"network": "resnet"}}, "$.perceptual.network"),
        ({"perceptual": {"group": 6}}, "$.perceptual.group"),
        ({"adversarial": {}}, "discriminator"),
        ({"adversarial": {"discriminator": "large"}}, "$.adversarial.discriminator"),
        ({"distillation": {}}, "teacher"),
        ({"best_by": "niqe"}, "$.best_by"),
        ({"patches": {"degradation": "blur"}}, "$.patches.degradation"),
        ({"ema_decay": 1.0}, "$.ema_decay"),
        ({"scale": 3}, "$.scale"),
        ({"bf16": "yes please"}, "$.bf16"),
        ({"patches": {"reductions": [1.0, 1.5]}}, "$.patches.reductions[1]"),
        ({"patches": {"validation_every": 1}}, "$.patches.validation_every"),
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
