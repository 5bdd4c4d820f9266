import copy
import math

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: requirements/train.txt")
pytest.importorskip("safetensors", reason="checkpoints are safetensors: requirements/train.txt")

from safetensors.torch import save_file  # noqa: E402

from edgesr_ros.errors import InputError  # noqa: E402
from edgesr_ros.networks import create_network  # noqa: E402
from edgesr_ros.training.checkpoint import load_checkpoint, save_checkpoint  # noqa: E402

PROGRESS = {"step": 3.0, "best": 27.125}


def create(name="edgesrgan_tiny", scale=2, seed=0):
    torch.manual_seed(seed)
    network = create_network(name, scale)
    average = copy.deepcopy(network).requires_grad_(False)
    return network, average, torch.optim.Adam(network.parameters(), lr=1e-3)


def parts(run):
    return dict(zip(("network", "average", "optimizer"), run, strict=True))


def train(network, average, optimizer, steps, seed):
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        optimizer.zero_grad()
        network(255 * torch.rand((1, 3, 6, 6), generator=generator)).mean().backward()
        optimizer.step()
        with torch.no_grad():
            for slow, fast in zip(average.parameters(), network.parameters(), strict=True):
                slow.lerp_(fast, 0.1)


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checkpoint.safetensors"


def test_everything_comes_back_exactly_and_training_goes_on_as_if_nothing_was(path):
    run = create()
    train(*run, steps=3, seed=1)
    save_checkpoint(path, parts(run), PROGRESS)
    resumed = create(seed=5)
    assert not same(resumed[0].state_dict(), run[0].state_dict())
    assert load_checkpoint(path, parts(resumed)) == PROGRESS
    for steps in (0, 2):
        train(*run, steps=steps, seed=2)
        train(*resumed, steps=steps, seed=2)
        assert same(resumed[0].state_dict(), run[0].state_dict())
        assert same(resumed[1].state_dict(), run[1].state_dict())
        states = run[2].state_dict()["state"], resumed[2].state_dict()["state"]
        assert states[0].keys() == states[1].keys()
        assert all(same(states[0][index], states[1][index]) for index in states[0])
    assert not same(run[0].state_dict(), run[1].state_dict())


def test_before_the_first_step_too(path):
    run = create()
    save_checkpoint(path, parts(run), {"step": 0, "best": -math.inf})
    resumed = create(seed=5)
    assert load_checkpoint(path, parts(resumed)) == {"step": 0, "best": -math.inf}
    assert same(resumed[0].state_dict(), run[0].state_dict())
    assert resumed[2].state_dict()["state"] == {}


def test_nothing_but_the_checkpoint_is_left(path):
    save_checkpoint(path, parts(create()), PROGRESS)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(("name", "scale"), [("edgesrgan", 2), ("edgesrgan_tiny", 4)])
def test_another_network_is_one_line(path, name, scale):
    save_checkpoint(path, parts(create()), PROGRESS)
    with pytest.raises(InputError) as error:
        load_checkpoint(path, parts(create(name, scale)))
    assert str(error.value).startswith(f"{path}: not a checkpoint of this recipe")
    assert "\n" not in str(error.value)


def weights_alone(path):
    save_file(create()[0].state_dict(), path)


def without_average(path):
    tensors = {f"network.{key}": value for key, value in create()[0].state_dict().items()}
    save_file(tensors, path, metadata={"progress": "{}"})


def cut_short(path):
    save_checkpoint(path, parts(create()), PROGRESS)
    path.write_bytes(path.read_bytes()[:-100])


def no_progress(path):
    save_file({"a": torch.zeros(1)}, path, metadata={"progress": "not JSON"})


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_text("no checkpoint"),
        lambda path: path.touch(),
        weights_alone,
        without_average,
        cut_short,
        no_progress,
    ],
)
def test_what_is_no_checkpoint_is_one_line(path, write):
    write(path)
    with pytest.raises(InputError) as error:
        load_checkpoint(path, parts(create()))
    assert str(error.value).startswith(f"{path}: not a checkpoint of this recipe")
    assert "\n" not in str(error.value)
