"""Training on a few small pictures: it learns, it can be interrupted, and it is reproducible."""

import math
import shutil

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: requirements/train.txt")
pytest.importorskip("safetensors", reason="checkpoints are safetensors: requirements/train.txt")
pytest.importorskip("tensorboard", reason="training logs for TensorBoard: requirements/train.txt")

from safetensors.torch import load_file  # noqa: E402
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: E402
from torch.nn import functional  # noqa: E402
from torch.nn.utils import parametrize  # noqa: E402

from edgesr_ros.errors import InputError  # noqa: E402
from edgesr_ros.networks import NETWORKS, create_network, find_spec  # noqa: E402
from edgesr_ros.networks.perceptual import Vgg16  # noqa: E402
from edgesr_ros.networks.srgan import SRGANSpec  # noqa: E402
from edgesr_ros.sources.files import read_image  # noqa: E402
from edgesr_ros.training.checkpoint import load_checkpoint  # noqa: E402
from edgesr_ros.training.inference import upscale  # noqa: E402
from edgesr_ros.training.patches import PatchRecipe, prepare_patches  # noqa: E402
from edgesr_ros.training.recipe import Recipe  # noqa: E402
from edgesr_ros.training.steps.step import Run  # noqa: E402
from edgesr_ros.training.steps.train import Phase, Train  # noqa: E402
from edgesr_ros.training.taps import Taps  # noqa: E402
from edgesr_ros.training.terms import Batch, Term, TermRecipe  # noqa: E402
from edgesr_ros.training.terms.adversarial import AdversarialRecipe  # noqa: E402
from edgesr_ros.training.terms.distillation import DistillationRecipe  # noqa: E402
from edgesr_ros.training.terms.perceptual import PerceptualRecipe  # noqa: E402
from edgesr_ros.training.terms.pixels import PixelRecipe  # noqa: E402
from edgesr_ros.training.trainer import CHECKPOINT, Trainer, to_tensor  # noqa: E402
from edgesr_ros.training.validation import Validation  # noqa: E402
from edgesr_ros.training.weights import BEST, load_network, read_facts  # noqa: E402

SCALE = 2
PATCHES = PatchRecipe(size=16, stride=16, validation_every=3)
TRAIN = Train(
    schedule=(Phase(steps=8, learning_rate=1e-3),),
    warmup_steps=2,
    batch=2,
    ema_decay=0.5,
    bf16=False,
    validate_every=4,
)


@pytest.fixture
def patches(tmp_path, photographs):
    folder = photographs((32, 40), (40, 40), (48, 36), (40, 32))
    return prepare_patches(folder, PATCHES, SCALE, tmp_path / "cache")


def trainer(train, patches, folder, perceptual=None, *, network="edgesrgan_tiny", seed=0, start=None):
    """A trainer of random weights, or those in the file `start`, in a folder below that of all recipes."""
    recipe = Recipe(network=network, scale=SCALE, steps=(train,), seed=seed, patches=PATCHES)
    run = Run("mine", recipe, folder / "unused", folder.parent, perceptual)
    facts = run.facts(start, {}, train.steps)
    return Trainer(train, run, patches, folder, facts, start)


def change(steps=8, learning_rate=1e-3, **entries):
    schedule = (Phase(steps=steps, learning_rate=learning_rate),)
    return msgspec.structs.replace(TRAIN, **{"schedule": schedule, **entries})


def score_of(stage):
    """Of the averaged weights over the photographs held out."""
    validation = Validation(stage.train.best_by, SCALE, stage.patches.validation, stage.folder / "apart")
    return validation.goodness(validation.run(stage.average, 0, {}))


def loss_of(stage, patches):
    with torch.no_grad():
        device = stage.device
        enlarged = stage.network(to_tensor(np.array(patches.low), device))
        return functional.l1_loss(enlarged, to_tensor(np.array(patches.high), device)).item()


def same(a, b):
    return all(torch.equal(a.state_dict()[key], b.state_dict()[key]) for key in a.state_dict())


def test_it_learns(tmp_path, photographs):
    train = change(steps=100, batch=4, validate_every=50)
    folder = photographs(*[(56, 64)] * 6)
    larger = PatchRecipe(size=48, stride=16, validation_every=3)
    patches = prepare_patches(folder, larger, SCALE, tmp_path / "cache")
    stage = trainer(train, patches, tmp_path / "run")
    loss, psnr = loss_of(stage, patches), score_of(stage)
    best = stage.run()
    assert loss_of(stage, patches) < 0.6 * loss
    assert best > psnr + 3


def test_bfloat16_is_nearly_the_same(tmp_path, patches):
    stages = [trainer(change(bf16=bf16), patches, tmp_path / str(bf16)) for bf16 in (False, True)]
    for stage in stages:
        stage.run()
    losses = [loss_of(stage, patches) for stage in stages]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)


def test_leaves_the_best_weights_a_checkpoint_and_a_log(tmp_path, patches):
    stage = trainer(TRAIN, patches, tmp_path / "run")
    best = stage.run()
    network = create_network("edgesrgan_tiny", SCALE)
    network.load_state_dict(load_file(tmp_path / "run" / BEST))
    stage.average.load_state_dict(network.state_dict())
    assert score_of(stage) == pytest.approx(best, abs=1e-4)
    log = EventAccumulator(str(tmp_path / "run")).Reload()
    assert [event.step for event in log.Scalars("validation/psnr_y")] == [4, 8]
    assert log.Scalars("loss/pixels")[0].value > 0
    assert max(event.value for event in log.Scalars("validation/psnr_y")) == pytest.approx(best, abs=1e-4)


@pytest.mark.usefixtures("one_thread")
def test_two_runs_of_one_seed_are_equal_and_another_seed_is_another(tmp_path, patches):
    stages = [
        trainer(TRAIN, patches, tmp_path / str(index), seed=seed) for index, seed in enumerate((7, 7, 8))
    ]
    for stage in stages:
        stage.run()
    assert same(stages[0].network, stages[1].network)
    assert same(stages[0].average, stages[1].average)
    assert not same(stages[0].network, stages[2].network)


@pytest.mark.usefixtures("one_thread")
def test_a_run_that_was_interrupted_ends_like_an_unbroken_one(tmp_path, patches, monkeypatch):
    unbroken = trainer(TRAIN, patches, tmp_path / "unbroken")
    best = unbroken.run()
    broken = trainer(TRAIN, patches, tmp_path / "broken")
    batch = patches.batch

    def interrupted(size, seed, step):
        if step == 6:  # after the checkpoint of step 4
            raise KeyboardInterrupt
        return batch(size, seed, step)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(patches, "batch", interrupted)
        broken.run()
    resumed = trainer(TRAIN, patches, tmp_path / "broken")
    assert resumed.step == 4
    assert resumed.run() == best
    assert same(resumed.network, unbroken.network)
    assert same(resumed.average, unbroken.average)
    assert (tmp_path / "broken" / BEST).read_bytes() == (tmp_path / "unbroken" / BEST).read_bytes()


def test_a_finished_run_has_nothing_to_do(tmp_path, patches):
    best = trainer(TRAIN, patches, tmp_path / "run").run()
    weights = (tmp_path / "run" / CHECKPOINT).read_bytes()
    again = trainer(TRAIN, patches, tmp_path / "run")
    assert again.step == TRAIN.steps
    assert again.run() == best
    assert (tmp_path / "run" / CHECKPOINT).read_bytes() == weights


def test_the_last_step_is_kept_even_where_no_validation_was_due(tmp_path, patches):
    stage = trainer(change(steps=3, validate_every=100), patches, tmp_path / "run")
    stage.run()
    other = trainer(TRAIN, patches, tmp_path / "other")
    progress = load_checkpoint(tmp_path / "run" / CHECKPOINT, other.parts)
    assert (progress["step"], progress["best"]) == (3, stage.best)


def test_scores_of_other_pictures_are_not_compared(tmp_path, patches, monkeypatch):
    """The photographs held out may change between two runs, and be harder."""
    easy = trainer(TRAIN, patches, tmp_path / "run").run()
    rng = np.random.default_rng(3)
    harder = [(low, rng.integers(0, 256, high.shape, np.uint8)) for low, high in patches.validation]
    monkeypatch.setattr(patches, "validation", harder)
    weights = (tmp_path / "run" / BEST).read_bytes()
    assert trainer(TRAIN, patches, tmp_path / "run").run() < easy - 3  # judged again, though nothing is to do
    assert (tmp_path / "run" / BEST).read_bytes() == weights


def test_a_worse_network_does_not_replace_the_best(tmp_path, patches):
    best = trainer(TRAIN, patches, tmp_path / "run").run()
    weights = (tmp_path / "run" / BEST).read_bytes()
    longer = change(steps=12, learning_rate=10.0, warmup_steps=1, ema_decay=0.0, clip_norm=1e6)
    stage = trainer(longer, patches, tmp_path / "run")
    assert stage.run() == best
    assert score_of(stage) < best
    assert (tmp_path / "run" / BEST).read_bytes() == weights


def test_a_loss_that_is_no_number_is_one_line(tmp_path, patches):
    stage = trainer(TRAIN, patches, tmp_path / "run")
    with torch.no_grad():
        stage.network.trunk.bias.fill_(math.nan)
    with pytest.raises(InputError, match="step 4: the pixels loss is nan; lower learning_rate"):
        stage.run()
    assert not (tmp_path / "run" / BEST).exists()


def test_going_on_with_another_network_is_one_line(tmp_path, patches):
    trainer(change(steps=1), patches, tmp_path / "run").run()
    with pytest.raises(InputError, match="not a checkpoint of this recipe"):
        trainer(TRAIN, patches, tmp_path / "run", network="edgesrgan")


def test_an_unknown_network_is_one_line(tmp_path, patches):
    with pytest.raises(InputError, match="network: expected one of"):
        trainer(TRAIN, patches, tmp_path / "run", network="resnet")


def test_the_learning_rate_warms_up_and_falls_as_half_a_cosine():
    recipe = change(steps=110, warmup_steps=10, learning_rate=0.8)
    rates = [recipe.learning_rate(step) for step in (0, 4, 9, 10, 35, 60, 110)]
    assert rates == pytest.approx([0.08, 0.4, 0.8, 0.8, 0.4 * (1 + math.sqrt(0.5)), 0.4, 0.0], abs=1e-12)


def test_the_learning_rate_of_a_run_that_is_all_warm_up():
    recipe = change(steps=5, warmup_steps=10, learning_rate=0.5)
    assert [recipe.learning_rate(step) for step in range(5)] == pytest.approx([0.05, 0.1, 0.15, 0.2, 0.25])


def test_upscaling_by_a_network_rounds_and_clips():
    network = create_network("edgesrgan_tiny", 2)
    rgb = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    with torch.no_grad():
        network.up[2].weight *= 50
        exact = network(torch.from_numpy(rgb).permute(2, 0, 1)[None].float())[0].permute(1, 2, 0).numpy()
    enlarged = upscale(network, rgb)
    assert (enlarged.shape, enlarged.dtype) == ((10, 14, 3), np.uint8)
    np.testing.assert_array_equal(enlarged, np.rint(exact).clip(0, 255))


def test_phases_follow_one_another():
    phases = (
        Phase(steps=10, learning_rate=0.4, shape="constant"),
        Phase(steps=20, learning_rate=0.2),
        Phase(steps=10, learning_rate=0.1),
    )
    recipe = change(schedule=phases, warmup_steps=2)
    assert recipe.steps == 40
    rates = [recipe.learning_rate(step) for step in (0, 1, 9, 10, 20, 30, 35, 40)]
    assert rates == pytest.approx([0.2, 0.4, 0.4, 0.2, 0.1, 0.1, 0.05, 0.0], abs=1e-12)


@pytest.fixture
def vgg16(tmp_path):
    """VGG16 with random weights, in the file that training reads."""
    network = Vgg16(2)
    arrays = {
        f"conv{index}.{key}": value.numpy()
        for index, convolution in enumerate(network.convolutions)
        for key, value in convolution.state_dict().items()
    }
    heads = {
        f"lin{index}.weight": np.full((1, size, 1, 1), 0.1, np.float32) for index, size in ((0, 64), (1, 128))
    }
    path = tmp_path / "vgg16.npz"
    np.savez(path, **arrays, **heads)
    return path


def adversarial(**entries):
    return change(
        terms=(
            PixelRecipe(),
            PerceptualRecipe(group=2, distance="lpips"),
            AdversarialRecipe(discriminator="patch", weight=0.01),
        ),
        **entries,
    )


@pytest.mark.parametrize("discriminator", ["patch", "edgesrgan", "edgesrgan_tiny"])
@pytest.mark.parametrize("distance", ["lpips", "features"])
def test_the_adversarial_stage_trains_both_networks(tmp_path, patches, vgg16, discriminator, distance):
    recipe = change(
        steps=2,
        validate_every=1,
        terms=(
            PixelRecipe(),
            PerceptualRecipe(group=2, distance=distance),
            AdversarialRecipe(discriminator=discriminator),
        ),
    )
    stage = trainer(recipe, patches, tmp_path / "run", vgg16)
    before = {
        key: value.clone() for key, value in stage.terms["adversarial"].discriminator.state_dict().items()
    }
    generator = stage.network.trunk.weight.clone()
    stage.run()
    assert not torch.equal(generator, stage.network.trunk.weight)
    changed = stage.terms["adversarial"].discriminator.state_dict()
    assert all(not torch.equal(before[key], changed[key]) for key in before if key.endswith("bias"))
    log = EventAccumulator(str(tmp_path / "run")).Reload()
    assert {"loss/pixels", "loss/perceptual", "loss/adversarial", "loss/discriminator"} <= set(
        log.Tags()["scalars"]
    )


@pytest.mark.usefixtures("one_thread")
def test_an_interrupted_adversarial_stage_ends_like_an_unbroken_one(tmp_path, patches, vgg16):
    unbroken = trainer(adversarial(), patches, tmp_path / "unbroken", vgg16)
    unbroken.run()
    for steps in (4, 8):
        recipe = adversarial(schedule=(Phase(steps=steps, learning_rate=1e-3, shape="constant"),))
        resumed = trainer(recipe, patches, tmp_path / "broken", vgg16)
        resumed.run()
    constant = adversarial(schedule=(Phase(steps=8, learning_rate=1e-3, shape="constant"),))
    whole = trainer(constant, patches, tmp_path / "whole", vgg16)
    whole.run()
    assert same(resumed.network, whole.network)
    assert same(resumed.terms["adversarial"], whole.terms["adversarial"])
    assert not same(resumed.network, unbroken.network)  # that one followed another schedule


def test_each_validation_leaves_a_sheet_of_samples(tmp_path, patches):
    trainer(TRAIN, patches, tmp_path / "run").run()
    sheets = sorted((tmp_path / "run" / "samples").glob("*.webp"))
    assert [sheet.stem for sheet in sheets] == ["step_000004", "step_000008"]
    heights = sum(high.shape[0] for _, high in patches.validation)
    widths = 3 * min(high.shape[1] for _, high in patches.validation)
    assert read_image(sheets[0]).shape == (heights, widths, 3)


def test_it_starts_from_the_weights_of_another_recipe(tmp_path, patches):
    trainer(TRAIN, patches, tmp_path / "first").run()
    stage = trainer(TRAIN, patches, tmp_path / "second", start=tmp_path / "first" / BEST)
    assert {key: value.tolist() for key, value in load_file(tmp_path / "first" / BEST).items()} == {
        key: value.tolist() for key, value in stage.network.state_dict().items()
    }


def test_a_student_comes_nearer_to_its_teacher(tmp_path, patches):
    trainer(change(steps=2), patches, tmp_path / "teacher", network="edgesrgan").run()
    recipe = change(steps=40, terms=(DistillationRecipe(teacher="teacher", output_weight=0.1),))
    stage = trainer(recipe, patches, tmp_path / "student")
    low = to_tensor(np.array(patches.low), stage.device)

    def distance():
        with torch.no_grad():
            output = stage.network(low)
            batch = Batch(low, output, output, stage._taps.take(), 0)
            return stage.terms["distillation"](batch).item()

    before = distance()
    stage.run()
    assert distance() < 0.7 * before


def test_missing_weights_are_one_line(tmp_path, patches):
    with pytest.raises(InputError, match=r"absent/best.safetensors: no trained weights; run"):
        trainer(change(terms=(DistillationRecipe(teacher="absent"),)), patches, tmp_path / "run")
    with pytest.raises(InputError, match="export_perceptual"):
        trainer(adversarial(), patches, tmp_path / "run", tmp_path / "absent.npz")
    with pytest.raises(InputError, match=r"perceptual/vgg16.npz: no weights of a perceptual network"):
        trainer(adversarial(), patches, tmp_path / "run")


def small_srgan():
    return SRGANSpec(scale=SCALE, blocks=1, features=8)


def test_a_network_with_batch_norm_ships_what_was_validated(tmp_path, patches, monkeypatch):
    """Its running statistics are averaged too, and are what validation uses."""
    monkeypatch.setitem(NETWORKS, "small", small_srgan())
    stage = trainer(change(steps=40, validate_every=40), patches, tmp_path / "run", network="small")
    best = stage.run()
    validation = Validation("psnr_y", SCALE, patches.validation, tmp_path / "apart")
    assert validation.goodness_of(load_network(tmp_path / "run" / BEST)) == pytest.approx(best, abs=1e-9)
    norm, trained = (network.blocks[0].body[1] for network in (stage.average, stage.network))
    assert norm.num_batches_tracked == 40
    assert (norm.running_mean - trained.running_mean).norm() < 0.5 * trained.running_mean.norm()  # began at 0


def test_validation_leaves_batch_norm_as_it_is(tmp_path, patches, monkeypatch):
    monkeypatch.setitem(NETWORKS, "small", small_srgan())
    stage = trainer(TRAIN, patches, tmp_path / "run", network="small")
    before = {key: value.clone() for key, value in stage.average.state_dict().items()}
    score_of(stage)
    assert all(torch.equal(before[key], value) for key, value in stage.average.state_dict().items())


def test_gradients_are_clipped(tmp_path, patches):
    """Adam's first step is as long whatever the gradients: seen is what reaches it."""
    norms = {}
    for clip in (1e-3, 1e3):
        stage = trainer(change(clip_norm=clip), patches, tmp_path / str(clip))
        stage._forward = stage.network
        stage._train_step()
        gradients = [value.grad.flatten() for value in stage.network.parameters()]
        norms[clip] = torch.cat(gradients).norm().item()
    assert norms[1e-3] == pytest.approx(1e-3, rel=1e-3)
    assert 1e-3 < norms[1e3] < 1e3  # as they come


def test_a_discriminators_gradients_are_clipped_too(tmp_path, patches, vgg16):
    stage = trainer(adversarial(clip_norm=1e-3), patches, tmp_path / "run", vgg16)
    stage._forward = stage.network
    stage._train_step()
    gradients = [value.grad.flatten() for value in stage.terms["adversarial"].parameters()]
    assert torch.cat(gradients).norm().item() == pytest.approx(1e-3, rel=1e-3)


def test_the_average_forgets_the_start_quickly_at_first(tmp_path, patches, monkeypatch):
    """After n steps it moves by 1 - (1 + n) / (10 + n), up to the decay; batch norm's buffers too."""
    monkeypatch.setitem(NETWORKS, "small", small_srgan())
    stage = trainer(change(ema_decay=0.25), patches, tmp_path / "run", network="small")
    stage._forward = stage.network
    for decay in (1 / 10, 2 / 11, 3 / 12, 0.25, 0.25):
        before = {key: value.clone() for key, value in stage.average.state_dict().items()}
        stage._train_step()
        stage.step += 1
        for key, value in stage.network.state_dict().items():
            if value.is_floating_point():
                expected = torch.lerp(value, before[key], decay)
                torch.testing.assert_close(stage.average.state_dict()[key], expected, msg=key)
    for key in ("up.0.weight", "trunk.1.running_mean"):
        apart = stage.average.state_dict()[key] - stage.network.state_dict()[key]
        assert apart.abs().max() > 1e-5


def test_a_term_counts_in_its_phases(tmp_path, patches):
    train = change(
        schedule=(Phase(steps=2, learning_rate=1e-3), Phase(steps=2, learning_rate=1e-3)),
        terms=(PixelRecipe(phases=(1,)), PixelRecipe(distance="l2", weight=0.5, phases=(2,))),
        validate_every=1,
    )
    trainer(train, patches, tmp_path / "run").run()
    log = EventAccumulator(str(tmp_path / "run")).Reload()
    assert [event.step for event in log.Scalars("loss/pixels")] == [1, 2]
    assert [event.step for event in log.Scalars("loss/pixels_2")] == [3, 4]


class GainRecipe(TermRecipe, tag="gain"):
    """A new loss needs no more than this: a recipe and a term in one file."""

    def make(self, setting):
        return Gain(setting.network.spec.landmarks[0])


class Gain(Term):
    """Learns by what the features of the first block are best multiplied to look like the output."""

    def __init__(self, landmark):
        super().__init__()
        self.features = (landmark,)
        self.gain = torch.nn.Parameter(torch.ones(()))

    def forward(self, batch):
        seen = batch.features[self.features[0]].mean((1, 2, 3))
        return (self.gain * seen - batch.output.mean((1, 2, 3)) / 255).square().mean()


@pytest.mark.usefixtures("one_thread")
def test_a_terms_parameters_train_along_and_are_in_the_checkpoint(tmp_path, patches):
    constant = (Phase(steps=4, learning_rate=1e-2, shape="constant"),)
    first = change(schedule=constant, terms=(PixelRecipe(), GainRecipe()))
    stage = trainer(first, patches, tmp_path / "run")
    assert stage.terms["gain"].features == ("blocks.0",)
    stage.run()
    assert stage.terms["gain"].gain.item() != 1
    resumed = trainer(first, patches, tmp_path / "run")
    assert resumed.terms["gain"].gain.item() == stage.terms["gain"].gain.item()
    assert "gain" not in load_file(tmp_path / "run" / BEST)


def test_features_of_no_submodule_are_one_line(tmp_path, patches):
    with pytest.raises(InputError, match=r"features: EdgeSRGAN has no submodule 'blocks\.9'"):
        Taps(trainer(TRAIN, patches, tmp_path / "run").network, ["blocks.9"])


class Sixteenths:
    """A converter: while it trains, the trunk's weights are seen rounded to sixteenths."""

    def __init__(self):
        self.steps = []

    def convert(self, network):
        parametrize.register_parametrization(network.trunk, "weight", _Rounded())
        return network

    def after_step(self, step):
        self.steps.append(step)

    def finish(self, network):
        plain = network.spec.build()
        values = {
            name: getattr(network.get_submodule(name.rpartition(".")[0]), name.rpartition(".")[2])
            for name in plain.state_dict()
        }
        plain.load_state_dict(values)
        return plain


class _Rounded(torch.nn.Module):
    def forward(self, weight):
        return weight + ((weight * 16).round() / 16 - weight).detach()


def test_a_converter_acts_while_it_trains_and_leaves_plain_weights(tmp_path, patches):
    converter = Sixteenths()

    class Rounding(Train, tag="rounding"):
        def converters(self, run):  # noqa: ARG002
            return (converter,)

    train = Rounding(**{name: getattr(TRAIN, name) for name in TRAIN.__struct_fields__})
    stage = trainer(train, patches, tmp_path / "run")
    stage.run()
    assert converter.steps == list(range(8))
    weight = load_network(tmp_path / "run" / BEST).trunk.weight
    assert (weight * 16 - (weight * 16).round()).abs().max() < 1e-5
    assert parametrize.is_parametrized(stage.network.trunk)  # it could go on
    assert trainer(train, patches, tmp_path / "run").step == 8


def test_weights_say_what_they_are(tmp_path, patches):
    trainer(TRAIN, patches, tmp_path / "run").run()
    facts = read_facts(tmp_path / "run" / BEST)
    assert facts.spec == find_spec("edgesrgan_tiny", SCALE)
    assert (facts.recipe, facts.degradation, facts.steps) == ("mine", "bicubic", 8)


@pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs a C++ compiler: no g++ here")
@pytest.mark.filterwarnings("default")  # torch's own
def test_a_compiled_network_trains_like_another(tmp_path, patches):
    """Terms see its features as well."""
    trainer(change(steps=2), patches, tmp_path / "teacher", network="edgesrgan").run()
    losses = []
    for compiled in (False, True):
        terms = (PixelRecipe(), DistillationRecipe(teacher="teacher"))
        stage = trainer(change(steps=3, terms=terms, compile=compiled), patches, tmp_path / str(compiled))
        stage.run()
        losses.append(loss_of(stage, patches))
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
