"""Discriminators as text: two that are known otherwise are such ones, and what is none is one line."""

import pytest

torch = pytest.importorskip("torch", reason="the networks are torch modules: requirements/train.txt")

from torch import nn  # noqa: E402
from torch.nn.utils.parametrizations import spectral_norm  # noqa: E402

from edgesr_ros.errors import InputError  # noqa: E402
from edgesr_ros.networks import count_parameters  # noqa: E402
from edgesr_ros.networks.discriminators import DISCRIMINATORS  # noqa: E402
from edgesr_ros.networks.layered_discriminator import PATCH, LayeredDiscriminator, parse  # noqa: E402

TINY = "32k3s2 64k3s2b 128k3s2b 256k3s2b dense256"


class WrittenOut(nn.Module):
    """What `patch` is, layer by layer; files of trainings have these names."""

    def __init__(self):
        super().__init__()
        sizes = (3, 32, 3, 1), (32, 64, 4, 2), (64, 128, 4, 2), (128, 128, 3, 1), (128, 1, 3, 1)
        layers = [(spectral_norm(nn.Conv2d(*size, padding=1)), nn.LeakyReLU(0.2)) for size in sizes]
        self.layers = nn.Sequential(*[layer for pair in layers for layer in pair][:-1])

    def forward(self, x):
        return self.layers(x / 127.5 - 1)


def test_patch_has_the_names_and_the_first_weights_that_it_always_had():
    torch.manual_seed(0)
    written = WrittenOut().state_dict()
    torch.manual_seed(0)
    made = DISCRIMINATORS["patch"](32).state_dict()
    assert list(made) == list(written)
    assert all(torch.equal(made[name], written[name]) for name in written)


KNOWN = {"patch": lambda _size: WrittenOut(), "edgesrgan_tiny": DISCRIMINATORS["edgesrgan_tiny"]}


@pytest.mark.parametrize(("name", "text"), [("patch", PATCH), ("edgesrgan_tiny", TINY)])
@torch.no_grad()
def test_known_ones_are_points_of_the_space_to_the_last_bit(name, text):
    torch.manual_seed(0)
    known, layered = KNOWN[name](32).eval(), LayeredDiscriminator(text, 32).eval()
    theirs, ours = known.state_dict(), layered.state_dict()
    assert [value.shape for value in theirs.values()] == [value.shape for value in ours.values()]
    layered.load_state_dict(dict(zip(ours, theirs.values(), strict=True)))
    pictures = 255 * torch.rand(2, 3, 32, 32)
    assert torch.equal(layered(pictures), known(pictures))


def test_heads_and_layers():
    pooled = LayeredDiscriminator("8k4s2b pool64", 10)
    assert count_parameters(pooled) == (8 * 48 + 8) + 16 + (8 * 64 + 64) + 65
    assert pooled(torch.zeros(2, 3, 10, 10)).shape == (2, 1)
    dense = LayeredDiscriminator("8k4s2 8k4s1 dense64", 10)  # 5, then 4 pixels
    assert count_parameters(dense) == (8 * 48 + 8) + (64 * 16 + 8) + (8 * 16 * 64 + 64) + 65
    assert LayeredDiscriminator("8k4s2 8k3s2 patch", 10)(torch.zeros(2, 3, 10, 10)).shape == (2, 1, 3, 3)
    assert " ".join(map(str, (*parse(TINY)[0], parse(TINY)[1]))) == TINY


@pytest.mark.parametrize(
    "text", ["", "patch", "8k5s1 patch", "8k3s1", "8k3s1 pool", "8k3s1 patch64", "8k3s1 " * 9]
)
def test_what_is_none_is_one_line(text):
    with pytest.raises(InputError, match=r"discriminator: expected 1 to 8 layers such as 64k4s2, .* got "):
        LayeredDiscriminator(text, 32)


def test_patches_may_be_too_small():
    with pytest.raises(InputError, match="discriminator: the patches are too small for 8k4s2 8k4s2 8k"):
        LayeredDiscriminator("8k4s2 8k4s2 8k4s2 patch", 4)
