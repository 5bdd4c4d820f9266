from collections import Counter

import cv2
import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="the networks are torch modules: requirements/train.txt")
onnx = pytest.importorskip("onnx", reason="writes ONNX: requirements/train.txt")

from edgesr_ros.networks.edgesrgan import EdgeSRGANSpec  # noqa: E402
from edgesr_ros.networks.fold import PictureModel  # noqa: E402
from edgesr_ros.quality.distortion import psnr  # noqa: E402
from edgesr_ros.training.export_onnx_int8 import export_onnx_int8  # noqa: E402

BLOCKS = 2


def picture(seed, height=40, width=48):
    """Smooth colours and sharp edges, dark to bright."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (5, 6, 3)).astype(np.float32)
    rgb = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)
    for value in (0, 255):
        y, x = int(rng.integers(height - 8)), int(rng.integers(width - 8))
        rgb[y : y + 8, x : x + 8] = value
    return rgb


def make(scale):
    torch.manual_seed(scale)
    network = EdgeSRGANSpec(blocks=BLOCKS, features=16, scale=scale).build().eval().requires_grad_(False)
    network.up[2].weight *= 20
    return network


def in_torch(network, rgb):
    return PictureModel(network)(torch.from_numpy(rgb[None]))[0].numpy()


def session(path, **options):
    chosen = onnxruntime.SessionOptions()
    chosen.log_severity_level = 3
    for name, value in options.items():
        setattr(chosen, name, value)
    return onnxruntime.InferenceSession(path, chosen, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module", params=[2, 4, 8])
def exported(request, tmp_path_factory):
    network = make(request.param)
    path = tmp_path_factory.mktemp("int8") / "model.onnx"
    export_onnx_int8(network, path, [picture(seed) for seed in range(6)])
    return network, path


def test_pictures_come_out_like_the_networks(exported):
    network, path = exported
    run = session(path).run
    for size in ((40, 48), (33, 17)):  # any
        rgb = picture(100, *size)
        expected = in_torch(network, rgb)
        assert np.ptp(expected) > 60  # or agreement would mean little
        assert psnr(run(["enlarged"], {"picture": rgb[None]})[0][0], expected) > 38


def test_what_runs_is_integer_arithmetic(exported, tmp_path):
    _, path = exported
    optimized = tmp_path / "optimized.onnx"
    session(path, optimized_model_filepath=str(optimized))
    nodes = onnx.load(optimized).graph.node
    counts = Counter(node.op_type for node in nodes)
    shape = {"Shape", "Mul", "Concat", "Reshape"}  # of the enlarged picture
    shape |= {"Neg", "Mod", "Pad", "Slice"}  # of four pixels side by side
    assert counts.keys() - shape == {"QLinearConv", "QLinearAdd", "QLinearSigmoid", "Transpose"}
    assert counts["QLinearConv"] == 1 + 2 * BLOCKS + 3
    assert counts["Transpose"] == 1  # the last shuffle; the picture's own order suits the convolutions
    convolutions = [node for node in nodes if node.op_type == "QLinearConv"]
    groups = [onnx.helper.get_node_attr_value(node, "group") for node in convolutions]
    assert set(groups) == {1}  # which all run on the fast kernels


def test_the_file_is_small_and_for_old_runtimes(exported):
    network, path = exported
    weights = sum(value.numel() for value in network.state_dict().values())
    dense = network.up[2].weight.numel() * network.up[0].stride[0] ** 4
    wide = network.head[0].weight.numel() * 4 * 4 // 3  # four outputs, each with 4 · 3 columns for 9
    assert path.stat().st_size < weights + dense + wide + 30_000
    model = onnx.load(path)
    assert {entry.domain: entry.version for entry in model.opset_import}[""] == 17
    assert {node.domain for node in model.graph.node} <= {"", "ai.onnx"}
    assert model.ir_version == 8


def test_inputs_and_outputs_are_those_of_the_float_model(exported):
    graph = onnx.load(exported[1]).graph
    found = [
        (
            tensor.name,
            tensor.type.tensor_type.elem_type,
            [side.dim_param or side.dim_value for side in tensor.type.tensor_type.shape.dim],
        )
        for tensor in (*graph.input, *graph.output)
    ]
    assert found == [
        ("picture", onnx.TensorProto.UINT8, [1, "height", "width", 3]),
        ("enlarged", onnx.TensorProto.UINT8, [1, "enlarged_height", "enlarged_width", 3]),
    ]


def test_exporting_again_gives_the_same_file(tmp_path):
    pictures = [picture(seed) for seed in range(3)]
    for name in ("a", "b"):
        export_onnx_int8(make(2), tmp_path / name, pictures)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_one_odd_picture_does_not_coarsen_all_others(tmp_path):
    """A range that held the outlier's values too would spend most of its steps on it."""
    network, plain = make(4), [picture(seed) // 4 + 96 for seed in range(9)]
    odd = np.random.default_rng(0).integers(0, 2, (40, 48, 3), np.uint8) * 255
    ratios = []
    for name, pictures in (("plain", plain), ("with", [*plain, odd])):
        export_onnx_int8(network, tmp_path / name, pictures)
        rgb = picture(50) // 4 + 96
        (enlarged,) = session(tmp_path / name).run(None, {"picture": rgb[None]})
        ratios.append(psnr(enlarged[0], in_torch(network, rgb)))
    assert ratios[1] > ratios[0] - 1
