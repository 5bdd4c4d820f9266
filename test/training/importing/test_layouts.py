"""Files of the authors' names become our networks, which make the authors' pictures."""

import json
import re

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks are torch modules: requirements/train.txt")
pytest.importorskip("onnx", reason="one of the layouts is of ONNX: requirements/runtime.txt")

from edgesr_ros import resources  # noqa: E402
from edgesr_ros.errors import InputError  # noqa: E402
from edgesr_ros.networks import count_parameters, name_of  # noqa: E402
from edgesr_ros.networks.edgesrgan import EdgeSRGANSpec  # noqa: E402
from edgesr_ros.networks.spec import DIV2K_MEAN  # noqa: E402
from edgesr_ros.training.export_onnx import export_onnx  # noqa: E402
from edgesr_ros.training.importing import edgesrgan  # noqa: E402
from edgesr_ros.training.importing.known import find_layout  # noqa: E402
from edgesr_ros.training.importing.onnx_file import OnnxFile  # noqa: E402
from edgesr_ros.training.importing.torch_file import TorchFile  # noqa: E402

PARITY = resources.share() / "test/training/importing/neighbours_parity.npz"
NAMES = list(json.loads(PARITY.with_suffix(".json").read_text()))
LIVE = {"f2srgan_student_x4": 74_465, "tpsr_x2": 60_761, "tpsr_x4": 61_097}  # parameters
LIVE |= {"swiftsrgan_x2": 182_777, "swiftsrgan_x4": 200_121, "f2srgan_x2": 184_865, "f2srgan_x4": 202_209}


def network_of(path, network=None):
    tensors = TorchFile(path)
    return find_layout(tensors.shapes, network).network_of(path, tensors)


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_pictures_are_those_of_the_authors_modules(checkpoint, name):
    """What network a file is of, and at which scale, its tensors say."""
    network = network_of(checkpoint(name))
    assert count_parameters(network) == LIVE[name]
    expected = np.load(PARITY)
    limit = 1e-3 if name.startswith("f2srgan_x") else 1e-4
    for height, width in ((12, 16), (13, 19)):
        picture = np.random.default_rng((height, width)).integers(0, 256, (1, 3, height, width))
        made = network(torch.from_numpy(picture).float()).numpy()
        assert np.ptp(made) > 100  # or agreement would mean little
        np.testing.assert_allclose(made, expected[f"{name}_{height}x{width}"], rtol=0, atol=limit)


def test_what_has_no_use_is_told_and_left_out(checkpoint, state):
    held = state("f2srgan_x4")
    ranges = {"residual.1.block1.1.quantAct.x_min": torch.ones(1), "upsampler.2.quantAct.beta": torch.ones(1)}
    path = checkpoint("f2srgan_x4")
    torch.save({"model": {**held, **ranges}}, path)
    tensors = TorchFile(path)
    layout = find_layout(tensors.shapes, None)
    assert layout.left_out(tensors.shapes) == list(ranges)
    assert count_parameters(layout.network_of(path, tensors)) == LIVE["f2srgan_x4"]
    slopes = TorchFile(checkpoint("swiftsrgan_x2")).shapes
    assert len(find_layout(slopes, None).left_out(slopes)) == 17


def test_the_student_may_have_any_inner_widths(checkpoint, state):
    """As Light F2SRGAN, whose blocks that run have one inner channel each."""
    held = state("f2srgan_student_x4")
    for number, block in enumerate(("residual1.0", "residual1.1", "residual2.0", "residual2.1"), 1):
        for name in [name for name in held if name.startswith(f"{block}.")]:
            value = held[name]
            if re.search(r"block1\.(0\.1|1)\.|block2\.0\.0\.", name):
                held[name] = value[:number].clone()
            elif name.endswith("block2.0.1.weight"):
                held[name] = value[:, :number].clone()
    path = checkpoint("f2srgan_student_x4")
    torch.save({"model": held}, path)
    network = network_of(path)
    assert network.spec.widths == (1, 2, 3, 4)
    assert network.spec.order == (0, 1, 2, 3, 2, 3, 2, 3)
    with torch.no_grad():
        assert network(torch.zeros(1, 3, 5, 6)).shape == (1, 3, 20, 24)


def mean_shift(sign):
    return torch.eye(3)[:, :, None, None], sign * 255 * torch.tensor(DIV2K_MEAN)


def test_constants_in_a_file_have_to_be_ours(checkpoint, state):
    path, held = checkpoint("tpsr_x4"), state("tpsr_x4")
    held["sub_mean.weight"], held["sub_mean.bias"] = mean_shift(-1)
    held["add_mean.weight"], held["add_mean.bias"] = mean_shift(1)
    torch.save(held, path)
    assert count_parameters(network_of(path)) == LIVE["tpsr_x4"]
    held["add_mean.bias"] = held["add_mean.bias"] + torch.tensor([0.0, 1.0, 0.0])
    torch.save(held, path)
    with pytest.raises(InputError, match=r"add_mean\.bias is \[114\.4\d*, 112\.4\d*, 103\.0\d*\] …, not the"):
        network_of(path)


def without(held, name):
    return {key: value for key, value in held.items() if key != name}


@pytest.mark.parametrize(
    ("name", "change", "network", "reason"),
    [
        ("tpsr_x4", lambda held: without(held, "first_layer.bias"), None, "first_layer.bias is missing"),
        (
            "tpsr_x4",
            lambda held: {**held, "first_layer.bias": torch.zeros(15)},
            None,
            "first_layer.bias is 15, expected 16",
        ),
        ("tpsr_x4", lambda held: {**held, "more": torch.zeros(2, 3)}, None, "more 2x3 is unexpected"),
        (
            "tpsr_x4",
            lambda held: {**held, "more\n\x1b[1m": torch.zeros(1)},
            None,
            r"'more\n\x1b[1m' 1 is unexpected",
        ),
        ("swiftsrgan_x2", dict, "tpsr", "not tpsr at scale 2: first_layer.weight is missing"),
        ("f2srgan_x4", dict, "f2srgan_student", "residual1.0.block1.0.0.weight is missing"),
        ("f2srgan_x4", dict, "edgesrgan", "network.head.0.weight is missing"),
        (
            "f2srgan_x4",
            lambda held: without(held, "residual.0.block1.0.convg2g.fu.complex_weight"),
            None,
            "residual.0.block1.0.convg2g.fu.complex_weight is missing",
        ),
        (
            "f2srgan_x2",
            lambda held: {
                key: value.half().float()[..., :1] if key.endswith("complex_weight") else value
                for key, value in held.items()
            },
            None,
            "residual.0.block1.0.convg2g.fu.complex_weight is 16x16x1x1x1, expected 16x16x1x1x2",
        ),
        ("f2srgan_x2", dict, "resnet", "--network: expected one of tpsr, swiftsrgan, "),
        (
            "tpsr_x4",
            lambda _: {"conv0.weight": torch.ones(2, 3)},
            None,
            "of no network that is known: the first tensor is conv0.weight 2x3; expected one of tpsr,",
        ),
    ],
)
def test_another_file_is_one_line_with_the_first_wrong_tensor(
    checkpoint, state, name, change, network, reason
):
    path = checkpoint(name)
    torch.save({"model": change(state(name))}, path)
    with pytest.raises(InputError) as error:
        network_of(path, network)
    assert reason in str(error.value)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    "spec",
    [
        EdgeSRGANSpec(scale=2, blocks=2, features=8),
        EdgeSRGANSpec(scale=4, blocks=3, features=8, widths=(4, 8, 5)),
        EdgeSRGANSpec(scale=4, blocks=1, features=8, up_features=3),
        EdgeSRGANSpec(scale=8, blocks=1, features=4),
    ],
)
def test_our_own_onnx_is_unfolded_exactly(tmp_path, spec):
    torch.manual_seed(3)
    original = spec.build().eval()
    export_onnx(original, tmp_path / "own.onnx")
    tensors = OnnxFile(tmp_path / "own.onnx")
    assert tensors.exported
    network = find_layout(tensors.shapes, None).network_of(tmp_path / "own.onnx", tensors)
    assert network.spec == spec
    for name, value in original.state_dict().items():
        torch.testing.assert_close(network.state_dict()[name], value, rtol=0, atol=0)
    export_onnx(network, tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == (tmp_path / "own.onnx").read_bytes()


def test_an_onnx_file_that_no_folding_makes_is_one_line(tmp_path):
    import onnx
    from onnx import numpy_helper

    path = tmp_path / "own.onnx"
    export_onnx(EdgeSRGANSpec(scale=4, blocks=1, features=4).build().eval(), path)
    model = onnx.load(path)
    (last,) = [tensor for tensor in model.graph.initializer if tensor.name == "network.last.weight"]
    changed = numpy_helper.to_array(last).copy()
    changed[0, -1] = 0.5  # where the fold leaves 0
    last.CopyFrom(numpy_helper.from_array(changed, last.name))
    onnx.save(model, path)
    tensors = OnnxFile(path)
    network = edgesrgan.LAYOUT.network_of(path, tensors)
    with pytest.raises(InputError, match=r"network\.last\.weight is not what export makes of any edgesrgan"):
        edgesrgan.check(path, network, tensors)
    last.raw_data = b""
    last.dims[:] = [48, 10**6, 1, 1]
    onnx.save(model, path)
    with pytest.raises(InputError, match=r"network\.last\.weight is 48x1000000x1x1, expected 48x16x1x1"):
        edgesrgan.LAYOUT.network_of(path, OnnxFile(path))


def test_shipped_networks_are_known_by_their_tensors():
    for name in ("edgesrgan_x4", "edgesrgan_tiny_x2_link", "edgesrgan_tiny_x8"):
        tensors = OnnxFile(resources.models() / f"{name}.onnx")
        spec = find_layout(tensors.shapes, None).describe(tensors.shapes)
        assert f"{name_of(spec)}_x{spec.scale}" == name.removesuffix("_link")
    assert not OnnxFile(resources.models() / "edgesrgan_x4_int8.onnx").exported
