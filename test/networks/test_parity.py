"""Our definitions against what the authors' modules put out, with weights made by formula.

neighbours_parity.json has the names and shapes of the authors' tensors, neighbours_parity.npz their pictures.
None of their weights is needed: each tensor is random by a seed that is its name.
"""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks are torch modules: requirements/train.txt")

from msgspec.structs import replace  # noqa: E402

from edgesr_ros.networks import count_parameters, find_spec  # noqa: E402

_FILE = Path(__file__).with_name("neighbours_parity.npz")
_SHAPES = json.loads(_FILE.with_suffix(".json").read_text())
# Stored, but no part of the function: mean colours, which are constants, and slopes that are never used.
_NOT_OURS = ("mean.", "block2.act.", "convblock.act.")
_PUBLISHED_ORDER = (0, 1, 2, 3, 2, 3, 2, 3)


def by_formula(key: str, shape: list[int]) -> torch.Tensor:
    noise = np.random.default_rng(zlib.crc32(key.encode())).standard_normal(shape)
    value = torch.from_numpy(np.asarray(noise, np.float32))
    if key.endswith("num_batches_tracked"):
        return torch.tensor(1)
    if key.endswith("running_var"):
        return 0.5 + value.abs()
    if key.endswith("complex_weight"):
        return value * 0.5 / shape[1] ** 0.5
    if len(shape) == 4:
        gain = 0.1 if key == "final_conv.pointwise.weight" else 1.0
        return value * gain / np.prod(shape[1:]) ** 0.5
    if len(shape) == 1 and key.endswith("weight"):
        return 1 + 0.1 * value if ".bn." in key else 0.25 + 0.05 * value
    return 0.1 * value


def as_ours(key: str, value: torch.Tensor) -> torch.Tensor:
    if not key.endswith("complex_weight"):
        return value
    # The authors shift the spectrum over all axes: space cancels, the channels' half a turn does not.
    real, imaginary = value.roll((value.shape[0] // 2, value.shape[1] // 2), (0, 1)).unbind(-1)
    return torch.cat((real, imaginary), dim=1)


def with_formula_weights(name: str) -> torch.nn.Module:
    family, _, scale = name.rpartition("_x")
    spec = find_spec(family, int(scale))
    network = (replace(spec, order=_PUBLISHED_ORDER) if family == "f2srgan_student" else spec).build()
    ours = network.state_dict()
    theirs = {key: shape for key, shape in _SHAPES[name].items() if not any(no in key for no in _NOT_OURS)}
    # Both list their layers in the order in which they run.
    values = [as_ours(key, by_formula(key, shape)) for key, shape in theirs.items()]
    network.load_state_dict(dict(zip(ours, values, strict=True)))
    return network.eval()


@pytest.mark.parametrize("name", _SHAPES)
@torch.no_grad()
def test_pictures_are_those_of_the_authors_modules(name):
    network = with_formula_weights(name)
    for height, width in ((12, 16), (13, 19)):
        picture = np.random.default_rng((height, width)).integers(0, 256, (1, 3, height, width))
        expected = np.load(_FILE)[f"{name}_{height}x{width}"]
        assert np.ptp(expected) > 100  # or agreement would mean little
        enlarged = network(torch.from_numpy(picture).float()).numpy()
        assert np.abs(enlarged - expected).max() <= 2e-4, (height, width)


@pytest.mark.parametrize(
    ("name", "scale", "parameters"),
    [
        ("tpsr", 4, 61_097),
        ("tpsr", 2, 60_761),
        ("swiftsrgan", 4, 200_121),
        ("swiftsrgan", 2, 182_777),
        ("f2srgan", 4, 202_209),
        ("f2srgan", 2, 184_865),
        ("f2srgan_student", 4, 113_121),
    ],
)
def test_as_many_parameters_as_published(name, scale, parameters):
    assert count_parameters(find_spec(name, scale).build()) == parameters


def test_the_published_student_has_weights_that_never_run():
    student = replace(find_spec("f2srgan_student", 4), order=_PUBLISHED_ORDER)
    network, run = student.build(), set()
    for number, block in enumerate(network.blocks):
        block.register_forward_hook(lambda *_, number=number: run.add(number))
    network(torch.zeros(1, 3, 4, 4))
    assert run == {0, 1, 2, 3}
    assert count_parameters(replace(student, blocks=4).build()) == 74_465
