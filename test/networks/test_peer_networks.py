"""The networks of others against their papers: counts, ranges, how they are wired, and as ONNX."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks are torch modules: requirements/train.txt")
pytest.importorskip("onnx", reason="writes ONNX: requirements/runtime.txt")

from torch import nn  # noqa: E402

from edgesr_ros.networks import count_parameters, create_network  # noqa: E402
from edgesr_ros.networks.f2srgan import F2SRGANSpec  # noqa: E402
from edgesr_ros.networks.rrdb import RRDBNetSpec  # noqa: E402
from edgesr_ros.networks.srgan import SRGANSpec  # noqa: E402
from edgesr_ros.networks.srvgg import SRVGGNetSpec  # noqa: E402
from edgesr_ros.networks.swiftsrgan import SwiftSRGANSpec  # noqa: E402
from edgesr_ros.networks.tpsr import TPSRSpec  # noqa: E402
from edgesr_ros.quality.distortion import psnr  # noqa: E402
from edgesr_ros.training.export_onnx import export_onnx  # noqa: E402
from edgesr_ros.training.export_onnx_int8 import export_onnx_int8  # noqa: E402
from edgesr_ros.training.inference import upscale  # noqa: E402
from edgesr_ros.training.macs import macs_per_pixel  # noqa: E402

# Each with fewer layers, for what does not depend on their number.
SMALL = {
    "srgan": lambda scale: SRGANSpec(blocks=2, features=16, scale=scale).build(),
    "swiftsrgan": lambda scale: SwiftSRGANSpec(blocks=2, features=16, scale=scale).build(),
    "tpsr": lambda scale: TPSRSpec(scale=scale).build(),
    "f2srgan": lambda scale: F2SRGANSpec(blocks=2, features=16, scale=scale).build(),
    "f2srgan_student": lambda scale: F2SRGANSpec(
        blocks=3, features=16, fourier=False, order=(0, 2, 2), widths=(16, 1, 4), scale=scale
    ).build(),
    "esrgan": lambda scale: RRDBNetSpec(blocks=1, features=16, growth=8, scale=scale).build(),
    "animevideov3": lambda scale: SRVGGNetSpec(convolutions=2, features=16, scale=scale).build(),
}
SCALES = [(name, 4) for name in SMALL]
SCALES += [(name, 2) for name in ("srgan", "swiftsrgan", "tpsr", "f2srgan", "f2srgan_student")]


def noise(*shape):
    return 255 * torch.rand(shape, generator=torch.Generator().manual_seed(1))


def random_network(name, scale=4):
    """In no way as initialised: batch norms that have seen pictures, and outputs from dark to bright."""
    torch.manual_seed(2)
    network = SMALL[name](scale)
    network.train()
    with torch.no_grad():
        for _ in range(3):
            network(255 * torch.rand(2, 3, 12, 12))
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5)
                module.bias.uniform_(-0.2, 0.2)
        network.eval()
        last = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)][-1]
        while np.ptp(upscale(network, picture(12, 12))) < 150:
            last.weight *= 2
    return network


def picture(height, width):
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)


# What is published: TPSR 61k (its paper); SwiftSRGAN an eighth of SRGAN (its paper); ESRGAN's and
# animevideov3's counts are those of the files that their authors released. SRGAN's paper counts nothing.
@pytest.mark.parametrize(
    ("network", "parameters"),
    [
        ("srgan", 1_548_547),
        ("swiftsrgan", 200_121),
        ("tpsr", 61_097),
        ("esrgan", 16_697_987),
        ("animevideov3", 621_424),
    ],
)
def test_parameters(network, parameters):
    assert count_parameters(create_network(network)) == parameters


def test_swiftsrgan_is_an_eighth_of_srgan():
    srgan, swiftsrgan = (count_parameters(create_network(name)) for name in ("srgan", "swiftsrgan"))
    assert srgan / swiftsrgan == pytest.approx(8, abs=0.5)


# By hand, of the layers: their weights without biases, those behind an enlargement times the pixels there.
@pytest.mark.parametrize(
    ("network", "macs"),
    [
        ("srgan", 81 * 3 * 64 + 33 * 9 * 64**2 + (1 + 4) * 9 * 64 * 256 + 16 * 81 * 64 * 3),
        ("animevideov3", 9 * 3 * 64 + 16 * 9 * 64**2 + 9 * 64 * 48),
        (
            "tpsr",
            27 * 16 + 16**2 * (2 + 5 * 9 - 18 + 2 * 25 + 3 * 49) + 16 * 34 + 9 * 16 * 12 + 4 * 9 * 3 * 12,
        ),
    ],
)
def test_multiply_accumulates(network, macs):
    assert macs_per_pixel(create_network(network).eval()) == macs


@pytest.mark.parametrize(("name", "scale"), SCALES)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 5)])
@torch.no_grad()
def test_any_size_becomes_scale_times_larger(name, scale, height, width):
    network = SMALL[name](scale).eval()
    assert network.scale == scale
    assert network(noise(2, 3, height, width)).shape == (2, 3, scale * height, scale * width)


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("scale", [0, 1, 3, 8])
def test_another_scale_is_refused(name, scale):
    with pytest.raises(ValueError, match=rf"scale: expected .*4.*, got {scale}"):
        SMALL[name](scale)


@pytest.mark.parametrize(("name", "scale"), SCALES)
def test_onnx_does_the_same(name, scale, tmp_path):
    import onnxruntime

    network = random_network(name, scale)
    export_onnx(network, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    for size in ((1, 1), (1, 6), (23, 31), (37, 64)):  # none is that of the export
        expected = upscale(network, picture(*size))
        (enlarged,) = session.run(None, {"picture": picture(*size)[None]})
        assert np.abs(enlarged[0].astype(int) - expected).max() <= 1
    assert np.ptp(expected) > 100  # or agreement would mean little


@pytest.mark.parametrize("name", SMALL)
def test_onnx_in_int8_comes_close(name, tmp_path):
    import onnxruntime

    network = random_network(name)
    export_onnx_int8(network, tmp_path / "model.onnx", [picture(12, 16), picture(16, 12)])
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    for size in ((9, 7), (16, 24)):
        expected = upscale(network, picture(*size))
        (enlarged,) = session.run(None, {"picture": picture(*size)[None]})
        assert np.ptp(expected) > 100
        assert psnr(enlarged[0], expected) > 30  # random weights on noise are the worst case


def test_tpsr_in_int8_is_integers_from_end_to_end(tmp_path):
    import onnx
    import onnxruntime

    export_onnx_int8(random_network("tpsr"), tmp_path / "model.onnx", [picture(12, 16), picture(16, 12)])
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(tmp_path / "model.onnx", options, providers=["CPUExecutionProvider"])
    kinds = [node.op_type for node in onnx.load(tmp_path / "optimized.onnx").graph.node]
    assert kinds.count("QLinearConv") == 15
    assert kinds.count("QLinearLeakyRelu") == 13
    assert kinds.count("QuantizeLinear") == 1  # of the picture less the mean colour
    assert not {"Conv", "LeakyRelu", "Add", "Clip"} & set(kinds)


# Batch norm is part of the convolutions, there is no PRelu, which is slow, and no Fourier transform.
@pytest.mark.parametrize(
    ("name", "there", "gone"),
    [
        ("srgan", {"Max"}, {"BatchNormalization", "PRelu"}),
        ("swiftsrgan", {"Max", "Sigmoid"}, {"BatchNormalization", "PRelu", "Tanh"}),
        ("tpsr", {"LeakyRelu"}, {"PRelu"}),
        ("f2srgan", {"Max", "MatMul"}, {"PRelu", "DFT"}),
    ],
)
def test_operators_are_those_that_runtimes_are_fast_at(name, there, gone, tmp_path):
    import onnx

    export_onnx(random_network(name), tmp_path / "model.onnx")
    kinds = {node.op_type for node in onnx.load(tmp_path / "model.onnx").graph.node}
    assert there <= kinds
    assert not gone & kinds


@torch.no_grad()
def test_swiftsrgan_never_leaves_0_to_255_and_srgan_may():
    for name, bounded in (("swiftsrgan", True), ("srgan", False)):
        network = SMALL[name](4).eval()
        network.up[-1].apply(lambda layer: layer.weight.mul_(1e4) if hasattr(layer, "weight") else None)
        enlarged = network(noise(1, 3, 8, 8))
        assert (enlarged.min() >= 0 and enlarged.max() <= 255) == bounded


@torch.no_grad()
def test_what_is_learned_is_a_difference():
    """Without their last convolution ESRGAN is black, TPSR its mean colour, and animevideov3 the picture."""
    small = noise(1, 3, 6, 5)
    repeated = small.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3)
    mean = 255 * torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1)
    for name, expected in (
        ("esrgan", 0 * repeated),
        ("tpsr", mean.expand_as(repeated)),
        ("animevideov3", repeated),
    ):
        network = SMALL[name](4)
        last = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)][-1]
        last.weight.zero_()
        last.bias.zero_()
        torch.testing.assert_close(network(small), expected)


@torch.no_grad()
def test_residuals_add_to_what_they_are_given():
    features = noise(1, 16, 5, 4) - 128  # below zero too: there is no activation after the sum
    for name, kept in (("srgan", 1.0), ("swiftsrgan", 1.0), ("esrgan", 1.2)):  # ESRGAN: x + 0.2·body(x)
        network = SMALL[name](4).eval()
        block = network.blocks[0]
        assert not torch.allclose(block(features), features)
        for layer in block.modules():
            if isinstance(layer, (nn.Conv2d, nn.BatchNorm2d)):
                for value in layer.parameters():
                    value.zero_()
        torch.testing.assert_close(block(features), kept * features)


@torch.no_grad()
def test_a_dense_block_adds_a_fifth_of_its_last_convolution():
    block = SMALL["esrgan"](4).blocks[0].body[0]
    assert [layer.in_channels for layer in block.layers] == [16, 24, 32, 40, 48]  # all before it
    block.layers[-1].weight.zero_()
    block.layers[-1].bias.fill_(5)
    features = noise(1, 16, 5, 4)
    torch.testing.assert_close(block(features), features + 1)


@torch.no_grad()
def test_tpsr_branches_leave_the_stem_and_the_skip_leaves_the_head():
    network, x = create_network("tpsr"), noise(1, 3, 9, 8) - 128
    head = network.head(x)
    merged = network.skip(head) + network.main(network.stem(head)) + network.side(network.stem(head))
    torch.testing.assert_close(network.unit(x), network.up(network.merged(merged)))
