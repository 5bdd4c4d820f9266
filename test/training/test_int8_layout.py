"""Without torch: on small graphs made by hand, quantized as `export_onnx_int8` does it."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgesr_ros.training.int8_layout import widen_head

FEATURES = 8
SIZES = [(1, 1), (1, 2), (3, 3), (2, 4), (5, 6), (4, 9), (12, 17)]  # height, width


class Builder:
    """A graph of one convolution, with random weights, scales and biases for each channel."""

    def __init__(self):
        self.rng = np.random.default_rng(0)
        self.nodes, self.initializers = [], []

    def constant(self, name, value):
        self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, kind, inputs, output, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [output], output, **attributes))
        return output

    def steps(self, name, scale, zero_point):
        return [self.constant(f"{name}_scale", np.float32(scale)), self.constant(f"{name}_zero", zero_point)]

    def conv(self, codes, weights):
        """uint8 codes → uint8 codes."""
        outputs, side = len(weights), weights.shape[-1]
        scales = self.rng.uniform(0.001, 0.004, outputs).astype(np.float32)
        values = {
            "weights": [weights, scales, np.zeros(outputs, np.int8)],
            "bias": [
                self.rng.integers(-9999, 9999, outputs, np.int32),
                scales / np.float32(255),
                np.zeros(outputs, np.int32),
            ],
        }
        source = self.node("DequantizeLinear", [codes, *self.steps("in", 1 / 255, np.uint8(0))], "in")
        parameters = [
            self.node(
                "DequantizeLinear",
                [self.constant(f"{name}_{i}", value) for i, value in enumerate(three)],
                name,
                axis=0,
            )
            for name, three in values.items()
        ]
        sides = {"kernel_shape": [side] * 2, "pads": [side // 2] * 4}
        result = self.node("Conv", [source, *parameters], "result", **sides)
        steps = self.steps("out", 0.02, np.uint8(90))
        codes = self.node("QuantizeLinear", [result, *steps], "codes")
        real = self.node("DequantizeLinear", [codes, *steps], "real")  # which makes it run in integers
        return self.node("QuantizeLinear", [real, *steps], "given")

    def weights(self, *shape):
        return self.rng.integers(-127, 128, shape, np.int8)

    def model(self, source, shape):
        """From the tensor `source` of a shape to "given"."""
        tensors = [
            helper.make_tensor_value_info(name, TensorProto.UINT8, sides)
            for name, sides in ((source, shape), ("given", [None] * 4))
        ]
        graph = helper.make_graph(self.nodes, "made", tensors[:1], tensors[1:], self.initializers)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def head():
    """Reads pictures (1, H, W, 3)."""
    builder = Builder()
    planes = builder.node("Transpose", ["picture"], "planes", perm=[0, 3, 1, 2])
    builder.conv(planes, builder.weights(FEATURES, 3, 9, 9))
    return builder.model("picture", [1, None, None, 3])


def copy(model):
    other = onnx.ModelProto()
    other.CopyFrom(model)
    return other


def run(model, value):
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(["given"], {session.get_inputs()[0].name: value})[0]


def noise(*shape):
    return np.random.default_rng(len(shape)).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize("size", SIZES)
def test_a_head_that_reads_four_pixels_gives_the_same_bytes(size):
    plain = head()
    wide = copy(plain)
    widen_head(wide.graph)
    picture = noise(1, *size, 3)
    expected = run(plain, picture)
    assert np.ptp(expected) > 40  # or equality would mean little
    np.testing.assert_array_equal(run(wide, picture), expected)


def test_the_head_reads_twelve_channels():
    wide = head()
    widen_head(wide.graph)
    shapes = [list(tensor.dims) for tensor in wide.graph.initializer if tensor.name == "weights_0"]
    assert shapes == [[4 * FEATURES, 12, 9, 3]]


def test_what_is_laid_out_stays_as_it_is():
    model = head()
    before = model.SerializeToString()
    widen_head(model.graph)
    once = model.SerializeToString()
    assert once != before
    widen_head(model.graph)
    assert model.SerializeToString() == once
