import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: requirements/train.txt")

from edgesr_ros.errors import InputError  # noqa: E402
from edgesr_ros.frames.resize import enlarge_bicubic  # noqa: E402
from edgesr_ros.networks import count_parameters  # noqa: E402
from edgesr_ros.networks.discriminators import DISCRIMINATORS  # noqa: E402
from edgesr_ros.networks.perceptual import load_mobilenet_v2, load_vgg16, read_perceptual  # noqa: E402
from edgesr_ros.sources.files import read_image  # noqa: E402
from edgesr_ros.training.terms import Batch  # noqa: E402
from edgesr_ros.training.terms.adversarial import (  # noqa: E402
    AdversarialTerm,
    discriminator_loss,
    generator_loss,
)
from edgesr_ros.training.terms.perceptual import PerceptualRecipe, make_perceptual  # noqa: E402
from edgesr_ros.training.terms.pixels import PixelTerm  # noqa: E402
from edgesr_ros.training.terms.total_variation import TotalVariationTerm  # noqa: E402

VGG16 = "vgg16_conv13_plus_lpips_lins_oihw_f16.npz"
MOBILENET_V2 = "mobilenet_v2_imagenet_f32.npz"


@pytest.fixture
def perceptual(shared):
    return shared / "data" / "perceptual"


def planes(image):
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float()


def test_the_pixel_loss_is_a_share_of_the_full_range():
    a = torch.zeros(2, 3, 4, 4)
    batch = Batch(low=a, high=a + 51, output=a, features={}, step=0)
    assert PixelTerm()(batch).item() == pytest.approx(0.2)
    assert PixelTerm("l2")(batch).item() == pytest.approx(0.04)


def test_the_adversarial_losses_are_binary_cross_entropy():
    logits = torch.tensor([[0.0], [2.0]])
    assert generator_loss(logits).item() == pytest.approx(
        -np.mean([math.log(0.5), math.log(1 / (1 + math.exp(-2)))])
    )
    undecided = discriminator_loss(torch.zeros(3, 1), torch.zeros(3, 1)).item()
    assert undecided == pytest.approx(2 * math.log(2))
    right = discriminator_loss(torch.full((3, 1), 9.0), torch.full((3, 1), -9.0)).item()
    assert right < 1e-3
    assert discriminator_loss(torch.full((3, 1), -9.0), torch.full((3, 1), 9.0)).item() > 17


class Brightness(torch.nn.Module):
    """A discriminator that takes bright pictures for photographs."""

    def forward(self, x):
        return x.mean((1, 2, 3), keepdim=True) / 51


def bright(high, output):
    """Pictures with these logits."""
    low = torch.zeros(2, 3, 1, 1)
    planes = [torch.full((2, 3, 4, 4), 51.0 * logit) for logit in (high, output)]
    return Batch(low, *planes, features={}, step=0)


def test_relativistic_losses_look_at_the_difference_of_the_logits():
    term = AdversarialTerm(Brightness(), "relativistic")
    for high, output in ((3.0, 1.0), (5.0, 3.0)):  # whatever both are
        assert term(bright(high, output)).item() == pytest.approx(math.log(1 + math.exp(2)), abs=1e-5)
        assert term.oppose(bright(high, output)).item() == pytest.approx(math.log(1 + math.exp(-2)), abs=1e-5)
    assert term.oppose(bright(20.0, 0.0)).item() < 1e-6  # of probabilities it would stay above .313


def test_losses_of_probabilities_are_those_of_swiftsrgan():
    term = AdversarialTerm(Brightness(), "probabilities")
    real, fake = (1 / (1 + math.exp(-logit)) for logit in (2.0, 1.0))
    assert term(bright(2.0, 1.0)).item() == pytest.approx(1 - fake)
    assert term.oppose(bright(2.0, 1.0)).item() == pytest.approx(1 - real + fake)


def test_total_variation_is_the_mean_step_to_both_neighbours():
    row = torch.tensor([0.0, 51.0, 0.0]).expand(1, 3, 2, 3)
    batch = Batch(row, row, row.clone().requires_grad_(), features={}, step=0)
    assert TotalVariationTerm()(batch).item() == pytest.approx(0.2)  # nothing changes from row to row
    assert TotalVariationTerm("l2")(batch).item() == pytest.approx(0.04)


@pytest.mark.parametrize(("name", "parameters"), [("swiftsrgan", 19_413_279), ("f2srgan", 19_416_543)])
def test_separable_discriminators_are_as_large_as_published(name, parameters):
    discriminator = DISCRIMINATORS[name](96)
    assert count_parameters(discriminator) == parameters
    assert discriminator(torch.zeros(2, 3, 48, 48)).shape == (2, 1)  # of any size


def test_lpips_over_vgg16_is_the_metric_of_its_authors(shared, perceptual):
    """Set5, bicubic x4: .2815 (measured with the reference implementation)."""
    loss = make_perceptual(PerceptualRecipe(network="vgg16", distance="lpips", group=5), perceptual / VGG16)
    distances = []
    for high_path in sorted((shared / "data" / "eval" / "set5" / "HR").glob("*.png")):
        high = read_image(high_path)
        low = read_image(high_path.parents[1] / "LRx4" / high_path.name)
        distances.append(loss(planes(enlarge_bicubic(low, 4)), planes(high)).item())
    assert len(distances) == 5
    assert np.mean(distances) == pytest.approx(0.2815, abs=0.002)


@pytest.mark.parametrize(
    ("network", "file", "distance"),
    [
        ("vgg16", VGG16, "features"),
        ("vgg16", VGG16, "squared"),
        ("vgg16", VGG16, "lpips"),
        ("mobilenet_v2", MOBILENET_V2, "features"),
    ],
)
def test_a_perceptual_loss_is_nothing_for_equal_pictures_and_grows(perceptual, network, file, distance):
    loss = make_perceptual(PerceptualRecipe(network=network, distance=distance), perceptual / file)
    rng = np.random.default_rng(0)
    high = planes(rng.integers(0, 256, (64, 64, 3)).astype(np.float32))
    noise = planes(rng.normal(0, 1, (64, 64, 3)).astype(np.float32))
    output = (high + 10 * noise).requires_grad_(True)
    assert loss(high, high).item() == pytest.approx(0, abs=1e-6)
    near = loss(output, high)
    assert 0 < near.item() < loss(high + 60 * noise, high).item()
    near.backward()
    assert output.grad.abs().sum() > 0


def test_mobilenet_v2_has_features_at_five_sizes(perceptual):
    features = load_mobilenet_v2(perceptual / MOBILENET_V2)(torch.zeros(1, 3, 64, 64))
    assert [tuple(f.shape[1:]) for f in features] == [
        (16, 32, 32),
        (24, 16, 16),
        (32, 8, 8),
        (96, 4, 4),
        (320, 2, 2),
    ]


def test_mobilenet_v2_has_a_last_convolution_and_may_get_pictures_as_they_are(perceptual):
    picture = 255 * torch.rand((1, 3, 32, 32), generator=torch.Generator().manual_seed(1))
    all_of_it = load_mobilenet_v2(perceptual / MOBILENET_V2, groups=6)
    as_it_is = load_mobilenet_v2(perceptual / MOBILENET_V2, groups=6, normalized=False)
    assert all_of_it(picture)[5].shape == (1, 1280, 1, 1)
    mean, deviation = (
        torch.tensor(v).view(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )
    normalized = 255 * (picture / 255 - mean) / deviation
    torch.testing.assert_close(as_it_is(normalized)[5], all_of_it(picture)[5], rtol=1e-4, atol=1e-4)


def test_what_vgg16_has_not_is_one_line(perceptual):
    for more in ({"group": 6}, {"normalized": False}):
        with pytest.raises(InputError, match="only mobilenet_v2 has them, got vgg16"):
            make_perceptual(PerceptualRecipe(network="vgg16", **more), perceptual / VGG16)


def test_wrong_weights_are_one_line(tmp_path, perceptual):
    with pytest.raises(InputError, match="export_perceptual"):
        read_perceptual(tmp_path / "absent.npz")
    (tmp_path / "text.npz").write_text("no weights")
    with pytest.raises(InputError, match="not an npz file of weights"):
        read_perceptual(tmp_path / "text.npz")
    with pytest.raises(InputError, match="weights of another network"):
        load_vgg16(perceptual / MOBILENET_V2)
    with pytest.raises(InputError, match="weights of another network"):
        load_mobilenet_v2(perceptual / VGG16)
