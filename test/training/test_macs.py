import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch")

from edgesr_ros.networks import create_network  # noqa: E402
from edgesr_ros.training.macs import macs_per_pixel  # noqa: E402


@pytest.mark.parametrize(("name", "gmac"), [("edgesrgan", 3.176), ("edgesrgan_tiny", 0.462)])
def test_as_published_for_80x60_pixels(name, gmac):
    assert macs_per_pixel(create_network(name)) * 80 * 60 / 1e9 == pytest.approx(gmac, abs=6e-4)


def test_of_a_grouped_and_a_transposed_convolution():
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 6, 5, padding=2, groups=3),  # 1·2·25 of each of three groups
        torch.nn.ReLU(),
        torch.nn.ConvTranspose2d(6, 3, 2, stride=2),  # 6·3·4
    )
    assert macs_per_pixel(network) == 3 * 50 + 72
    assert not any(layer._forward_hooks for layer in network)
