"""Files of weights say what they are, and are believed only so far."""

import json

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: requirements/train.txt")
pytest.importorskip("safetensors", reason="weights are safetensors: requirements/train.txt")

from safetensors import safe_open  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

from edgesr_ros.errors import InputError  # noqa: E402
from edgesr_ros.networks import find_spec  # noqa: E402
from edgesr_ros.networks.edgesrgan import EdgeSRGANSpec  # noqa: E402
from edgesr_ros.training.weights import (  # noqa: E402
    BEST,
    Facts,
    load_network,
    read_facts,
    save_network,
    trained,
)

SPEC = EdgeSRGANSpec(scale=2, blocks=2, features=8, widths=(4, 8))
FACTS = Facts(
    spec=SPEC,
    recipe="mine",
    degradation="link",
    steps=5,
    mixed=("0.3 parts of other/best.safetensors",),
    parents={"other/best.safetensors": "ab" * 32},
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "mine" / BEST


def same(a, b):
    return all(torch.equal(a.state_dict()[key], b.state_dict()[key]) for key in a.state_dict())


def test_the_file_alone_is_enough(path):
    network = SPEC.build()
    save_network(path, network, FACTS)
    loaded = load_network(path)
    assert same(network, loaded)
    assert loaded.spec == SPEC
    assert not loaded.training
    assert not any(value.requires_grad for value in loaded.parameters())
    assert read_facts(path) == FACTS
    assert list(path.parent.iterdir()) == [path]


def test_the_network_says_what_it_is_and_not_the_facts(path):
    """Pruning changes a network and its spec."""
    save_network(
        path,
        SPEC.build(),
        Facts(**{**{k: getattr(FACTS, k) for k in FACTS.__struct_fields__}, "spec": find_spec("srgan", 4)}),
    )
    assert read_facts(path).spec == SPEC


def test_a_file_that_says_nothing_needs_a_spec(path):
    """As older versions wrote them."""
    path.parent.mkdir()
    network = SPEC.build()
    save_file(network.state_dict(), path)
    assert read_facts(path) is None
    assert same(load_network(path, SPEC), network)
    with pytest.raises(InputError, match="does not say what network it is of"):
        load_network(path)


def test_another_network_than_was_asked_for_is_one_line(path):
    save_network(path, SPEC.build(), FACTS)
    with pytest.raises(
        InputError, match=r"not weights of edgesrgan_tiny at scale 4, but of edgesrgan at scale 2"
    ):
        load_network(path, find_spec("edgesrgan_tiny", 4))


@pytest.mark.parametrize(
    "said",
    [
        "no JSON",
        "{}",
        json.dumps({"spec": {"kind": "resnet"}, "recipe": "a", "degradation": "link", "steps": 1}),
    ],
)
def test_a_file_that_says_nonsense_is_one_line(path, said):
    path.parent.mkdir()
    save_file(SPEC.build().state_dict(), path, {"edgesr_ros": said})
    with pytest.raises(InputError, match="what it says of itself") as error:
        load_network(path)
    assert "\n" not in str(error.value)


def test_tensors_of_another_network_than_it_says_are_one_line(path):
    path.parent.mkdir()
    save_network(path, SPEC.build(), FACTS)
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    save_file(find_spec("edgesrgan_tiny", 2).build().state_dict(), path, metadata)
    with pytest.raises(InputError, match="not weights of edgesrgan at scale 2") as error:
        load_network(path)
    assert "\n" not in str(error.value)


def test_weights_of_a_recipe_and_of_its_later_steps_by_name(tmp_path):
    for name in ("mine", "mine/2_blend"):
        (tmp_path / name).mkdir()
        (tmp_path / name / BEST).touch()
        assert trained(tmp_path, name) == tmp_path / name / BEST
    with pytest.raises(
        InputError, match=r"mine/3_train/best\.safetensors: no trained weights; run `edgesr train mine`"
    ):
        trained(tmp_path, "mine/3_train")
