"""Pruned networks of every kind: what is left does what the whole one did without the channels that went."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks are torch modules: requirements/train.txt")
pytest.importorskip("torch_pruning", reason="finds what to prune together: requirements/train.txt")
pytest.importorskip("safetensors", reason="weights are safetensors: requirements/train.txt")

from lively import lively, smooth_picture  # noqa: E402
from msgspec import UNSET  # noqa: E402
from torch import nn  # noqa: E402

from edgesr_ros.errors import InputError  # noqa: E402
from edgesr_ros.networks import create_network  # noqa: E402
from edgesr_ros.networks.edgesrgan import EdgeSRGANSpec  # noqa: E402
from edgesr_ros.networks.f2srgan import F2SRGANSpec  # noqa: E402
from edgesr_ros.networks.fourier import FourierUnit  # noqa: E402
from edgesr_ros.networks.swiftsrgan import SwiftSRGANSpec  # noqa: E402
from edgesr_ros.networks.tpsr import TPSRSpec  # noqa: E402
from edgesr_ros.training.converters.pruning import Pruning  # noqa: E402
from edgesr_ros.training.export import Variant  # noqa: E402
from edgesr_ros.training.goals import ChannelsGoal, MacsGoal, MacsShareGoal, MillisecondsGoal  # noqa: E402
from edgesr_ros.training.inference import upscale  # noqa: E402
from edgesr_ros.training.macs import macs_per_pixel  # noqa: E402
from edgesr_ros.training.model_files import Model, write_models  # noqa: E402
from edgesr_ros.training.surgery import Surgery  # noqa: E402
from edgesr_ros.training.weights import Facts, load_network, save_network  # noqa: E402
from edgesr_ros.upscaling import timing  # noqa: E402
from edgesr_ros.upscaling.card import InputSize  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")

HALF = ChannelsGoal(0.5)
KINDS = {
    "edgesrgan": EdgeSRGANSpec(scale=2, blocks=2, features=16),
    "edgesrgan_tiny": EdgeSRGANSpec(scale=4, blocks=1, features=8),
    "tpsr": TPSRSpec(scale=2, features=8),
    "tpsr_cell": TPSRSpec(scale=2, features=8, cell="s3<-1 c3<0 c1<0"),
    "swiftsrgan": SwiftSRGANSpec(scale=2, blocks=2, features=16),
    "student": F2SRGANSpec(scale=2, blocks=2, features=16, fourier=False, order=(0, 1, 1)),
}


def build(spec):
    """A network no two of whose channels are alike, and whose output is colourful."""
    torch.manual_seed(0)
    network = lively(spec.build().eval().requires_grad_(False))
    convolutions = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
    spread = float(network(255 * torch.rand(1, 3, 16, 16)).std())
    convolutions[-1].weight *= min(8.0, 60 / spread)
    return network


def prune(network, widths, goal=HALF, importance="lamp", scope="global", multiple=4):
    return Pruning(importance, widths, goal, scope, multiple, 0).convert(network)


def picture(seed):
    return smooth_picture(seed, (12, 16), (4, 5))


def channels(layer):
    """What each output of a layer has for its own, flat; None: nothing by which it could be told."""
    depthwise = isinstance(layer, nn.Conv2d) and layer.groups == layer.in_channels > 1
    if isinstance(layer, nn.BatchNorm2d | nn.PReLU) or depthwise:
        return layer.weight.flatten(1) if depthwise else layer.weight[:, None]
    bias = getattr(layer, "bias", None)
    return None if bias is None else bias[:, None]


def masked(whole, cut):
    """The whole network, which puts out 0 for each channel that the other has lost, wherever it is made."""
    lost = 0
    for name, layer in whole.named_modules():
        mine = channels(layer)
        left = channels(cut.get_submodule(name))
        if mine is None or len(mine) == len(left):
            continue
        kept = (mine[:, None] == left[None]).all(2).any(1)
        assert kept.sum() == len(left)
        lost += len(mine) - len(left)
        mask = kept.float().view(1, -1, 1, 1)
        layer.register_forward_hook(lambda _layer, _inputs, output, mask=mask: output * mask)
    assert lost
    return whole


@pytest.mark.parametrize("widths", ["inner", "trunk"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_left_does_what_the_whole_did_without_the_rest(kind, widths):
    whole = build(KINDS[kind])
    before = upscale(whole, picture(0))
    cut = prune(whole, widths)
    assert np.array_equal(upscale(whole, picture(0)), before)  # it stays whole
    assert macs_per_pixel(cut) < macs_per_pixel(whole)
    result = upscale(cut, picture(0))
    assert np.abs(upscale(masked(whole, cut), picture(0)).astype(int) - result).max() <= 1
    assert np.ptp(result) > 50  # or agreement would mean little
    assert not np.array_equal(result, before)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_left_is_saved_loaded_and_exported(kind, tmp_path):
    """`write_models` compares each file with torch: float32 within one grey level, int8 by PSNR."""
    cut = prune(prune(build(KINDS[kind]), "inner"), "trunk")
    facts = Facts(spec=KINDS[kind], recipe="pruned", degradation="bicubic", steps=1)
    save_network(tmp_path / "pruned.safetensors", cut, facts)
    loaded = load_network(tmp_path / "pruned.safetensors")
    assert loaded.spec == cut.spec != KINDS[kind]
    assert np.array_equal(upscale(loaded, picture(1)), upscale(cut, picture(1)))
    model = Model("pruned", InputSize(width=16, height=12), "none", "Apache-2.0")
    variants = [Variant("onnx", "float32"), Variant("onnx", "int8")]
    said = []
    facts = Facts(spec=loaded.spec, recipe="pruned", degradation="bicubic", steps=1)
    pictures = [picture(seed) for seed in range(4)]
    assert len(write_models(loaded, facts, model, variants, pictures, tmp_path, said.append)) == 2
    assert any(words in said[0] for words in ("within 0 grey levels", "within 1 grey levels"))


def test_the_published_student_by_lamp_is_light_f2srgan():
    """Electronics 12, 2023, 2544: .98 of the inner widths, 113,121 → 77,841 stored values.

    38,656 of either belong to blocks that never run, which ours does not have.
    """
    student = F2SRGANSpec(blocks=4, fourier=False, order=(0, 1, 2, 3, 2, 3, 2, 3))
    torch.manual_seed(0)
    light = prune(student.build(), "inner", ChannelsGoal(0.98), scope="layer", multiple=1)
    assert light.spec.widths == (1, 1, 1, 1)
    assert light.spec.up_features is UNSET
    assert sum(value.numel() for value in light.parameters()) == 77_841 - 38_656


def test_fourier_convolutions_stay_and_so_does_their_trunk():
    whole = build(F2SRGANSpec(scale=2, blocks=3, features=16))
    for unit in (layer for layer in whole.modules() if isinstance(layer, FourierUnit)):
        unit.mix.weight *= 0.1
    cut = prune(whole, "inner")
    assert cut.spec.widths == (16, 8, 16)
    result = upscale(cut, picture(0))
    assert np.abs(upscale(masked(whole, cut), picture(0)).astype(int) - result).max() <= 1
    with pytest.raises(InputError, match="trunk of f2srgan has Fourier convolutions"):
        prune(build(whole.spec), "trunk")


def test_widths_are_multiples_and_no_fewer_than_one():
    whole = build(EdgeSRGANSpec(scale=2, blocks=3, features=24))
    for ratio in (0.1, 0.4, 0.7, 0.99):
        for scope in ("global", "layer"):
            cut = prune(whole, "inner", ChannelsGoal(ratio), scope=scope, multiple=8)
            assert {*(cut.spec.widths or (24,)), cut.spec.up_features or 24} <= {8, 16, 24}
    assert cut.spec.widths == (8, 8, 8)


def test_a_goal_is_met_by_as_little_as_can_be():
    whole = build(EdgeSRGANSpec(scale=2, blocks=2, features=16))
    for goal in (MacsShareGoal(0.6), MacsGoal(int(0.6 * macs_per_pixel(whole)))):
        surgery = Surgery(whole, "l1", "inner")

        def at(ratio, surgery=surgery):
            return surgery.cut(surgery.kept(ratio, "global", 1))

        ratio = goal.least_ratio(whole, surgery.channels, at)
        most = 0.6 * macs_per_pixel(whole)
        assert macs_per_pixel(at(ratio)) <= most < macs_per_pixel(at(ratio - 1 / surgery.channels))
    assert prune(whole, "inner", MacsGoal(10**9)).spec == whole.spec
    with pytest.raises(InputError, match=r"goal: 50 MAC per pixel cannot be reached, \d+ can"):
        prune(whole, "inner", MacsGoal(50))


def test_time_on_this_machine_can_be_the_goal(monkeypatch):
    monkeypatch.setattr(timing, "_SECONDS", 0.0)
    whole, size = build(KINDS["edgesrgan_tiny"]), InputSize(width=16, height=12)
    assert prune(whole, "inner", MillisecondsGoal(1e6, size=size)).spec == whole.spec
    with pytest.raises(InputError, match=r"goal: 1e-06 ms cannot be reached, [\d.]+ can"):
        prune(whole, "inner", MillisecondsGoal(1e-6, precision="float32", size=size))


def scores(network, importance, seed=0):
    surgery = Surgery(network, importance, "inner", seed)
    return next(part.scores for part in surgery.parts if part.layer == "blocks.0.body.0")


def test_importances_are_those_of_their_papers():
    network = build(EdgeSRGANSpec(scale=2, blocks=2, features=16))
    before, after = network.blocks[0].body[0].weight, network.blocks[0].body[2].weight
    torch.testing.assert_close(scores(network, "l1"), before.abs().sum((1, 2, 3)))
    squares = (before.square().sum((1, 2, 3)) + after.square().sum((0, 2, 3))) / 2
    torch.testing.assert_close(scores(network, "group"), squares / squares.mean())
    expected = [value / squares[squares >= value].sum() for value in squares]
    torch.testing.assert_close(scores(network, "lamp"), torch.stack(expected))
    assert torch.equal(scores(network, "random"), scores(network, "random"))
    assert not torch.equal(scores(network, "random"), scores(network, "random", seed=1))


def test_a_family_whose_widths_cannot_differ_is_one_line():
    with pytest.raises(InputError, match="widths: those of srvgg cannot differ"):
        prune(create_network("animevideov3", 4), "inner")
