import sys
from pathlib import Path

import numpy as np
import pytest

from edgesr_ros import resources
from edgesr_ros.errors import InputError
from edgesr_ros.quality.distortion import psnr
from edgesr_ros.upscaling.card import read_card
from edgesr_ros.upscaling.litert import Codes, LiteRtUpscaler, decoding_table, encoding_table

pytest.importorskip("ai_edge_litert", reason="needs ai-edge-litert")

BYTES = (0.0, 255.0)


def picture(height, width):
    return np.random.default_rng(height * width).integers(0, 256, (height, width, 3), np.uint8)


def doubled(rgb):
    return rgb.repeat(2, axis=0).repeat(2, axis=1)


def assert_right(kind, rgb, enlarged):
    expected = doubled(rgb).astype(float)
    if kind == "float32":
        np.testing.assert_array_equal(enlarged, expected)
    else:
        expected = (np.tanh(4 / 255 * expected - 2) + 1) * 127.5
        # Half a step before TANH is one grey level after it; half a step after it, another half.
        assert np.abs(enlarged - expected).max() <= 2


def load(path, threads=1):
    return LiteRtUpscaler(path, read_card(path), threads)


@pytest.mark.parametrize("kind", ["float32", "int8", "uint8"])
def test_codes_of_the_model_are_mapped_to_samples(make_tflite, kind):
    rgb = picture(5, 6)
    assert_right(kind, rgb, load(make_tflite(kind)).upscale(rgb))


@pytest.mark.parametrize("kind", ["float32", "int8", "uint8"])
def test_pictures_of_other_sizes_resize_the_model(make_tflite, kind):
    upscaler = load(make_tflite(kind))
    for height, width in ((1, 1), (7, 3), (20, 30), (5, 6)):
        rgb = picture(height, width)
        assert_right(kind, rgb, upscaler.upscale(rgb))


def test_runtime_that_cannot_resize_names_both_sizes_and_goes_on(make_tflite):
    from ai_edge_litert.interpreter import OpResolverType

    path = make_tflite("float32")
    # Without XNNPACK: as in tflite-runtime.
    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    upscaler = LiteRtUpscaler(path, read_card(path), 1, experimental_op_resolver_type=plain)
    with pytest.raises(InputError, match=r"expected 6x5 pixels.*got 8x7"):
        upscaler.upscale(picture(7, 8))
    rgb = picture(5, 6)
    np.testing.assert_array_equal(upscaler.upscale(rgb), doubled(rgb))


def test_more_than_one_input_is_refused(make_tflite):
    with pytest.raises(InputError, match=r"expected one \(1, H, W, 3\).*got int8 \(1, 5, 6, 3\), int8"):
        load(make_tflite("two_inputs"))


def test_scale_of_the_card_is_checked_at_load(make_tflite, make_card):
    path = make_tflite("float32")
    make_card(path, scale=4)
    with pytest.raises(InputError, match="expected scale 4"):
        load(path)


@pytest.mark.parametrize("content", [b"", b"not a model" * 50, "half"])
def test_damaged_file_is_one_line(make_tflite, make_card, content):
    path = make_tflite("float32")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content == "half" else content)
    make_card(path)
    with pytest.raises(InputError, match="not a TFLite model") as error:
        load(path)
    assert "\n" not in str(error.value)


def test_without_a_runtime(monkeypatch, make_tflite):
    path = make_tflite("float32")
    for name in ("ai_edge_litert", "tflite_runtime"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match="ai-edge-litert is not installed"):
        load(path)


def test_tables_of_the_usual_codes():
    samples = np.arange(256)
    uint8, int8 = Codes(np.uint8, 1.0, 0), Codes(np.int8, 1.0, -128)
    np.testing.assert_array_equal(encoding_table(uint8, BYTES), samples)
    np.testing.assert_array_equal(encoding_table(int8, BYTES), samples - 128)
    np.testing.assert_array_equal(encoding_table(Codes(np.float32, 0.0, 0), (-1.0, 1.0))[[0, 255]], [-1, 1])
    np.testing.assert_array_equal(decoding_table(uint8, BYTES), samples)
    # By the bits of the code: 0..127 come first, then -128..-1.
    np.testing.assert_array_equal(decoding_table(int8, BYTES), np.roll(samples, 128))


def test_codes_without_quantization_are_the_samples():
    raw = Codes(np.uint8, 0.0, 0)
    np.testing.assert_array_equal(encoding_table(raw, BYTES), np.arange(256))
    np.testing.assert_array_equal(decoding_table(raw, BYTES), np.arange(256))


def test_table_of_tanh_covers_black_to_white():
    table = decoding_table(Codes(np.int8, 1 / 128, 0), (-1.0, 1.0))
    by_code = np.roll(table.astype(int), 128)  # -128..127
    assert (by_code[0], by_code[128], by_code[255]) == (0, 128, 254)
    assert (np.diff(by_code) >= 0).all()


def test_encoding_is_clipped_to_the_type():
    table = encoding_table(Codes(np.int8, 1.0, 0), BYTES)
    assert (table[0], table[127], table[255]) == (0, 127, 127)


@pytest.mark.parametrize(("precision", "least"), [("int8", 35.0), ("float16", 50.0)])
def test_shipped_models_in_fewer_bits_come_close_to_float32(precision, least):
    paths = sorted(resources.models().glob(f"*_{precision}.tflite"))
    assert paths
    y, x = np.mgrid[:120, :160, :1][:2]
    rgb = (128 + 100 * np.sin(x / (5, 9, 14) + y / (13, 7, 4))).astype(np.uint8)
    for path in paths:
        exact = load(path.with_name(path.name.replace(f"_{precision}", "")))
        assert psnr(load(path).upscale(rgb), exact.upscale(rgb)) > least
        assert read_card(path).precision == precision


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        load(Path(tmp_path) / "none.tflite")
