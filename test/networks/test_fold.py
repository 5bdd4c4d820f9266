import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks are torch modules: requirements/train.txt")

from edgesr_ros.networks.edgesrgan import EdgeSRGANSpec  # noqa: E402
from edgesr_ros.networks.fold import PictureModel  # noqa: E402

SCALES = (2, 4, 8)


def make(scale):
    """A small network whose output spans dark to bright."""
    torch.manual_seed(scale)
    network = EdgeSRGANSpec(blocks=2, features=8, scale=scale).build().eval().requires_grad_(False)
    network.up[2].weight *= 30
    return network


def noise(height, width):
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)


def planes(rgb):
    return torch.from_numpy(rgb.transpose(2, 0, 1)[None] / np.float32(255))


def assert_same(network, folded):
    """`folded` is a FoldedPictureModel."""
    for size in ((1, 1), (9, 7), (16, 21)):
        picture = torch.from_numpy(noise(*size)[None])
        expected = PictureModel(network)(picture).int()
        with torch.no_grad():
            assert (folded(picture) - expected).abs().max() <= 1
    assert np.ptp(expected.numpy()) > 100  # or agreement would mean little


@pytest.mark.parametrize("scale", SCALES)
def test_folding_keeps_the_function(scale):
    network = make(scale)
    assert_same(network, network.fold().for_pictures())


@pytest.mark.parametrize("scale", SCALES)
def test_equalizing_keeps_the_function(scale):
    network = make(scale)
    folded = network.fold().for_pictures()
    pictures = [planes(noise(12, 10)), planes(noise(8, 20))]
    folded.network.equalize(folded.network.balance(pictures))
    assert_same(network, folded)


def test_equalizing_brings_the_channels_ranges_together():
    network = make(4)
    network.up[0].weight[:, ::2] *= 20  # every other channel is loud
    folded, pictures = network.fold(), [planes(noise(12, 10))]

    def spread():
        seen = []
        hook = folded.last.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        with torch.no_grad():
            folded(pictures[0])
        hook.remove()
        peaks = seen[0].amax((0, 2, 3))
        return float(peaks.max() / peaks[peaks > 0].min())

    before = spread()
    folded.equalize(folded.balance(pictures))
    assert spread() == pytest.approx(before**0.5, rel=0.01)


def test_equalizing_a_silent_network_changes_nothing():
    network = make(2)
    network.up[0].weight.zero_()
    network.up[0].bias.fill_(-1)
    folded = network.fold()
    folded.equalize(folded.balance([planes(noise(4, 4))]))
    assert all(torch.isfinite(value).all() for value in folded.state_dict().values())


def test_the_network_itself_stays_as_it_is():
    network = make(4)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    folded = network.fold()
    folded.equalize(folded.balance([planes(noise(6, 6))]))
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


def test_no_layer_works_at_high_resolution_or_in_groups():
    folded = make(8).fold()
    assert not any(isinstance(layer, torch.nn.ConvTranspose2d) for layer in folded.modules())
    assert {layer.groups for layer in folded.modules() if isinstance(layer, torch.nn.Conv2d)} == {1}
    assert folded(planes(noise(5, 6))).shape == (1, 8 * 8 * 3, 5, 6)
