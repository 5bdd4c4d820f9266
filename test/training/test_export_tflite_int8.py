import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks are torch modules: requirements/train.txt")
pytest.importorskip("litert_torch", reason="writes TFLite: requirements/export.txt")
pytestmark = pytest.mark.filterwarnings("default")  # litert-torch's own

from ai_edge_litert import schema_py_generated as schema  # noqa: E402
from ai_edge_litert.interpreter import Interpreter  # noqa: E402

from edgesr_ros.errors import InputError  # noqa: E402
from edgesr_ros.networks import create_network  # noqa: E402
from edgesr_ros.networks.fold import PictureModel  # noqa: E402
from edgesr_ros.quality.distortion import psnr  # noqa: E402
from edgesr_ros.training.export_tflite_int8 import (  # noqa: E402
    INPUT_RANGE,
    OUTPUT_RANGE,
    _best_range,
    export_tflite_int8,
)
from edgesr_ros.upscaling.card import InputSize, ModelCard, file_sha256  # noqa: E402
from edgesr_ros.upscaling.edgetpu_ops import list_ops  # noqa: E402
from edgesr_ros.upscaling.litert import LiteRtUpscaler  # noqa: E402

SIZE = InputSize(width=24, height=20)


def picture(seed):
    """Smooth colours that reach black and white."""
    y, x = np.mgrid[: SIZE.height, : SIZE.width, :1][:2]
    waves = np.sin(x / (3, 5, 8) + y / (7, 4, 2) + seed)
    return (127.5 + 140 * waves).clip(0, 255).astype(np.uint8)


def create(scale):
    """Random weights, larger than at the start of a training so that the output spans dark to bright."""
    torch.manual_seed(scale)
    network = create_network("edgesrgan_tiny", scale).eval().requires_grad_(False)
    network.up[2].weight *= 8
    return network


@pytest.fixture(scope="module", params=[2, 4, 8])
def exported(request, tmp_path_factory):
    network = create(request.param)
    path = tmp_path_factory.mktemp("int8") / "model.tflite"
    export_tflite_int8(network, path, SIZE, [picture(seed) for seed in range(4)])
    return network, path


def load(network, path):
    facts = {"name": "m", "network": "edgesrgan_tiny", "parameters": 1, "macs_per_pixel": 1}
    facts |= {"steps": 1, "figures": {}}
    texts = dict.fromkeys(["training_degradation", "training_data", "recipe", "licence", "limits"], "")
    card = ModelCard(
        **facts,
        **texts,
        scale=network.scale,
        format="tflite",
        precision="int8",
        input_size=SIZE,
        input_range=INPUT_RANGE,
        output_range=OUTPUT_RANGE,
        colour_order="RGB",
        sha256=file_sha256(path),
    )
    return LiteRtUpscaler(path, card, 1)


def test_edge_tpu_takes_every_operator(exported):
    ops = list_ops(exported[1])
    assert [op.refusal for op in ops] == [None] * len(ops)
    versions = {op.name: op.version for op in ops}
    assert versions == {"QUANTIZE": 1, "CONV_2D": 3, "ADD": 2, "TRANSPOSE_CONV": 3, "TANH": 2}
    assert ops[-1].name == "TANH"


def test_transposed_convolutions_have_no_activation_of_their_own(exported):
    graph = schema.ModelT.InitFromPackedBuf(exported[1].read_bytes()).subgraphs[0]
    transposed = [op for op in graph.operators if isinstance(op.builtinOptions, schema.TransposeConvOptionsT)]
    # At scale 2 the first has a kernel of one pixel and has become a convolution.
    assert len(transposed) == (1 if exported[0].scale == 2 else 2)
    assert {op.builtinOptions.fusedActivationFunction for op in transposed} == {0}
    for operator in transposed[:-1]:
        assert graph.tensors[operator.outputs[0]].quantization.zeroPoint[0] == -128  # the ReLU


def test_black_and_white_are_the_ends_of_the_codes(exported):
    interpreter = Interpreter(model_path=str(exported[1]))
    (entry,), (end,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert (entry["dtype"], end["dtype"]) == (np.uint8, np.int8)
    assert entry["quantization"] == (pytest.approx(1 / 255), 0)
    assert end["quantization"] == (1 / 128, 0)


def test_comes_close_to_the_network_on_other_pictures(exported):
    network, path = exported
    rgb = picture(9.5)
    expected = PictureModel(network)(torch.from_numpy(rgb[None]))[0].numpy()
    assert np.ptp(expected) > 100  # or agreement would mean little
    assert psnr(load(network, path).upscale(rgb), expected) > 36


@pytest.mark.parametrize("pictures", [[], [np.zeros((24, 20, 3), np.uint8)], [np.zeros((20, 24, 3))]])
def test_calibration_of_another_size_or_type(tmp_path, pictures):
    with pytest.raises(InputError, match=r"calibration: expected \(20, 24, 3\) uint8 pictures, got"):
        export_tflite_int8(create(4), tmp_path / "model.tflite", SIZE, pictures)


def test_range_gives_up_an_outlier_for_finer_steps():
    values = np.append(np.random.default_rng(0).normal(0, 1, 100_000), 12.0)
    low, high = _best_range(values)
    assert values.min() <= low < -3
    assert 3 < high < 12
    assert _best_range(np.array([0.0, 1.0, 3.0])) == (0.0, 3.0)
    assert _best_range(np.zeros(5)) == (0.0, 1.0)
