"""Quantization-aware training: what is trained computes as the file that is exported, which gets nearer."""

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="the networks are torch modules: requirements/train.txt")
onnx = pytest.importorskip("onnx", reason="writes ONNX: requirements/train.txt")
pytest.importorskip("safetensors", reason="weights are safetensors: requirements/train.txt")

from lively import lively, smooth_picture  # noqa: E402
from msgspec.structs import replace  # noqa: E402
from onnx import numpy_helper  # noqa: E402
from torch import nn  # noqa: E402

from edgesr_ros.errors import InputError  # noqa: E402
from edgesr_ros.networks import NETWORKS  # noqa: E402
from edgesr_ros.networks.edgesrgan import EdgeSRGANSpec  # noqa: E402
from edgesr_ros.networks.f2srgan import F2SRGANSpec  # noqa: E402
from edgesr_ros.networks.swiftsrgan import SwiftSRGANSpec  # noqa: E402
from edgesr_ros.networks.tpsr import TPSRSpec  # noqa: E402
from edgesr_ros.quality.distortion import psnr  # noqa: E402
from edgesr_ros.training.converters.quantization import FakeQuantization, FakeQuantized  # noqa: E402
from edgesr_ros.training.export_onnx_int8 import export_onnx_int8  # noqa: E402
from edgesr_ros.training.inference import upscale  # noqa: E402
from edgesr_ros.training.weights import Facts, load_network, save_network  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")

KINDS = {
    "edgesrgan_x4": EdgeSRGANSpec(blocks=2, features=8, widths=(4, 8), up_features=6),
    "edgesrgan_x8": EdgeSRGANSpec(scale=8, blocks=1, features=8),
    "tpsr": TPSRSpec(scale=4, features=4),
    "swiftsrgan": SwiftSRGANSpec(scale=4, blocks=1, features=8),
    "student": F2SRGANSpec(scale=2, blocks=2, features=8, fourier=False, order=(0, 1, 1)),
}


def build(spec):
    torch.manual_seed(0)
    return lively(spec.build().eval())


def picture(seed):
    return smooth_picture(seed, (20, 24), (5, 6))


PICTURES = [picture(seed) for seed in range(4)]


def exported(network, folder, pictures=PICTURES):
    """What the int8 file of a network makes of a picture, by what is written in it, not by fast kernels."""
    path = folder / "model.onnx"
    export_onnx_int8(network, path, pictures)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda rgb: session.run(["enlarged"], {"picture": rgb[None]})[0][0]


@pytest.mark.parametrize("kind", KINDS)
def test_it_rounds_where_the_exported_graph_does(kind, tmp_path):
    """Biases are rounded there and sums added in another order, so that a code in many differs by one."""
    network, converter = build(KINDS[kind]), FakeQuantization(PICTURES)
    converted = converter.convert(network)
    made, whole = exported(network, tmp_path)(picture(9)).astype(int), upscale(network, picture(9))
    apart = np.abs(upscale(converted, picture(9)) - made)
    lost = np.abs(whole - made)
    assert (apart > 0).mean() < 0.05
    assert (lost > 0).mean() > 4 * (apart > 0).mean()  # or nothing would have been rounded
    assert converter.finish(converted).calibration.ranges


@pytest.mark.parametrize("kind", KINDS)
def test_folded_weights_are_made_of_the_networks(kind):
    network = build(KINDS[kind])
    folded = network.fold()
    folded.equalize(folded.balance([torch.rand(1, 3, 8, 9)]))
    made = folded.weights(network)
    own = dict(folded.named_parameters())
    assert {name for name in own if name.endswith((".weight", ".bias"))} == made.keys()
    for name, value in made.items():
        torch.testing.assert_close(value, own[name], rtol=0, atol=0)
    sum(value.sum() for value in made.values()).backward()
    unseen = {name for name, value in network.named_parameters() if value.grad is None}
    slopes = {f"{name}.weight" for name, layer in network.named_modules() if isinstance(layer, nn.PReLU)}
    assert unseen == slopes


def test_training_brings_the_exported_file_nearer(tmp_path):
    network = build(EdgeSRGANSpec(scale=2, blocks=1, features=8))
    with torch.no_grad():
        network.up[2].weight *= 10
        network.head[0].weight[::2] *= 8  # what shares a range with it is rounded coarsely
    whole = [upscale(network, rgb) for rgb in PICTURES]

    def nearness(trained):
        made = exported(trained, tmp_path)
        return np.mean([psnr(made(rgb), target) for rgb, target in zip(PICTURES, whole, strict=True)])

    before, converter = nearness(network), FakeQuantization(PICTURES)
    low = torch.stack([torch.from_numpy(rgb).permute(2, 0, 1).float() for rgb in PICTURES])
    with torch.no_grad():
        aim = network(low)
    converted = converter.convert(network)
    optimizer = torch.optim.Adam(converted.parameters(), lr=1e-4)
    for step in range(40):
        optimizer.param_groups[0]["lr"] = 1e-4 * (1 - step / 40)
        loss = nn.functional.mse_loss(converted(low), aim)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        converter.after_step(step)
    assert nearness(converter.finish(converted)) > before + 0.3


def scales(path):
    model = onnx.load(path)
    names = [node.input[1] for node in model.graph.node if node.op_type == "QuantizeLinear"]
    values = {tensor.name: tensor for tensor in model.graph.initializer}
    return {name: float(numpy_helper.to_array(values[name])) for name in names}


def test_the_exporter_keeps_the_ranges_that_were_trained_for(tmp_path):
    network = build(KINDS["edgesrgan_x4"])
    converter = FakeQuantization(PICTURES)
    plain = converter.finish(converter.convert(network))
    facts = Facts(spec=plain.spec, recipe="mine", degradation="bicubic", steps=1)
    save_network(tmp_path / "weights.safetensors", plain, facts)
    loaded = load_network(tmp_path / "weights.safetensors")
    assert loaded.calibration == plain.calibration
    dark = [rgb // 4 for rgb in PICTURES]
    export_onnx_int8(network, tmp_path / "first.onnx", PICTURES)
    export_onnx_int8(loaded, tmp_path / "kept.onnx", dark)
    assert (tmp_path / "kept.onnx").read_bytes() == (tmp_path / "first.onnx").read_bytes()
    loaded.calibration = None
    export_onnx_int8(loaded, tmp_path / "found.onnx", dark)
    assert scales(tmp_path / "found.onnx") != scales(tmp_path / "first.onnx")


def test_a_finished_network_is_converted_again_with_what_it_was_trained_for():
    converter = FakeQuantization(PICTURES)
    plain = converter.finish(converter.convert(build(KINDS["tpsr"])))
    again = FakeQuantization([rgb // 4 for rgb in PICTURES]).convert(plain)
    assert isinstance(again, FakeQuantized)
    assert again.quantized_by == plain.calibration


def test_another_networks_calibration_is_one_line(tmp_path):
    network = build(KINDS["edgesrgan_x4"])
    calibration = FakeQuantization(PICTURES).convert(network).quantized_by
    for wrong, message in (
        (replace(calibration, ranges={}), "calibration: no range of /head/head.0/Conv_output_0"),
        (replace(calibration, divisors=(1.0,)), "calibration: expected 24 divisors of channels, got 1"),
    ):
        network.calibration = wrong
        with pytest.raises(InputError, match=message):
            export_onnx_int8(network, tmp_path / "model.onnx", PICTURES)


@pytest.mark.parametrize("name", ["f2srgan", "animevideov3"])
def test_what_cannot_be_trained_through_is_one_line(name):
    small = {"f2srgan": {"blocks": 1, "features": 16}, "animevideov3": {"convolutions": 1, "features": 4}}
    network = build(replace(NETWORKS[name], **small[name]))
    with pytest.raises(InputError, match="quantize: not known how to train through "):
        FakeQuantization(PICTURES[:1]).convert(network)
