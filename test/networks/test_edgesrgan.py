"""The generators against section 3.1 of arXiv 2209.03355."""

import pytest

torch = pytest.importorskip("torch", reason="the networks are torch modules: requirements/train.txt")

from torch import nn  # noqa: E402

from edgesr_ros.errors import InputError  # noqa: E402
from edgesr_ros.networks import count_parameters, create_network  # noqa: E402


def noise(*shape):
    return 255 * torch.rand(shape, generator=torch.Generator().manual_seed(1))


def kinds(network):
    return [type(module) for module in network.modules()]


@pytest.mark.parametrize(
    ("name", "blocks", "features", "parameters"),
    [("edgesrgan", 8, 64, 660_611), ("edgesrgan_tiny", 4, 32, 95_555)],
)
def test_size_is_that_of_the_paper(name, blocks, features, parameters):
    network = create_network(name)
    assert len(network.blocks) == blocks
    assert network.trunk.out_channels == features
    assert count_parameters(network) == parameters


@pytest.mark.parametrize("name", ["edgesrgan", "edgesrgan_tiny"])
def test_is_made_for_small_accelerators(name):
    used = kinds(create_network(name))
    assert used.count(nn.ConvTranspose2d) == 2  # the Edge TPU has no depth-to-space
    assert nn.ReLU in used
    assert not {nn.BatchNorm2d, nn.PReLU, nn.PixelShuffle} & set(used)


@pytest.mark.parametrize(
    ("scale", "strides"), [(2, [(1, 1), (2, 2)]), (4, [(2, 2), (2, 2)]), (8, [(4, 4), (2, 2)])]
)
def test_kernels_equal_the_strides_of_the_scale(scale, strides):
    up = [m for m in create_network("edgesrgan_tiny", scale).up if isinstance(m, nn.ConvTranspose2d)]
    assert [m.stride for m in up] == [m.kernel_size for m in up] == strides


@pytest.mark.parametrize("scale", [2, 4, 8])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 5), (9, 16)])
@torch.no_grad()
def test_any_size_becomes_scale_times_larger(scale, height, width):
    enlarged = create_network("edgesrgan_tiny", scale)(noise(2, 3, height, width))
    assert enlarged.shape == (2, 3, scale * height, scale * width)


@torch.no_grad()
def test_output_spans_0_to_255_and_never_more():
    network = create_network("edgesrgan_tiny")
    network.up[2].weight *= 1e4  # drives tanh into both of its ends
    enlarged = network(noise(1, 3, 8, 8))
    assert (enlarged.min().item(), enlarged.max().item()) == (0.0, 255.0)


@torch.no_grad()
def test_a_block_adds_to_what_it_is_given():
    network = create_network("edgesrgan_tiny")
    block = network.blocks[0]
    for convolution in (block.body[0], block.body[2]):
        convolution.weight.zero_()
        convolution.bias.zero_()
    features = noise(1, 32, 5, 4) - 128  # below zero too: there is no activation after the sum
    assert torch.equal(block(features), features)


@torch.no_grad()
def test_the_long_skip_starts_after_the_first_activation():
    network = create_network("edgesrgan_tiny")
    network.trunk.weight.zero_()
    network.trunk.bias.zero_()
    picture = noise(1, 3, 6, 5)
    around = (torch.tanh(network.up(network.head(picture / 255))) + 1) * 127.5
    torch.testing.assert_close(network(picture), around)


@pytest.mark.parametrize("scale", [0, 1, 3, 16])
def test_another_scale_is_refused(scale):
    with pytest.raises(ValueError, match=rf"scale: expected one of \[2, 4, 8\], got {scale}"):
        create_network("edgesrgan", scale)


def test_an_unknown_name_is_one_line_that_names_the_known_ones():
    with pytest.raises(InputError, match=r"network: expected one of .*edgesrgan_tiny.*, got 'resnet'"):
        create_network("resnet")
