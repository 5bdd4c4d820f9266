import sys

import numpy as np
import pytest

from edgesr_ros import resources
from edgesr_ros.upscaling.litert_fold import without_transposed_convolutions

interpreter = pytest.importorskip("ai_edge_litert.interpreter", reason="needs ai-edge-litert")

SHIPPED = sorted(resources.models().glob("*.tflite"))
FLOAT16 = "_float16"  # its weights are made by operators of their own


def run(content, picture):
    """What a model makes of a picture of any size, and its operators."""
    model = interpreter.Interpreter(model_content=content, num_threads=1)
    (entry,) = model.get_input_details()
    model.resize_tensor_input(entry["index"], picture.shape)
    model.allocate_tensors()
    model.set_tensor(entry["index"], picture.astype(entry["dtype"]))
    model.invoke()
    operators = {operator["op_name"] for operator in model._get_ops_details()}
    return model.get_tensor(model.get_output_details()[0]["index"]), operators


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_models_give_the_same_samples(path):
    whole = path.read_bytes()
    folded = without_transposed_convolutions(whole)
    picture = np.random.default_rng(0).integers(0, 256, (1, 24, 37, 3))
    expected, _ = run(whole, picture)
    samples, operators = run(folded, picture)
    np.testing.assert_allclose(samples.astype(float), expected, rtol=0, atol=1e-3)
    if FLOAT16 in path.stem:
        assert folded is whole
    else:
        assert "TRANSPOSE_CONV" not in operators


@pytest.mark.parametrize("kind", ["int8", "uint8"])
def test_known_answers_stay(make_tflite, kind):
    whole = make_tflite(kind).read_bytes()
    picture = np.random.default_rng(1).integers(0, 128, (1, 5, 6, 3))
    expected, _ = run(whole, picture)
    samples, operators = run(without_transposed_convolutions(whole), picture)
    np.testing.assert_array_equal(samples, expected)
    assert {"CONV_2D", "DEPTH_TO_SPACE"} <= operators


def test_without_a_bias_it_stays_as_it_is(make_tflite):
    whole = make_tflite("float32").read_bytes()
    assert without_transposed_convolutions(whole) is whole


def test_without_the_schema_it_stays_as_it_is(make_tflite, monkeypatch):
    whole = make_tflite("int8").read_bytes()
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    assert without_transposed_convolutions(whole) is whole
