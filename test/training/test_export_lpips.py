import io
import os
import pickle

import numpy as np
import onnxruntime
import pytest

from edgesr_ros.errors import InputError

torch = pytest.importorskip("torch", reason="training needs PyTorch")
onnx = pytest.importorskip("onnx", reason="training needs onnx")

from edgesr_ros import resources  # noqa: E402
from edgesr_ros.networks.perceptual import load_vgg16  # noqa: E402
from edgesr_ros.quality.lpips import Lpips  # noqa: E402
from edgesr_ros.training import export_lpips, export_perceptual, perceptual_weights  # noqa: E402

# Of each network: stride and padding of its convolutions, sizes of their kernels, channels, side of the
# maximum pooling before some of them, and those whose features are compared.
ALEX = ([(4, 2), (1, 2), (1, 1), (1, 1), (1, 1)], (11, 5, 3, 3, 3), (64, 192, 384, 256, 256), {1: 3, 2: 3})
VGG_CHANNELS = (64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)
VGG = ([(1, 1)] * 13, (3,) * 13, VGG_CHANNELS, {2: 2, 4: 2, 7: 2, 10: 2})
NETWORKS = {"alex": (*ALEX, (0, 1, 2, 3, 4)), "vgg": (*VGG, (1, 3, 6, 9, 12))}


def random_weights(network: str) -> dict[str, np.ndarray]:
    """Random weights that float16 holds exactly."""
    rng = np.random.default_rng(11)

    def draw(*shape: int) -> np.ndarray:
        gain = np.sqrt(2 / np.prod(shape[1:]))
        return (gain * rng.normal(size=shape)).astype(np.float16).astype(np.float32)

    _, sizes, channels, _, compared = NETWORKS[network]
    made = {}
    for index, (size, before, after) in enumerate(zip(sizes, (3, *channels), channels, strict=False)):
        made[f"conv{index}.weight"] = draw(after, before, size, size)
        made[f"conv{index}.bias"] = draw(after)
    for head, index in enumerate(compared):
        made[f"lin{head}.weight"] = np.abs(draw(1, channels[index], 1, 1))
    return made


def by_torch(network: str, weights: dict[str, np.ndarray], a: np.ndarray, b: np.ndarray) -> float:
    """LPIPS as its authors write it: (H, W, 3) uint8 RGB each."""
    geometry, _, _, pooled, compared = NETWORKS[network]
    w = {name: torch.tensor(value) for name, value in weights.items()}
    x = torch.tensor(np.stack([a, b])).permute(0, 3, 1, 2).float() / 127.5 - 1
    x = (x - torch.tensor([-0.030, -0.088, -0.188])[:, None, None]) / torch.tensor([0.458, 0.448, 0.450])[
        :, None, None
    ]
    distance = 0.0
    for index, (stride, padding) in enumerate(geometry):
        if index in pooled:
            x = torch.nn.functional.max_pool2d(x, pooled[index], 2)
        x = torch.relu(torch.conv2d(x, w[f"conv{index}.weight"], w[f"conv{index}.bias"], stride, padding))
        if index in compared:
            unit = x / (x.pow(2).sum(1, keepdim=True).sqrt() + 1e-10)
            head = w[f"lin{compared.index(index)}.weight"]
            distance += torch.conv2d((unit[:1] - unit[1:]) ** 2, head).mean().item()
    return distance


@pytest.mark.parametrize("network", ["alex", "vgg"])
def test_the_graph_computes_lpips(network):
    rng = np.random.default_rng(12)
    weights = random_weights(network)
    session = onnxruntime.InferenceSession(export_lpips.build_model(network, weights).SerializeToString())
    for size in ((32, 32), (57, 83)):
        a, b = rng.integers(0, 256, (2, 2, *size, 3), np.uint8)
        (distances,) = session.run(None, {"a": a, "b": b})
        expected = [by_torch(network, weights, a[i], b[i]) for i in (0, 1)]
        assert distances == pytest.approx(expected, rel=1e-4)


@pytest.mark.slow
def test_lpips_of_vgg_on_set5_as_published(shared, set5_bicubic, tmp_path):
    """The supplied figure is of bicubic that rounds once, at its end, as in test_lpips."""
    with np.load(shared / "data" / "perceptual" / "vgg16_conv13_plus_lpips_lins_oihw_f16.npz") as weights:
        onnx.save(export_lpips.build_model("vgg", dict(weights)), tmp_path / "vgg.onnx")
    with pytest.raises(InputError, match=r"vgg\.onnx: expected LPIPS of alex.*found 'lpips_vgg'"):
        Lpips(model=tmp_path / "vgg.onnx")
    lpips = Lpips(2, tmp_path / "vgg.onnx", "vgg")
    scores = [lpips(enlarged, high) for enlarged, high in set5_bicubic]
    assert np.mean(scores) == pytest.approx(0.2815, abs=5e-4)


def test_the_shipped_file_holds_the_published_weights(shared):
    published = np.load(shared / "data" / "perceptual" / "lpips_alex_oihw_f32.npz")
    model = onnx.load(resources.models() / "lpips_alex.onnx")
    held = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    for index in range(5):
        kernel = published[f"conv{index}.weight"].astype(np.float16)
        assert np.array_equal(held[f"conv{index}.weight.float16"], kernel)
        assert np.array_equal(held[f"conv{index}.bias"], published[f"conv{index}.bias"])
        assert np.array_equal(held[f"head{index}"], published[f"lin{index}.weight"])
    assert "BSD" in {entry.key: entry.value for entry in model.metadata_props}["license"]


def test_a_checkpoint_may_hold_arrays_and_nothing_else():
    arrays = {"layer": np.arange(6, dtype=np.float32).reshape(2, 3)}
    data = pickle.dumps(arrays, protocol=3).replace(b"numpy._core", b"numpy.core")
    assert np.array_equal(perceptual_weights.ArraysOnly(io.BytesIO(data)).load()["layer"], arrays["layer"])
    with pytest.raises(pickle.UnpicklingError, match="asks for"):
        perceptual_weights.ArraysOnly(io.BytesIO(pickle.dumps(os.getcwd))).load()


def test_the_perceptual_networks_are_written_as_training_reads_them(tmp_path):
    weights = random_weights("vgg")
    path = tmp_path / "perceptual" / "vgg16.npz"
    export_perceptual.write_arrays(path, export_perceptual.half_kernels(weights))
    network, heads = load_vgg16(path)
    assert np.array_equal(network.convolutions[12].weight.numpy(), weights["conv12.weight"])
    assert np.array_equal(network.convolutions[12].bias.numpy(), weights["conv12.bias"])
    assert [tuple(head.shape) for head in heads] == [(1, n, 1, 1) for n in (64, 128, 256, 512, 512)]
    with np.load(path) as arrays:
        assert {arrays[f"conv{index}.weight"].dtype for index in range(13)} == {np.dtype(np.float16)}
        assert arrays["lin0.weight"].dtype == np.float32
