"""The pixel stage on a few small pictures: it learns, it can be interrupted, and it is reproducible."""

import math

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: requirements/train.txt")
pytest.importorskip("safetensors", reason="checkpoints are safetensors: requirements/train.txt")
pytest.importorskip("tensorboard", reason="training logs for TensorBoard: requirements/train.txt")

from safetensors.torch import load_file  # noqa: E402
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: E402
from torch.nn import functional  # noqa: E402

from edgesr_ros.errors import InputError  # noqa: E402
from edgesr_ros.networks import create_network  # noqa: E402
from edgesr_ros.training.checkpoint import load_checkpoint  # noqa: E402
from edgesr_ros.training.patches import prepare_patches  # noqa: E402
from edgesr_ros.training.pixel import (  # noqa: E402
    BEST,
    CHECKPOINT,
    PixelStage,
    learning_rate,
    to_tensor,
    upscale,
)
from edgesr_ros.training.recipe import PatchRecipe, Recipe  # noqa: E402

RECIPE = Recipe(
    network="edgesrgan_tiny",
    scale=2,
    steps=8,
    learning_rate=1e-3,
    warmup_steps=2,
    batch=2,
    ema_decay=0.5,
    bf16=False,
    validate_every=4,
    patches=PatchRecipe(size=16, stride=16, validation_every=3),
)


@pytest.fixture
def patches(tmp_path, photographs):
    folder = photographs((32, 40), (40, 40), (48, 36), (40, 32))
    return prepare_patches(folder, RECIPE.patches, RECIPE.scale, tmp_path / "cache")


@pytest.fixture
def one_thread():
    """Sums in one order, so that equal runs are equal to the last bit."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def change(**entries):
    return msgspec.structs.replace(RECIPE, **entries)


def loss_of(stage, patches):
    with torch.no_grad():
        device = stage.device
        enlarged = stage.network(to_tensor(np.array(patches.low), device))
        return functional.l1_loss(enlarged, to_tensor(np.array(patches.high), device)).item()


def same(a, b):
    return all(torch.equal(a.state_dict()[key], b.state_dict()[key]) for key in a.state_dict())


def test_it_learns(tmp_path, photographs):
    recipe = change(
        steps=100, batch=4, validate_every=50, patches=PatchRecipe(size=48, stride=16, validation_every=3)
    )
    folder = photographs(*[(56, 64)] * 6)
    patches = prepare_patches(folder, recipe.patches, recipe.scale, tmp_path / "cache")
    stage = PixelStage(recipe, patches, tmp_path / "run")
    loss, psnr = loss_of(stage, patches), stage.validate()
    best = stage.run()
    assert loss_of(stage, patches) < 0.6 * loss
    assert best > psnr + 3


def test_bfloat16_is_nearly_the_same(tmp_path, patches):
    stages = [PixelStage(change(bf16=bf16), patches, tmp_path / str(bf16)) for bf16 in (False, True)]
    for stage in stages:
        stage.run()
    losses = [loss_of(stage, patches) for stage in stages]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)


def test_leaves_the_best_weights_a_checkpoint_and_a_log(tmp_path, patches):
    stage = PixelStage(RECIPE, patches, tmp_path / "run")
    best = stage.run()
    network = create_network(RECIPE.network, RECIPE.scale)
    network.load_state_dict(load_file(tmp_path / "run" / BEST))
    stage.average.load_state_dict(network.state_dict())
    assert stage.validate() == pytest.approx(best, abs=1e-4)
    log = EventAccumulator(str(tmp_path / "run")).Reload()
    assert [event.step for event in log.Scalars("validation/psnr_y_db")] == [4, 8]
    assert log.Scalars("loss/l1")[0].value > 0
    assert max(event.value for event in log.Scalars("validation/psnr_y_db")) == pytest.approx(best, abs=1e-4)


@pytest.mark.usefixtures("one_thread")
def test_two_runs_of_one_seed_are_equal_and_another_seed_is_another(tmp_path, patches):
    stages = [
        PixelStage(change(seed=seed), patches, tmp_path / str(index)) for index, seed in enumerate((7, 7, 8))
    ]
    for stage in stages:
        stage.run()
    assert same(stages[0].network, stages[1].network)
    assert same(stages[0].average, stages[1].average)
    assert not same(stages[0].network, stages[2].network)


@pytest.mark.usefixtures("one_thread")
def test_a_run_that_was_interrupted_ends_like_an_unbroken_one(tmp_path, patches, monkeypatch):
    unbroken = PixelStage(RECIPE, patches, tmp_path / "unbroken")
    best = unbroken.run()
    broken = PixelStage(RECIPE, patches, tmp_path / "broken")
    batch = patches.batch

    def interrupted(size, seed, step):
        if step == 6:  # after the checkpoint of step 4
            raise KeyboardInterrupt
        return batch(size, seed, step)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(patches, "batch", interrupted)
        broken.run()
    resumed = PixelStage(RECIPE, patches, tmp_path / "broken")
    assert resumed.step == 4
    assert resumed.run() == best
    assert same(resumed.network, unbroken.network)
    assert same(resumed.average, unbroken.average)
    assert (tmp_path / "broken" / BEST).read_bytes() == (tmp_path / "unbroken" / BEST).read_bytes()


def test_a_finished_run_has_nothing_to_do(tmp_path, patches):
    best = PixelStage(RECIPE, patches, tmp_path / "run").run()
    weights = (tmp_path / "run" / CHECKPOINT).read_bytes()
    again = PixelStage(RECIPE, patches, tmp_path / "run")
    assert again.step == RECIPE.steps
    assert again.run() == best
    assert (tmp_path / "run" / CHECKPOINT).read_bytes() == weights


def test_the_last_step_is_kept_even_where_no_validation_was_due(tmp_path, patches):
    stage = PixelStage(change(steps=3, validate_every=100), patches, tmp_path / "run")
    stage.run()
    other = PixelStage(RECIPE, patches, tmp_path / "other")
    progress = load_checkpoint(tmp_path / "run" / CHECKPOINT, other.network, other.average, other.optimizer)
    assert progress == {"step": 3, "best_psnr": stage.best_psnr}


def test_a_worse_network_does_not_replace_the_best(tmp_path, patches):
    best = PixelStage(RECIPE, patches, tmp_path / "run").run()
    weights = (tmp_path / "run" / BEST).read_bytes()
    longer = change(steps=12, learning_rate=10.0, warmup_steps=1, ema_decay=0.0, clip_norm=1e6)
    stage = PixelStage(longer, patches, tmp_path / "run")
    assert stage.run() == best
    assert stage.validate() < best
    assert (tmp_path / "run" / BEST).read_bytes() == weights


def test_a_loss_that_is_no_number_is_one_line(tmp_path, patches):
    stage = PixelStage(RECIPE, patches, tmp_path / "run")
    with torch.no_grad():
        stage.network.trunk.bias.fill_(math.nan)
    with pytest.raises(InputError, match="step 4: the loss is nan; lower learning_rate"):
        stage.run()
    assert not (tmp_path / "run" / BEST).exists()


def test_going_on_with_another_network_is_one_line(tmp_path, patches):
    PixelStage(change(steps=1), patches, tmp_path / "run").run()
    with pytest.raises(InputError, match="not a checkpoint of this network"):
        PixelStage(change(network="edgesrgan"), patches, tmp_path / "run")


def test_an_unknown_network_is_one_line(tmp_path, patches):
    with pytest.raises(InputError, match="network: expected one of"):
        PixelStage(change(network="srgan"), patches, tmp_path / "run")


def test_the_learning_rate_warms_up_and_falls_as_half_a_cosine():
    recipe = change(steps=110, warmup_steps=10, learning_rate=0.8)
    rates = [learning_rate(recipe, step) for step in (0, 4, 9, 10, 35, 60, 110)]
    assert rates == pytest.approx([0.08, 0.4, 0.8, 0.8, 0.4 * (1 + math.sqrt(0.5)), 0.4, 0.0], abs=1e-12)


def test_the_learning_rate_of_a_run_that_is_all_warm_up():
    recipe = change(steps=5, warmup_steps=10, learning_rate=0.5)
    assert [learning_rate(recipe, step) for step in range(5)] == pytest.approx([0.05, 0.1, 0.15, 0.2, 0.25])


def test_upscaling_by_a_network_rounds_and_clips():
    network = create_network("edgesrgan_tiny", 2)
    rgb = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    with torch.no_grad():
        network.up[2].weight *= 50
        exact = network(torch.from_numpy(rgb).permute(2, 0, 1)[None].float())[0].permute(1, 2, 0).numpy()
    enlarged = upscale(network, rgb)
    assert (enlarged.shape, enlarged.dtype) == ((10, 14, 3), np.uint8)
    np.testing.assert_array_equal(enlarged, np.rint(exact).clip(0, 255))
