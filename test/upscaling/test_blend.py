import re
import shutil
import sys

import numpy as np
import pytest
from model_pairs import GAN, PSNR, give_card, make_pair

from edgesr_ros import resources
from edgesr_ros.errors import InputError
from edgesr_ros.upscaling.blend import Blend, find_pair
from edgesr_ros.upscaling.card import read_card

onnx = pytest.importorskip("onnx", reason="interpolation needs the onnx package")


@pytest.fixture
def pair(tmp_path):
    gan, psnr = make_pair(tmp_path)
    return find_pair(str(gan), str(psnr))


def weights(model):
    return {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def at(blend, alpha):
    return weights(onnx.load_model_from_string(blend.at(alpha)))


def change(path, edit):
    """Edit a model file and give it the card of the new content."""
    card = read_card(path)
    model = onnx.load(path)
    edit(model)
    onnx.save(model, path)
    give_card(path, card)


def test_ends_are_exactly_the_two_models(pair):
    blend = Blend(pair)
    for alpha, path in ((0.0, pair.gan), (1.0, pair.psnr), (0.0, pair.gan)):
        found, expected = at(blend, alpha), weights(onnx.load(path))
        assert found.keys() == expected.keys()
        assert all(np.array_equal(found[name], expected[name]) for name in expected)


def test_between_every_weight_is_between(pair):
    gan, psnr = weights(onnx.load(pair.gan)), weights(onnx.load(pair.psnr))
    found = at(Blend(pair), 0.25)
    for name in gan:
        assert found[name].dtype == np.float32
        np.testing.assert_allclose(found[name], 0.25 * psnr[name] + 0.75 * gan[name], atol=1e-6)
    assert any((found[name] != gan[name]).any() for name in gan)


def test_what_both_have_in_common_is_not_even_rounded(pair):
    gan, psnr = weights(onnx.load(pair.gan)), weights(onnx.load(pair.psnr))
    common = [name for name in gan if np.array_equal(gan[name], psnr[name])]
    assert len(common) == len(gan) // 2  # the biases
    for alpha in (0.1, 0.3, 0.7):
        found = at(Blend(pair), alpha)
        assert all(np.array_equal(found[name], gan[name]) for name in common)


@pytest.mark.parametrize("name", [GAN, f"{GAN}_link"])
def test_the_sibling_is_found_by_name_beside_the_model(tmp_path, name):
    gan, psnr = make_pair(tmp_path)
    card = read_card(gan)
    model = gan.rename(gan.with_name(f"{name}.onnx"))
    give_card(model, card)
    assert find_pair(str(model))[:2] == (model, psnr)


def test_a_sibling_can_be_named(tmp_path):
    gan, psnr = make_pair(tmp_path)
    other = psnr.rename(tmp_path / "other.onnx")
    give_card(other, read_card(resources.models() / f"{PSNR}.onnx"))
    assert find_pair(str(gan), str(other)).psnr == other
    assert find_pair(str(gan), PSNR).psnr == resources.models() / f"{PSNR}.onnx"


@pytest.mark.parametrize(
    ("gan", "psnr", "said"),
    [
        ({"precision": "int8"}, {}, "expected a float32 onnx model, got int8 onnx (int8 codes"),
        ({}, {"precision": "int8"}, f"{PSNR}.onnx: expected a float32 onnx model, got int8 onnx"),
        ({}, {"scale": 2}, "expected edgesrgan_tiny x4 as edgesrgan_tiny_x4.onnx, got edgesrgan_tiny x2"),
        ({"network": "edgesrgan"}, {}, "expected edgesrgan x4 as edgesrgan_tiny_x4.onnx, got edgesrgan_tiny"),
    ],
)
def test_cards_that_do_not_go_together(tmp_path, gan, psnr, said):
    paths = make_pair(tmp_path)
    for path, entries in zip(paths, (gan, psnr), strict=True):
        give_card(path, read_card(path), **entries)
    with pytest.raises(InputError, match=re.escape(said)) as error:
        find_pair(str(paths[0]))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("model", "fidelity_model", "backend", "said"),
    [
        (PSNR, "", "auto", f"{PSNR}.onnx: no pixel-trained sibling is known"),
        ("{folder}/alone_x4.onnx", "", "auto", "no pixel-trained sibling alone_x4_psnr.onnx beside it"),
        ("{folder}/alone_x4.onnx", "no_such", "auto", "'no_such': no such file, nor one of models"),
        ("no_such", "", "auto", "'no_such': no such file, nor one of models"),
        ("bicubic", "", "auto", "'bicubic': no such file, nor one of models"),
        (PSNR, PSNR, "litert", "only onnxruntime can interpolate, got litert"),
        (str(resources.models() / f"{PSNR}.tflite"), PSNR, "auto", "got float32 tflite"),
    ],
)
def test_no_pair(tmp_path, model, fidelity_model, backend, said):
    alone = shutil.copy(resources.models() / f"{PSNR}.onnx", tmp_path / "alone_x4.onnx")
    give_card(alone, read_card(resources.models() / f"{PSNR}.onnx"))
    with pytest.raises(InputError, match=re.escape(said)) as error:
        find_pair(model.format(folder=tmp_path), fidelity_model, backend)
    assert "\n" not in str(error.value)


def test_without_the_onnx_package(tmp_path, monkeypatch):
    gan, _ = make_pair(tmp_path)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InputError, match="the onnx package is not installed"):
        find_pair(str(gan))


def rename(model):
    model.graph.initializer[0].name = model.graph.node[4].input[1] = "other.weight"


def widen(model):
    tensor = model.graph.initializer[0]
    larger = np.zeros((*tensor.dims[:2], 11, 11), np.float32)
    tensor.CopyFrom(onnx.numpy_helper.from_array(larger, tensor.name))


def swap_activation(model):
    next(node for node in model.graph.node if node.op_type == "Relu").op_type = "Sigmoid"


def halve_a_constant(model):
    constant = next(node for node in model.graph.node if node.op_type == "Constant").attribute[0].t
    constant.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(constant) / 2))


def take_another_opset(model):
    model.opset_import[0].version -= 1


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (rename, r"expected network.head.0.weight of shape \[32, 3, 9, 9\], got none"),
        (widen, r"expected network.head.0.weight of shape \[32, 3, 9, 9\], got \[32, 3, 11, 11\]"),
        (swap_activation, "other operators"),
        (halve_a_constant, "other operators"),
        (take_another_opset, "other opset"),
    ],
)
def test_graphs_that_differ(tmp_path, edit, said):
    gan, psnr = make_pair(tmp_path)
    change(psnr, edit)
    with pytest.raises(InputError, match=f"{PSNR}.onnx: not the network of {GAN}.onnx: {said}"):
        Blend(find_pair(str(gan)))


def test_a_file_that_is_no_model(tmp_path):
    gan, psnr = make_pair(tmp_path)
    card = read_card(psnr)
    psnr.write_bytes(psnr.read_bytes()[:1000])
    give_card(psnr, card)
    with pytest.raises(InputError, match=f"{PSNR}.onnx: not an ONNX model") as error:
        Blend(find_pair(str(gan)))
    assert "\n" not in str(error.value)
