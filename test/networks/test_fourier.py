"""The Hilbert form of Fourier units against Fourier transforms, in float64."""

import pytest

torch = pytest.importorskip("torch", reason="the networks are torch modules: requirements/train.txt")

from edgesr_ros.networks.fourier import (  # noqa: E402
    FastFourierConvolution,
    FourierUnit,
    SpectralTransform,
    half,
    hilbert_matrix,
    mirrored,
)

SIZES = [(24, 24), (23, 31), (120, 160), (7, 8), (5, 9), (3, 3), (2, 2), (1, 1)]


def noise(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def unit_of(features):
    torch.manual_seed(2)
    unit = FourierUnit(features).double()
    real, imaginary = unit.mix.weight.detach()[:, :, 0, 0].chunk(2, dim=1)
    return unit, torch.complex(real, imaginary)


def by_fft(weight, x):
    spectrum = torch.einsum("oi,nihw->nohw", weight, torch.fft.rfft2(x, norm="ortho"))
    return torch.fft.irfft2(spectrum, s=x.shape[2:], norm="ortho")


@pytest.mark.parametrize("size", SIZES, ids=str)
@torch.no_grad()
def test_a_unit_is_a_product_of_the_spectrum(size):
    unit, weight = unit_of(6)
    x = noise(2, 6, *size)
    assert (unit(x, hilbert_matrix(size[1], x)) - by_fft(weight, x)).abs().max() <= 1e-12


@pytest.mark.parametrize("size", [(24, 24), (23, 31)], ids=str)
@torch.no_grad()
def test_the_authors_shift_over_all_axes_rolls_the_channels_alone(size):
    unit, weight = unit_of(6)
    x = noise(2, 6, *size)
    spectrum = torch.fft.fftshift(torch.fft.rfft2(x, norm="ortho"))  # batch and channels too
    shifted = torch.einsum("oi,nihw->nohw", weight.roll((3, 3), (0, 1)), spectrum)
    expected = torch.fft.irfft2(torch.fft.ifftshift(shifted), s=size, norm="ortho")
    assert (unit(x, hilbert_matrix(size[1], x)) - expected).abs().max() <= 1e-12


def test_the_matrix_is_as_exact_as_its_numbers_allow():
    for width in (160, 161):
        exact = hilbert_matrix(width, torch.empty(0, dtype=torch.float64))
        assert (hilbert_matrix(width, torch.empty(0)) - exact).abs().max() < 1e-5
        coarse = hilbert_matrix(width, torch.empty(0, dtype=torch.bfloat16))  # not counted in it
        assert (coarse - exact).abs().max() < 3e-3


@pytest.mark.parametrize(("height", "width"), [(8, 6), (9, 7), (4, 5), (1, 1), (1, 6)])
@torch.no_grad()
def test_quarters_are_transformed_side_by_side_and_put_back(height, width):
    """By a unit that only passes on: every quarter gets the sum that it is made of."""
    transform = SpectralTransform(32).double()
    x = noise(2, 16, height, width)
    quarter = transform._quartered(x)
    rows, columns = max(1, height // 2), max(1, width // 2)
    assert quarter.shape == (2, 16, rows, columns)
    for number, (row, column) in enumerate([(0, 0), (1, 0), (0, 1), (1, 1)]):
        top, left = row * (height // 2), column * (width // 2)
        expected = x[:, :4, top : top + rows, left : left + columns]
        assert torch.equal(quarter[:, 4 * number : 4 * number + 4], expected)
    whole = transform._repeated(quarter, x)
    assert whole.shape == x.shape
    assert torch.equal(whole[:, :, :rows, :columns], quarter)
    assert torch.equal(whole[:, :, height // 2 :, width // 2 :][:, :, :rows, :columns], quarter)
    if height % 2 and height > 1:
        assert not whole[:, :, -1].any()
    if width % 2 and width > 1:
        assert not whole[..., -1].any()


@torch.no_grad()
def test_a_pixel_of_the_far_half_sees_the_whole_row_and_one_of_the_near_half_does_not():
    torch.manual_seed(3)
    convolution, x = (
        FastFourierConvolution(32).double(),
        noise(1, 32, 9, 13),
    )
    # Of an even width every second column would be left out.
    matrices = hilbert_matrix(13, x), hilbert_matrix(half(13), x)
    changed = x.clone()
    changed[0, 20, 4, 0] += 1
    difference = (convolution(changed, *matrices) - convolution(x, *matrices)).abs().amax(1)[0]
    near = (convolution(changed, *matrices) - convolution(x, *matrices))[:, :16].abs().amax(1)[0]
    assert difference[4].min() > 0
    assert near[:, 2:].max() == 0


@pytest.mark.parametrize("size", [(3, 4), (2, 2)], ids=str)
def test_padding_mirrors(size):
    x = noise(1, 2, *size)
    assert torch.equal(mirrored(x), torch.nn.functional.pad(x, (1, 1, 1, 1), mode="reflect"))
    assert mirrored(x[:, :, :1, :1]).unique().numel() == 2  # a side of 1 repeats itself
