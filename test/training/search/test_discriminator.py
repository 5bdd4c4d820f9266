"""The search for a discriminator: one generator, from the same weights, against each of them."""

import msgspec
import pytest

pytest.importorskip("torch", reason="candidates are torch modules: requirements/train.txt")
pytest.importorskip("safetensors", reason="trials start from weights: requirements/train.txt")
pytest.importorskip("tensorboard", reason="trials are trained: requirements/train.txt")
pytest.importorskip("optuna", reason="trials are Optuna's: requirements/train.txt")

from msgspec.structs import replace
from safetensors.torch import load_file

from edgesr_ros.errors import InputError
from edgesr_ros.networks import find_spec
from edgesr_ros.networks.layered_discriminator import PATCH
from edgesr_ros.training.patches import PatchRecipe
from edgesr_ros.training.search.budget import Budget
from edgesr_ros.training.search.discriminator import DiscriminatorSearch
from edgesr_ros.training.search.results import SearchResult
from edgesr_ros.training.search.worker import Setting, work
from edgesr_ros.training.steps.train import Phase, Train
from edgesr_ros.training.terms.adversarial import AdversarialRecipe
from edgesr_ros.training.terms.pixels import PixelRecipe
from edgesr_ros.training.weights import Facts, read_facts, save_network

TRAIN = Train(
    schedule=(Phase(steps=2, learning_rate=1e-3),),
    terms=(PixelRecipe(),),
    warmup_steps=1,
    batch=2,
    bf16=False,
)
SEARCH = DiscriminatorSearch(
    network="tpsr",
    scale=2,
    start="first",
    train=TRAIN,
    trials=1,
    sampler="random",
    seeds=(0, 1),
    include=(PATCH,),
    patches=PatchRecipe(size=16, stride=16, validation_every=3),
)


def test_the_space_holds_patch_and_costs_are_what_layers_cost():
    chosen = SEARCH.chosen(PATCH)
    assert chosen.keys() == SEARCH.choices.keys()
    assert SEARCH.text(chosen) == PATCH
    cost = SEARCH.cost("8k3s1 16k4s2n 8k3s1 patch")
    layers = [
        (8, 27, 1),
        (16, 8 * 16, 4),
        (8, 16 * 9, 4),
        (1, 8 * 9, 4),
    ]  # inputs of a value, pixels for each
    assert cost.parameters == sum(width * (inputs + 1) for width, inputs, _ in layers)
    assert cost.macs_per_pixel == sum(width * inputs // share for width, inputs, share in layers)
    with pytest.raises(InputError, match=r"include: width_0 20 of '20k3s1 8k.* is not in the space"):
        SEARCH.chosen("20k3s1 8k3s1 8k3s1 patch")


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (
            {"train": replace(TRAIN, terms=(AdversarialRecipe(discriminator="patch"),))},
            "train: expected no adv",
        ),
        ({"budget": Budget(ms=3.0)}, "budget: ms is of generators"),
    ],
)
def test_what_contradicts_itself_is_refused(entries, message):
    with pytest.raises(ValueError, match=message):
        replace(SEARCH, **entries)


def test_what_is_too_large_is_refused_without_being_made():
    large = SEARCH.chosen(PATCH) | {"head": "dense256", **{f"stride_{n}": 1 for n in range(4)}}
    search = replace(SEARCH, patches=PatchRecipe(size=512), budget=Budget(parameters=1_000_000))
    problem = search.budget.problem(search.cost(search.text(large)))
    assert problem == "parameters 8,523,269,825, more than 1,000,000"


@pytest.mark.usefixtures("one_thread")
def test_each_trial_trains_the_same_weights_with_each_seed(tmp_path, photographs):
    data, spec = photographs((32, 40), (40, 40), (48, 36), (40, 32)), find_spec("tpsr", 2)
    first = tmp_path / "work" / "first" / "best.safetensors"
    save_network(first, spec.build(), Facts(spec=spec, recipe="first", degradation="bicubic", steps=3))
    setting = Setting("mine", SEARCH, data, tmp_path / "work")
    work(setting)
    result = msgspec.json.decode((setting.folder / "search.json").read_bytes(), type=SearchResult)
    assert [row.state for row in result.trials] == ["complete"]
    assert (result.trials[0].candidate, result.reference) == (PATCH, PATCH)
    checkpoints = [
        setting.folder / "trials" / "0000" / f"seed_{s}" / "checkpoint.safetensors" for s in (0, 1)
    ]
    one, other = (load_file(path) for path in checkpoints)
    assert not one["network.head.weight"].equal(other["network.head.weight"])
    assert any("adversarial.discriminator.layers." in name for name in one)
    facts = read_facts(checkpoints[1].with_name("best.safetensors"))
    assert "128k3s1n patch" in (setting.folder / "search.html").read_text()
    assert (facts.seed, list(facts.parents)) == (1, ["first/best.safetensors"])

    save_network(first, spec.build(), Facts(spec=spec, recipe="first", degradation="bicubic", steps=4))
    with pytest.raises(InputError, match="was begun with other weights; remove it, or give"):
        work(replace_search(setting, trials=2))
    with pytest.raises(InputError, match=r"best\.safetensors: no trained weights; run `edgesr train second`"):
        work(replace_search(setting, start="second"))
    with pytest.raises(
        InputError, match="tpsr at scale 2 with a cell or widths of its own, but of tpsr at scale 2"
    ):
        cell = replace_search(setting, cell="c3<-1")
        work(cell._replace(name="other"))


def replace_search(setting, **entries):
    return setting._replace(search=replace(setting.search, **entries))
