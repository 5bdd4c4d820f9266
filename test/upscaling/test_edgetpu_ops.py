import contextlib

import numpy as np
import pytest

from edgesr_ros import resources
from edgesr_ros.errors import InputError
from edgesr_ros.upscaling.card import EdgeTpuOps, read_card
from edgesr_ros.upscaling.edgetpu_ops import count_ops, list_ops

schema = pytest.importorskip("ai_edge_litert.schema_py_generated", reason="ai-edge-litert has the schema")
flatbuffers = pytest.importorskip(
    "flatbuffers", reason="flatbuffers (comes with ai-edge-litert) writes models"
)


@pytest.fixture
def change(make_tflite):
    """Write the small int8 model (QUANTIZE, TRANSPOSE_CONV, TANH) after a change to its object tree."""

    def write(edit):
        path = make_tflite("uint8")
        model = schema.ModelT.InitFromPackedBuf(path.read_bytes())
        edit(model, model.subgraphs[0])
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        path.write_bytes(bytes(builder.Output()))
        return path

    return write


def refusals(path):
    return [op.refusal for op in list_ops(path)]


def test_int8_model_is_taken_whole(make_tflite):
    path = make_tflite("uint8")
    assert list_ops(path) == [("QUANTIZE", 1, None), ("TRANSPOSE_CONV", 3, None), ("TANH", 2, None)]
    assert count_ops(list_ops(path)) == EdgeTpuOps(ops=3, on_tpu=3)


def test_shipped_float_models_are_refused_for_their_numbers():
    path = resources.models() / "edgesrgan_tiny_x4_psnr.tflite"
    ops = list_ops(path)
    assert ops[1] == ("CONV_2D", 1, "FLOAT32 tensor, expected INT8 or UINT8")
    assert count_ops(list_ops(path)).on_tpu == 0


def test_shipped_int8_models_are_taken_whole_and_say_so():
    paths = sorted(resources.models().glob("*_int8.tflite"))
    assert paths
    for path in paths:
        count = count_ops(list_ops(path))
        assert count.on_tpu == count.ops > 0
        assert read_card(path).edgetpu == count


def set_code(name, version):
    def edit(model, _):
        code = model.operatorCodes[1]
        code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, name)
        code.version = version

    return edit


def set_shape(*shape):
    def edit(_, graph):
        graph.tensors[graph.operators[1].outputs[0]].shape = list(shape)

    return edit


def free_side(_, graph):
    graph.tensors[graph.operators[1].outputs[0]].shapeSignature = [1, -1, 12, 3]


def outside(model, graph):
    kernel = model.buffers[graph.tensors[graph.operators[1].inputs[1]].buffer]
    kernel.data, kernel.offset, kernel.size = None, 4096, 36


def float_bias(_, graph):
    graph.tensors[graph.operators[1].inputs[3]].type = schema.TensorType.FLOAT32


def wide_activation(_, graph):
    graph.tensors[graph.operators[1].outputs[0]].type = schema.TensorType.INT32


@pytest.mark.parametrize(
    ("edit", "refusal"),
    [
        (set_code("TRANSPOSE_CONV", 4), "version 4, edgetpu_compiler 16 knows 3 at most"),
        (set_code("CONV_2D", 6), "version 6, edgetpu_compiler 16 knows 5 at most"),
        (set_code("DEPTH_TO_SPACE", 1), "not an operation of the Edge TPU"),
        (set_shape(2, 10, 12, 3), "batch of 2, expected 1"),
        (set_shape(1, 1, 10, 12, 3), "5 axes, expected 4 at most"),
        (free_side, "dynamic shape (1, -1, 12, 3)"),
        (outside, "constant outside of the flatbuffer"),
        (float_bias, "FLOAT32 tensor, expected INT8 or UINT8 or INT32"),
        (wide_activation, "INT32 tensor, expected INT8 or UINT8"),
    ],
)
def test_refusal_says_why_and_ends_the_part_on_the_device(change, edit, refusal):
    path = change(edit)
    before, refused, after = refusals(path)
    assert before is None
    assert refused == refusal
    assert after is not None
    assert count_ops(list_ops(path)) == EdgeTpuOps(ops=3, on_tpu=1)


def test_what_follows_a_refused_operator_stays_on_the_cpu(change):
    assert refusals(change(set_code("DEPTH_TO_SPACE", 1)))[2] == "follows an operator that stays on the CPU"


def test_compiled_operator_is_on_the_device(change):
    def edit(model, _):
        code = model.operatorCodes[1]
        code.builtinCode = schema.BuiltinOperator.CUSTOM
        code.deprecatedBuiltinCode, code.customCode = code.builtinCode, "edgetpu-custom-op"

    assert [(op.name, op.refusal) for op in list_ops(change(edit))][1] == ("edgetpu-custom-op", None)


def test_operator_code_of_old_files(change):
    def edit(model, _):
        for code in model.operatorCodes:  # files of before 2020 have only the field of one byte
            code.builtinCode = 0

    assert [op.name for op in list_ops(change(edit))] == ["QUANTIZE", "TRANSPOSE_CONV", "TANH"]


def test_optional_input_that_is_left_out(change):
    def edit(_, graph):
        graph.operators[1].inputs = [*graph.operators[1].inputs[:3], -1]  # no bias

    assert refusals(change(edit)) == [None, None, None]


@pytest.mark.parametrize("kind", ["empty", "text", "cut", "no operators", "missing", "folder"])
def test_files_that_cannot_be_checked_are_one_line(change, tmp_path, kind):
    path = change(lambda _, graph: setattr(graph, "operators", []) if kind == "no operators" else None)
    content = path.read_bytes()
    contents = {"empty": b"", "text": b"not a model" * 50, "cut": content[: len(content) // 2]}
    path.write_bytes(contents.get(kind, content))
    path = {"missing": tmp_path / "none.tflite", "folder": tmp_path}.get(kind, path)
    with pytest.raises(InputError, match=r"TFLite model|cannot be read") as error:
        list_ops(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_damage_anywhere_is_an_input_error_or_another_model(make_tflite):
    path = make_tflite("uint8")
    content, rng = path.read_bytes(), np.random.default_rng(0)
    for _ in range(100):
        damaged = bytearray(content)
        for place in rng.integers(8, len(content), 20):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        with contextlib.suppress(InputError):
            assert list_ops(path)
