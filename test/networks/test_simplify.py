import pytest

torch = pytest.importorskip("torch", reason="the networks are torch modules: requirements/train.txt")

from torch import nn  # noqa: E402

from edgesr_ros.networks.simplify import (  # noqa: E402
    LargerPReLU,
    SplitPReLU,
    simplified,
    split_prelus,
)


def noise(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


def chain():
    """All that can be simplified, one in the other."""
    torch.manual_seed(0)
    separable = nn.Sequential(nn.Conv2d(8, 8, 1, groups=8, bias=False), nn.Conv2d(8, 6, 1, bias=False))
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.PReLU(), separable, nn.BatchNorm2d(6), nn.PReLU(6))
    network.train()
    network(5 + 3 * noise(4, 3, 9, 9))  # batch norm has seen pictures
    with torch.no_grad():
        network[3].weight.uniform_(0.5, 1.5)
        network[4].weight.uniform_(-0.5, 0.5)
    return network.eval()


def test_fewer_layers_do_the_same():
    network = chain()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    simple = simplified(network)
    kinds = {type(layer) for layer in simple.modules()}
    assert not {nn.BatchNorm2d, nn.PReLU} & kinds
    assert {nn.LeakyReLU, LargerPReLU} <= kinds
    assert [layer.groups for layer in simple.modules() if isinstance(layer, nn.Conv2d)] == [1, 1]
    torch.testing.assert_close(simple(noise(2, 3, 7, 8)), network(noise(2, 3, 7, 8)))
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


def test_a_depthwise_convolution_that_looks_around_or_adds_stays():
    for first in (nn.Conv2d(4, 4, 3, groups=4, bias=False), nn.Conv2d(4, 4, 1, groups=4)):
        network = nn.Sequential(first, nn.Conv2d(4, 2, 1)).eval()
        assert simplified(network)[0].groups == 4
        torch.testing.assert_close(simplified(network)(noise(1, 4, 5, 5)), network(noise(1, 4, 5, 5)))


def test_a_prelu_is_a_product_and_a_sum():
    network = chain()
    split = simplified(network)
    split_prelus(split)
    assert isinstance(split[4], SplitPReLU)
    torch.testing.assert_close(split(noise(1, 3, 6, 6)), network(noise(1, 3, 6, 6)))


def test_slopes_beyond_1_are_no_choice_of_the_larger():
    network = nn.Sequential(nn.PReLU(3))
    for steepest, kind in ((1.0, LargerPReLU), (1.5, SplitPReLU)):
        network[0].weight.data = torch.tensor([-0.5, 0.25, steepest])
        assert isinstance(simplified(network)[0], kind)
        torch.testing.assert_close(simplified(network)(noise(1, 3, 6, 6)), network(noise(1, 3, 6, 6)))
