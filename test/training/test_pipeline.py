"""A recipe's steps: each runs once from the same files, and again where one of them is another."""

import json
import shutil

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: requirements/train.txt")
pytest.importorskip("safetensors", reason="checkpoints are safetensors: requirements/train.txt")
pytest.importorskip("tensorboard", reason="training logs for TensorBoard: requirements/train.txt")

from msgspec.structs import replace  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

from edgesr_ros.errors import InputError  # noqa: E402
from edgesr_ros.training.goals import MacsShareGoal  # noqa: E402
from edgesr_ros.training.patches import PatchRecipe  # noqa: E402
from edgesr_ros.training.pipeline import RECORD, run_recipe  # noqa: E402
from edgesr_ros.training.recipe import Recipe  # noqa: E402
from edgesr_ros.training.steps.blend import Blend  # noqa: E402
from edgesr_ros.training.steps.export import Export  # noqa: E402
from edgesr_ros.training.steps.prune import Prune  # noqa: E402
from edgesr_ros.training.steps.quantize import Quantize  # noqa: E402
from edgesr_ros.training.steps.step import Run  # noqa: E402
from edgesr_ros.training.steps.table import Table  # noqa: E402
from edgesr_ros.training.steps.train import Phase, Train  # noqa: E402
from edgesr_ros.training.terms.imitation import ImitationRecipe  # noqa: E402
from edgesr_ros.training.trainer import Trainer  # noqa: E402
from edgesr_ros.training.weights import BEST, load_network, read_facts  # noqa: E402
from edgesr_ros.upscaling import timing  # noqa: E402
from edgesr_ros.upscaling.card import InputSize, file_sha256, read_card  # noqa: E402
from edgesr_ros.upscaling.catalog import load_upscaler  # noqa: E402

TRAIN = Train(
    schedule=(Phase(steps=2, learning_rate=1e-3, shape="constant"),),
    warmup_steps=1,
    batch=2,
    bf16=False,
    validate_every=2,
)
FIRST = Recipe(
    network="edgesrgan_tiny",
    scale=2,
    steps=(TRAIN,),
    patches=PatchRecipe(size=16, stride=16, validation_every=2),
)
BLEND = Blend(other="first", alpha=0.25)
EXPORT = Export(precisions=("float32", "int8"), size=InputSize(width=16, height=12))
SECOND = replace(FIRST, start="first", seed=1, steps=(TRAIN, BLEND, EXPORT))


@pytest.fixture
def make(tmp_path, photographs, monkeypatch):
    """Runs a recipe; returns its lines, and how many training steps it took."""
    data, steps = photographs((40, 48), (48, 40), (40, 40)), []
    train_step = Trainer._train_step
    monkeypatch.setattr(Trainer, "_train_step", lambda self: steps.append(1) or train_step(self))

    def run(name, recipe):
        steps.clear()
        return run_recipe(Run(name, recipe, data, tmp_path)), len(steps)

    return run


def snapshot(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_steps_follow_one_another_from_weights_to_models(make, tmp_path):
    make("first", FIRST)
    lines, steps = make("second", SECOND)
    assert steps == 2
    trained, blended, *models = lines
    assert trained.startswith("best validation psnr_y ")
    assert blended == f"0.25 parts of first: {tmp_path / 'second' / '2_blend' / BEST}"
    assert len(models) == 2
    first, second, mixed = (
        load_file(tmp_path / name / BEST) for name in ("first", "second", "second/2_blend")
    )
    for key, value in mixed.items():
        torch.testing.assert_close(value, 0.25 * first[key] + 0.75 * second[key])
    for suffix in ("", "_int8"):
        path = tmp_path / "second" / "3_export" / f"second{suffix}.onnx"
        card = read_card(path)
        assert card.recipe == f"second.yaml, 0.25 parts of first/{BEST}"
        assert (card.network, card.steps, card.margin) == ("edgesrgan_tiny", 2, 13)
        assert card.training_data == "3 photographs of photographs"
        assert load_upscaler(str(path)).scale == 2


def test_what_is_pruned_trains_on_by_what_it_was(make, tmp_path, monkeypatch):
    """In rounds: the widths inside of blocks, then the trunk; all of which a table measures."""
    monkeypatch.setattr(timing, "_SECONDS", 0.0)
    pytest.importorskip("torch_pruning", reason="finds what to prune together: requirements/train.txt")
    recover = replace(TRAIN, terms=(ImitationRecipe(teacher="small"),))
    inner = Prune(importance="lamp", widths="inner", goal=MacsShareGoal(0.8), multiple=8)
    steps = (TRAIN, inner, recover, replace(inner, widths="trunk"), Table(size=EXPORT.size, threads=1))
    lines, count = make("small", replace(FIRST, steps=steps))
    home = tmp_path / "small"
    assert count == 2 * TRAIN.steps
    assert lines[1].endswith(f" parameters: {home / '2_prune' / BEST}")
    specs = [read_facts(home / name / BEST).spec for name in ("2_prune", "3_train", "4_prune")]
    assert specs[0] == specs[1] != specs[2]
    assert specs[0].features == 32 > specs[2].features
    rows = json.loads((home / "5_table" / "table.json").read_text())["rows"]
    assert [row["step"] for row in rows] == ["1_train", "2_prune", "3_train", "4_prune"]
    parameters = [row["parameters"] for row in rows]
    assert parameters[0] > parameters[1] == parameters[2] > parameters[3]
    for row in rows:
        assert all(figures["ms"] > 0 and figures["psnr_y_db"] > 5 for figures in row["figures"].values())
        assert f"{row['parameters']:,}" in (home / "5_table" / "table.html").read_text()
    assert make("small", replace(FIRST, steps=steps)) == (lines, 0)


def test_what_is_trained_for_8_bits_is_exported_with_its_ranges(make, tmp_path):
    quantize = Quantize(
        schedule=TRAIN.schedule,
        terms=(ImitationRecipe(teacher="small", distance="l2"),),
        warmup_steps=1,
        batch=2,
        size=InputSize(width=16, height=12),
    )
    steps = (TRAIN, quantize, EXPORT)
    lines, count = make("small", replace(FIRST, steps=steps))
    assert count == 4
    assert read_facts(tmp_path / "small" / BEST).calibration is None
    facts = read_facts(tmp_path / "small" / "2_quantize" / BEST)
    assert "/head/head.1/Relu_output_0" in facts.calibration.ranges
    assert load_network(tmp_path / "small" / "2_quantize" / BEST).calibration == facts.calibration
    assert len(lines) == 4
    assert read_card(tmp_path / "small" / "3_export" / "small_int8.onnx").steps == 4
    assert make("small", replace(FIRST, steps=steps)) == (lines, 0)
    for step in (TRAIN, replace(BLEND, other="small")):  # for other weights these would be wrong
        make("other", replace(FIRST, steps=(TRAIN, quantize, step)))
        tag = step.__struct_config__.tag
        assert read_facts(tmp_path / "other" / f"3_{tag}" / BEST).calibration is None


def test_weights_name_their_parents(make, tmp_path):
    make("first", FIRST)
    make("second", SECOND)
    first, second = (f"{name}/{BEST}" for name in ("first", "second"))
    hashes = {name: file_sha256(tmp_path / name) for name in (first, second)}
    assert read_facts(tmp_path / first).parents == {}
    assert read_facts(tmp_path / second).parents == {first: hashes[first]}
    assert read_facts(tmp_path / "second" / "2_blend" / BEST).parents == hashes


def test_what_is_made_is_not_made_again(make, tmp_path):
    make("first", FIRST)
    lines, _ = make("second", SECOND)
    before = snapshot(tmp_path)
    assert make("second", SECOND) == (lines, 0)
    assert snapshot(tmp_path) == before


def test_a_step_that_changed_runs_again_and_those_behind_it(make, tmp_path):
    make("first", FIRST)
    make("second", SECOND)
    folder = tmp_path / "second"
    before = snapshot(folder)
    more = replace(SECOND, steps=(TRAIN, replace(BLEND, alpha=0.5), EXPORT))
    assert make("second", more)[1] == 0
    changed = {
        path.relative_to(folder).parts[0]
        for path, content in snapshot(folder).items()
        if before[path] != content
    }
    assert changed == {"2_blend", "3_export"}


@pytest.mark.parametrize("damage", ["2_blend/best.safetensors", "3_export/second.onnx", "2_blend/step.json"])
def test_a_result_that_is_gone_or_another_is_made_again(make, tmp_path, damage):
    make("first", FIRST)
    make("second", SECOND)
    path = tmp_path / "second" / damage
    content = path.read_bytes()
    path.unlink()
    make("second", SECOND)
    assert path.read_bytes() == content


def test_a_killed_recipe_goes_on_where_it_was(make, monkeypatch):
    make("first", FIRST)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Blend, "run", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        make("second", SECOND)
    lines, steps = make("second", SECOND)
    assert (len(lines), steps) == (4, 0)


def test_a_second_training_starts_from_the_first_ones_weights(make, tmp_path):
    twice = replace(FIRST, steps=(TRAIN, TRAIN))
    assert make("twice", twice)[1] == 4
    facts = read_facts(tmp_path / "twice" / "2_train" / BEST)
    assert facts.steps == 4
    assert facts.parents == {f"twice/{BEST}": file_sha256(tmp_path / "twice" / BEST)}


def test_a_training_begun_from_other_weights_is_not_gone_on_with(make, tmp_path):
    make("first", FIRST)
    make("second", SECOND)
    shutil.rmtree(tmp_path / "first")
    make("first", replace(FIRST, seed=5))
    with pytest.raises(InputError, match=r"checkpoint.safetensors: was begun from other weights .* remove"):
        make("second", SECOND)


def test_weights_of_older_versions_are_taken_for_what_the_recipe_says(make, tmp_path):
    make("first", FIRST)
    path = tmp_path / "first" / BEST
    save_file(load_file(path), path)
    make("second", SECOND)
    assert load_network(tmp_path / "second" / "2_blend" / BEST).scale == 2


def test_a_folder_of_an_older_version_is_taken_over(make, tmp_path):
    """It has a checkpoint and weights, but no record of the step; the weights then say what they are."""
    make("first", FIRST)
    path = tmp_path / "first" / BEST
    weights = load_file(path)
    save_file(weights, path)
    (tmp_path / "first" / RECORD).unlink()
    assert make("first", FIRST)[1] == 0
    assert all(torch.equal(load_file(path)[key], value) for key, value in weights.items())
    assert read_facts(path).steps == 2


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (
            replace(FIRST, start="absent"),
            r"absent/best.safetensors: no trained weights; run `edgesr train absent`",
        ),
        (replace(FIRST, steps=(BLEND,)), "first/best.safetensors: no trained weights"),
        (replace(FIRST, steps=(EXPORT,)), "steps: export needs weights; expected a train step before it"),
        (replace(FIRST, network="resnet"), "network: expected one of"),
        (replace(FIRST, network="esrgan"), r"scale: expected one of \[4\], got 2"),
    ],
)
def test_mistakes_are_one_line(make, recipe, message):
    with pytest.raises(InputError, match=message) as error:
        make("mine", recipe)
    assert "\n" not in str(error.value)


def test_a_start_of_another_network_is_one_line(make):
    make("first", FIRST)
    with pytest.raises(InputError, match="not weights of edgesrgan at scale 2, but of edgesrgan_tiny"):
        make("second", replace(SECOND, network="edgesrgan"))


def test_the_record_of_a_step_says_what_came_from_what(make, tmp_path):
    make("first", FIRST)
    make("second", SECOND)
    record = json.loads((tmp_path / "second" / "3_export" / RECORD).read_text())
    assert list(record["parents"]) == [f"second/2_blend/{BEST}"]
    assert set(record["files"]) == {
        f"second/3_export/second{name}" for name in (".onnx", ".onnx.json", "_int8.onnx", "_int8.onnx.json")
    }
