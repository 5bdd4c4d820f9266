import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: requirements/train.txt")

from edgesr_ros.errors import InputError  # noqa: E402
from edgesr_ros.frames.resize import enlarge_bicubic  # noqa: E402
from edgesr_ros.networks.perceptual import load_mobilenet_v2, load_vgg16, read_perceptual  # noqa: E402
from edgesr_ros.sources.files import read_image  # noqa: E402
from edgesr_ros.training.terms import Batch  # noqa: E402
from edgesr_ros.training.terms.adversarial import discriminator_loss, generator_loss  # noqa: E402
from edgesr_ros.training.terms.perceptual import PerceptualRecipe, make_perceptual  # noqa: E402
from edgesr_ros.training.terms.pixels import PixelTerm  # noqa: E402

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
    [("vgg16", VGG16, "features"), ("vgg16", VGG16, "lpips"), ("mobilenet_v2", MOBILENET_V2, "features")],
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
