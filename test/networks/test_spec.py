"""What a network is, said in a few numbers: enough to build it, and true of what is built."""

import pytest

torch = pytest.importorskip("torch", reason="the networks are torch modules: requirements/train.txt")

import msgspec  # noqa: E402
from msgspec.structs import replace  # noqa: E402

from edgesr_ros import resources  # noqa: E402
from edgesr_ros.errors import InputError  # noqa: E402
from edgesr_ros.networks import NETWORKS, AnySpec, create_network, find_spec, name_of  # noqa: E402
from edgesr_ros.networks.edgesrgan import EdgeSRGANSpec  # noqa: E402
from edgesr_ros.networks.fourier import FourierUnit  # noqa: E402
from edgesr_ros.networks.spec import check_scale, reach_of  # noqa: E402
from edgesr_ros.upscaling.card import read_card  # noqa: E402

# How far a pixel sees does not depend on the width. ESRGAN has few blocks here: of all it sees 350 pixels.
NARROW = {name: replace(spec, features=8) for name, spec in NETWORKS.items()}
NARROW["esrgan"] = replace(NARROW["esrgan"], blocks=1, growth=4)
NARROW["f2srgan"] = replace(NARROW["f2srgan"], features=16, blocks=2)  # Fourier units need as many
NARROW["f2srgan_student"] = replace(NARROW["f2srgan_student"], blocks=2, order=(0, 1, 1))
SCALES = {"edgesrgan": (2, 4, 8), "edgesrgan_tiny": (2, 4, 8), "esrgan": (4,), "animevideov3": (4,)}
BUILT = [(name, scale) for name in NARROW for scale in SCALES.get(name, (2, 4))]


def seen_by_the_middle(network, side):
    """How far from the middle pixel those are that its block of the result depends on."""
    torch.manual_seed(0)
    picture = (255 * torch.rand(1, 3, side, side, dtype=torch.float64)).requires_grad_()
    middle, scale = side // 2, network.scale
    block = slice(middle * scale, (middle + 1) * scale)
    network.double().eval()(picture)[..., block, block].sum().backward()
    rows = picture.grad.abs().sum((0, 1, 3)).nonzero()[:, 0]
    return max(middle - int(rows.min()), int(rows.max()) - middle)


@pytest.mark.parametrize(("name", "scale"), BUILT)
def test_reach_is_how_far_a_pixel_sees(name, scale):
    torch.manual_seed(1)
    spec = replace(NARROW[name], scale=scale)
    network = spec.build()
    for unit in (layer for layer in network.modules() if isinstance(layer, FourierUnit)):
        torch.nn.init.zeros_(unit.mix.weight)  # which sees the whole picture, and is not counted
    assert seen_by_the_middle(network, 2 * spec.reach + 7) == spec.reach


def test_reach_of_layers_at_several_sizes():
    assert reach_of(1, [(4, 1)]) == 4
    assert reach_of(2, [(0, 2), (1, 1)]) == 1  # a pixel of the large picture is half of a small one
    assert reach_of(4, [(1, 4)]) == 1


@pytest.mark.parametrize("model", sorted(resources.models().glob("*.json")), ids=lambda path: path.stem)
def test_a_shipped_card_has_its_networks_reach_as_margin(model):
    card = read_card(model.with_suffix(""))
    assert card.margin == find_spec(card.network, card.scale).reach


@pytest.mark.parametrize("name", NETWORKS)
def test_a_spec_comes_back_from_json(name):
    spec = find_spec(name, 2)
    assert msgspec.json.decode(msgspec.json.encode(spec), type=AnySpec) == spec
    assert name_of(spec) == name


@pytest.mark.parametrize("name", NARROW)
def test_landmarks_are_submodules_that_put_out_pictures_of_features(name):
    spec = NARROW[name]
    network, shapes = spec.build().eval(), {}
    for landmark in spec.landmarks:
        network.get_submodule(landmark).register_forward_hook(
            lambda _module, _inputs, output, at=landmark: shapes.update({at: tuple(output.shape[2:])})
        )
    with torch.no_grad():
        network(torch.zeros(1, 3, 5, 6))
    assert shapes == dict.fromkeys(spec.landmarks, (5, 6))


def test_a_network_knows_what_it_is():
    network = create_network("edgesrgan_tiny", 8)
    assert network.spec == EdgeSRGANSpec(scale=8, blocks=4, features=32)
    assert network.scale == 8


def test_blocks_may_have_widths_of_their_own():
    spec = EdgeSRGANSpec(blocks=2, features=8, widths=(16, 4))
    assert name_of(spec) == "edgesrgan"  # its family
    network = spec.build()
    assert [block.body[0].out_channels for block in network.blocks] == [16, 4]
    assert network.trunk.in_channels == 8
    with pytest.raises(InputError, match="widths: expected one for each of 3 blocks, got 2"):
        replace(spec, blocks=3).build()


def test_a_scale_of_none_is_one_line():
    with pytest.raises(InputError, match=r"scale: expected one of \[2, 4\], got 3"):
        check_scale(3, (4, 2))
