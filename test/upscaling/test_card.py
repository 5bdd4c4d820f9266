import re

import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.schema import read_json, write_json
from edgesr_ros.upscaling.card import EdgeTpuOps, card_path, file_sha256, read_card


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "network_x2.onnx"
    path.write_bytes(b"weights")
    return path


def test_lies_beside_the_model_under_its_whole_name(model):
    # One network has an .onnx and a .tflite file.
    assert card_path(model) == model.parent / "network_x2.onnx.json"


def test_comes_back_as_written(model, make_card):
    card = make_card(model, figures={"set5": {"psnr_y_db": 30.5}})
    assert read_card(model) == card


def test_edge_tpu_operators_are_optional(model, make_card):
    assert make_card(model).edgetpu is None
    path = card_path(model)
    facts = read_json(path, dict[str, object])
    write_json(path, {key: value for key, value in facts.items() if key != "edgetpu"})  # an older card
    assert read_card(model).edgetpu is None
    write_json(path, facts | {"edgetpu": {"ops": 19, "on_tpu": 17}})
    assert read_card(model).edgetpu == EdgeTpuOps(ops=19, on_tpu=17)


def test_a_card_without_a_margin_has_the_one_of_before(model, make_card):
    assert make_card(model, margin=40).margin == read_card(model).margin == 40
    path = card_path(model)
    facts = read_json(path, dict[str, object])
    write_json(path, {key: value for key, value in facts.items() if key != "margin"})  # an older card
    assert read_card(model).margin == 24


def test_hash_is_sha256(model):
    model.write_bytes(b"abc")  # FIPS 180's example
    assert file_sha256(model) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_missing_card(model):
    with pytest.raises(
        InputError, match=re.escape("no model card network_x2.onnx.json beside it (`edgesr export`")
    ):
        read_card(model)


def test_missing_model(model, make_card):
    make_card(model)
    model.unlink()
    with pytest.raises(InputError, match="cannot be read"):
        read_card(model)


def test_other_file_than_the_cards(model, make_card):
    expected = make_card(model).sha256
    model.write_bytes(b"weights, damaged")
    with pytest.raises(InputError, match=f"expected sha256 {expected}, got {file_sha256(model)}"):
        read_card(model)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("scale", 0, "scale"),
        ("scale", None, "scale"),
        ("colour_order", "BGR", "colour_order"),
        ("sha256", "abc", "sha256"),
        ("sise", 3, "sise"),
    ],
)
def test_wrong_entry_is_named(model, make_card, key, value, message):
    make_card(model)
    path = card_path(model)
    write_json(path, read_json(path, dict[str, object]) | {key: value})
    with pytest.raises(InputError, match=message) as error:
        read_card(model)
    assert str(path) in str(error.value)
