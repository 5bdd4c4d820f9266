"""How large the neighbours are; what they make of pictures, `test/training/importing` compares."""

import pytest

torch = pytest.importorskip("torch", reason="the networks are torch modules: requirements/train.txt")

from msgspec.structs import replace  # noqa: E402

from edgesr_ros.networks import count_parameters, find_spec  # noqa: E402

_PUBLISHED_ORDER = (0, 1, 2, 3, 2, 3, 2, 3)


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
