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
    assert not any(value.is_meta for value in network.parameters())


def test_fourier_units_count_with_the_row_that_they_see():
    """By hand: the convolutions, and in each of 8 blocks 18 products with 160 columns for each pixel."""
    row = 8 * 18 * 160
    mixing = 8 * (2 * 16 * 16 + 2 * 16 * 16 // 4)
    assert macs_per_pixel(create_network("f2srgan")) == 249_499 + row + mixing
