import io
import os
import pickle

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch")
onnx = pytest.importorskip("onnx", reason="training needs onnx")

from edgesr_ros import resources  # noqa: E402
from edgesr_ros.training import export_lpips  # noqa: E402

CHANNELS = (3, 64, 192, 384, 256, 256)
SIZES = (11, 5, 3, 3, 3)


@pytest.fixture
def weights() -> dict[str, np.ndarray]:
    """Random weights that float16 holds exactly."""
    rng = np.random.default_rng(11)

    def draw(*shape: int) -> np.ndarray:
        return (rng.normal(size=shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float16).astype(np.float32)

    made = {}
    for index, size in enumerate(SIZES):
        made[f"conv{index}.weight"] = draw(CHANNELS[index + 1], CHANNELS[index], size, size)
        made[f"conv{index}.bias"] = draw(CHANNELS[index + 1])
        made[f"head{index}"] = np.abs(draw(1, CHANNELS[index + 1], 1, 1))
    return made


def by_torch(weights: dict[str, np.ndarray], a: np.ndarray, b: np.ndarray) -> float:
    """LPIPS as its authors write it: (H, W, 3) uint8 RGB each."""
    w = {name: torch.tensor(value) for name, value in weights.items()}
    x = torch.tensor(np.stack([a, b])).permute(0, 3, 1, 2).float() / 127.5 - 1
    x = (x - torch.tensor([-0.030, -0.088, -0.188])[:, None, None]) / torch.tensor([0.458, 0.448, 0.450])[
        :, None, None
    ]
    distance = 0.0
    for index, (stride, padding) in enumerate([(4, 2), (1, 2), (1, 1), (1, 1), (1, 1)]):
        if index in (1, 2):
            x = torch.nn.functional.max_pool2d(x, 3, 2)
        x = torch.relu(torch.conv2d(x, w[f"conv{index}.weight"], w[f"conv{index}.bias"], stride, padding))
        unit = x / (x.pow(2).sum(1, keepdim=True).sqrt() + 1e-10)
        distance += torch.conv2d((unit[:1] - unit[1:]) ** 2, w[f"head{index}"]).mean().item()
    return distance


def test_the_graph_computes_lpips(weights):
    rng = np.random.default_rng(12)
    session = onnxruntime.InferenceSession(export_lpips.build_model(weights).SerializeToString())
    for size in ((32, 32), (57, 83)):
        a, b = rng.integers(0, 256, (2, 2, *size, 3), np.uint8)
        (distances,) = session.run(None, {"a": a, "b": b})
        assert distances == pytest.approx([by_torch(weights, a[i], b[i]) for i in (0, 1)], rel=1e-4)


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
    assert np.array_equal(export_lpips.ArraysOnly(io.BytesIO(data)).load()["layer"], arrays["layer"])
    with pytest.raises(pickle.UnpicklingError, match="asks for"):
        export_lpips.ArraysOnly(io.BytesIO(pickle.dumps(os.getcwd))).load()
