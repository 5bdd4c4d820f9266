"""Networks that others exported: `edgesr import` makes models that all commands and nodes take."""

from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgesr_ros.cli.main import main
from edgesr_ros.defaults import defaults_of
from edgesr_ros.ends.ground import Ground
from edgesr_ros.ends.restorer import GroundSettings, Restorer
from edgesr_ros.ends.robot import Robot
from edgesr_ros.ends.robot_settings import RobotSettings
from edgesr_ros.quality.evaluated import EvaluatedModel
from edgesr_ros.schema import convert
from edgesr_ros.sources.files import read_image, write_image
from edgesr_ros.upscaling.card import InputSize, file_sha256, read_card
from edgesr_ros.upscaling.catalog import load_upscaler

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

USERS = Path(__file__).with_name("user_x4_nchw_float.onnx")


def write(path, nodes, shape, constants=(), kind=TensorProto.FLOAT, opset=13, outputs=("out",)):
    """A graph from `in` to `out`, as an exporter writes it."""
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("in", kind, shape)],
        [helper.make_tensor_value_info(name, kind, None) for name in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.save(model, path)
    return path


def blocks(
    path, scale, low, high, layout="nchw", sides=("h", "w"), before=(), dtype=np.float32, bias=0, gain=1
):
    """Makes of each pixel a block of `scale` x `scale`, gain · pixel + bias, and clips that to low..high."""
    first, last = ("in", "clipped") if layout == "nchw" else ("turned", "clipped")
    weights = np.zeros((3 * scale * scale, 3, 1, 1), dtype)
    for channel in range(3):
        weights[channel::3, channel] = gain  # DepthToSpace, DCR
    nodes = [helper.make_node("Transpose", ["in"], ["turned"], perm=[0, 3, 1, 2])] if layout == "nhwc" else []
    for node, arguments in before:
        nodes.append(helper.make_node(node, [first], [f"{first}_"], **arguments))
        first = f"{first}_"
    nodes += [
        helper.make_node("Conv", [first, "weights", "biases"], ["deep"]),
        helper.make_node("DepthToSpace", ["deep"], ["flat"], blocksize=scale),
        helper.make_node("Clip", ["flat", "low", "high"], [last if layout == "nhwc" else "out"]),
    ]
    if layout == "nhwc":
        nodes.append(helper.make_node("Transpose", [last], ["out"], perm=[0, 2, 3, 1]))
    biases = np.full(len(weights), bias, dtype)
    constants = [
        ("weights", weights),
        ("biases", biases),
        ("low", np.array(low, dtype)),
        ("high", np.array(high, dtype)),
    ]
    shape = [1, 3, *sides] if layout == "nchw" else [1, *sides, 3]
    kind = TensorProto.FLOAT16 if dtype == np.float16 else TensorProto.FLOAT
    return write(path, nodes, shape, constants, kind)


def blown_up(rgb, scale):
    return rgb.repeat(scale, axis=0).repeat(scale, axis=1)


@pytest.fixture
def imported(tmp_path, monkeypatch):
    """Imports into a folder of its own; the path of the model."""
    monkeypatch.chdir(tmp_path)

    def run(source, scale, *options):
        assert main(["import", str(source), "--scale", str(scale), *options]) == 0
        return tmp_path / f"{Path(source).stem}_x{scale}.onnx"

    return run


def test_the_users_network_works_in_every_command(imported, photograph, tmp_path, capsys):
    model = imported(USERS, 4)
    said = capsys.readouterr().out
    assert "nchw, 0..1" in said
    assert str(model.name) in said
    small = photograph[:60, :81]
    write_image(tmp_path / "data/small.png", small)
    assert main(["upscale", "data/small.png", "--model", str(model), "--output", "large.png"]) == 0
    made = read_image(tmp_path / "large.png")
    expected = cv2.resize(small, (324, 240), interpolation=cv2.INTER_LINEAR)
    assert np.abs(made.astype(int) - expected).max() <= 2
    assert main(["evaluate", str(model), "--data", str(tmp_path / "data")]) == 0
    assert main(["upscale", "data/small.png", "--model", str(USERS)]) == 2
    assert "`edgesr import` does" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("layout", "into", "out", "scale", "dtype", "gain", "bias"),
    [
        ("nchw", (0, 1), (0, 1), 3, np.float32, 1, 0),
        ("nhwc", (0, 1), (0, 1), 2, np.float16, 1, 0),
        ("nhwc", (-1, 1), (0, 1), 4, np.float32, 0.5, 0.5),
        ("nchw", (0, 1), (0, 255), 2, np.float32, 255, 0),
    ],
)
def test_layout_and_range_are_found_out(
    imported, photograph, tmp_path, layout, into, out, scale, dtype, gain, bias
):
    source = blocks(tmp_path / "net.onnx", scale, *out, layout=layout, dtype=dtype, gain=gain, bias=bias)
    model = imported(source, scale)
    card = read_card(model)
    assert (card.scale, card.input_range, card.output_range) == (scale, into, out)
    assert card.precision == np.dtype(dtype).name
    assert card.margin <= 4
    upscaler = load_upscaler(str(model))
    off = np.abs(upscaler.upscale(photograph[:51, :70]).astype(int) - blown_up(photograph[:51, :70], scale))
    assert off.max() <= (1 if dtype == np.float16 else 0)


@pytest.mark.parametrize("scale", [2, 5, 8])
def test_the_scale_is_found_out(tmp_path, monkeypatch, scale):
    monkeypatch.chdir(tmp_path)
    source = blocks(tmp_path / "net.onnx", scale, 0, 1)
    assert main(["import", str(source), "--licence", "MIT"]) == 0
    card = read_card(tmp_path / f"net_x{scale}.onnx")
    assert (card.scale, card.licence) == (scale, "MIT")
    assert card.recipe == f"imported from net.onnx (sha256 {file_sha256(source)})"


def test_what_is_said_is_not_guessed(imported, tmp_path, photograph):
    # Everything ends at 1: half of the pictures of 0..255 are white, but the user knows best.
    source = blocks(tmp_path / "net.onnx", 2, 0, 1)
    model = imported(source, 2, "--range", "0..255", "--layout", "nchw")
    assert read_card(model).input_range == (0, 255)
    assert load_upscaler(str(model)).upscale(photograph[:20, :20]).max() <= 1


def test_a_network_of_one_size_is_used_in_tiles(imported, tmp_path, photograph):
    model = imported(blocks(tmp_path / "net.onnx", 3, 0, 1, sides=(24, 32)), 3)
    assert read_card(model).input_size == InputSize(width=32, height=24)
    for backend in ["onnxruntime", *(["openvino"] if find_spec("openvino") else [])]:
        made = load_upscaler(str(model), backend).upscale(photograph[:70, :101])
        np.testing.assert_array_equal(made, blown_up(photograph[:70, :101], 3))
    evaluated = EvaluatedModel.load(str(model), None, 1)
    np.testing.assert_array_equal(
        evaluated.upscale(photograph[:70, :101]), blown_up(photograph[:70, :101], 3)
    )


def test_a_network_that_takes_multiples_of_8_alone_is_used_in_tiles(imported, tmp_path, photograph):
    windows = [("SpaceToDepth", {"blocksize": 8}), ("DepthToSpace", {"blocksize": 8})]
    model = imported(blocks(tmp_path / "net.onnx", 2, 0, 1, before=windows), 2)
    assert read_card(model).input_size is not None
    made = load_upscaler(str(model)).upscale(photograph[:150, :203])
    np.testing.assert_array_equal(made, blown_up(photograph[:150, :203], 2))


def test_the_reach_is_measured(imported, tmp_path):
    source = tmp_path / "net.onnx"
    kernel = np.zeros((3, 3, 13, 13), np.float32)
    for channel in range(3):
        kernel[channel, channel] = 1 / 169
    nodes = [
        helper.make_node("Conv", ["in", "kernel"], ["blurred"], pads=[6] * 4),
        helper.make_node("Resize", ["blurred", "", "scales"], ["out"], mode="nearest"),
    ]
    constants = [("kernel", kernel), ("scales", np.array([1, 1, 2, 2], np.float32))]
    model = imported(write(source, nodes, [1, 3, "h", "w"], constants), 2)
    card = read_card(model)
    assert 6 <= card.margin <= 9
    assert card.macs_per_pixel == 9 * 169
    assert card.parameters == 9 * 169 + 4


def test_three_times_from_robot_to_operator(imported, tmp_path, photograph):
    model = imported(blocks(tmp_path / "net.onnx", 3, 0, 1), 3)
    robot = Robot(
        convert(
            defaults_of("onboard") | {"ladder": "none", "scale": 3, "codec": "png", "max_frame_bytes": 10**6},
            RobotSettings,
            "test",
        )
    )
    packet = robot.encode(0.0, photograph)
    received = Ground().decode(1, packet.data, packet.format.text())
    known = GroundSettings.__struct_fields__
    values = defaults_of("ground_station") | {"model": str(model), "backend": "onnxruntime", "deadline": 30.0}
    restorer = Restorer(convert({key: values[key] for key in known}, GroundSettings, "test"), print)
    made = restorer.restore(received)
    restorer.close()
    assert (made.method, made.model) == ("sr", "net_x3")
    np.testing.assert_array_equal(made.picture, blown_up(received.picture, 3)[:384, :480])


def luma(path):
    return write(path, [helper.make_node("Identity", ["in"], ["out"])], [1, 1, "h", "w"])


def constant(path):
    nodes = [
        helper.make_node("Mul", ["in", "nothing"], ["black"]),
        helper.make_node("Resize", ["black", "", "scales"], ["out"], mode="nearest"),
    ]
    constants = [("nothing", np.float32(0)), ("scales", np.array([1, 1, 4, 4], np.float32))]
    return write(path, nodes, [1, 3, "h", "w"], constants)


def two(path):
    nodes = [helper.make_node("Identity", ["in"], [name]) for name in ("out", "more")]
    return write(path, nodes, [1, 3, "h", "w"], outputs=("out", "more"))


def cut(path):
    path.write_bytes(USERS.read_bytes()[:70])
    return path


def integers(path):
    nodes = [helper.make_node("Identity", ["in"], ["out"])]
    return write(path, nodes, [1, 3, "h", "w"], kind=TensorProto.INT64)


@pytest.mark.parametrize(
    ("make", "options", "reason"),
    [
        (luma, [], "takes (1, 1, ?, ?), expected pictures of three channels"),
        (constant, [], "nothing like a picture enlarged 4 times comes out"),
        (two, [], "1 inputs and 2 outputs, expected one picture in and one out"),
        (cut, [], "not an ONNX model"),
        (integers, [], "in is INT64, expected one of FLOAT"),
        (lambda path: blocks(path, 2, 0, 1), [], "which is not --scale 4"),
        (lambda path: blocks(path, 4, 0, 1), ["--layout", "nhwc"], "--layout nhwc"),
        (lambda path: path, [], "cannot be read (No such file or directory)"),
        (lambda path: blocks(path, 4, 0, 1), ["--output", "no/such.onnx"], "cannot be written (No such file"),
        (lambda path: blocks(path, 4, 0, 1), ["--output", "wrong.onnx"], "is the input"),
        (lambda path: blocks(path, 4, 0, 1), ["--output", "net.tflite"], "ends with .onnx"),
        (lambda path: blocks(path, 4, 0, 1), ["--scale", "9"], "--scale: expected 2 to 8, got 9"),
    ],
)
def test_wrong_files_give_one_line(tmp_path, monkeypatch, capfd, make, options, reason):
    monkeypatch.chdir(tmp_path)
    source = make(tmp_path / "wrong.onnx")
    assert main(["import", str(source), "--scale", "4", *options]) == 2
    said = capfd.readouterr().err
    assert reason in said
    assert len(said.splitlines()) == 1
    assert not list(tmp_path.glob("*_x4.onnx*"))
