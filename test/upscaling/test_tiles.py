from importlib import import_module

import cv2
import numpy as np
import pytest

from edgesr_ros.upscaling import tiles
from edgesr_ros.upscaling.card import InputSize
from edgesr_ros.upscaling.catalog import load_upscaler
from edgesr_ros.upscaling.tiles import LARGEST, MARGIN, tile_size, upscale_in_tiles, upscale_large

SIZE = InputSize(width=40, height=30)


def blurred_twice_as_large(rgb: np.ndarray) -> np.ndarray:
    """Each pixel of it depends on those up to 7 away; borders are repeated."""
    blurred = cv2.blur(rgb, (15, 15), borderType=cv2.BORDER_REPLICATE)
    return blurred.repeat(2, axis=0).repeat(2, axis=1)


def one_size_only(rgb: np.ndarray) -> np.ndarray:
    assert rgb.shape == (SIZE.height, SIZE.width, 3)
    assert rgb.flags.c_contiguous
    return blurred_twice_as_large(rgb)


@pytest.mark.parametrize("shape", [(30, 40), (31, 41), (47, 99), (90, 160)])
def test_tiles_join_without_a_seam(shape):
    rgb = np.random.default_rng(3).integers(0, 256, (*shape, 3), np.uint8)
    assert np.array_equal(upscale_in_tiles(one_size_only, rgb, 2, SIZE, 7), blurred_twice_as_large(rgb))


def test_too_small_a_margin_shows():
    rgb = np.random.default_rng(3).integers(0, 256, (47, 99, 3), np.uint8)
    assert not np.array_equal(upscale_in_tiles(one_size_only, rgb, 2, SIZE, 2), blurred_twice_as_large(rgb))


@pytest.mark.parametrize("shape", [(12, 100), (50, 11), (5, 3), (1, 1)])
def test_a_smaller_picture_keeps_its_middle(shape):
    """Away from the sides that are continued, and where there is none, it is the picture's own."""
    rgb = np.random.default_rng(4).integers(0, 256, (*shape, 3), np.uint8)
    enlarged, expected = upscale_in_tiles(one_size_only, rgb, 2, SIZE, 7), blurred_twice_as_large(rgb)
    assert enlarged.shape == expected.shape
    inner = np.s_[: 2 * max(shape[0] - 7, 0), : 2 * max(shape[1] - 7, 0)]
    assert np.array_equal(enlarged[inner], expected[inner])


@pytest.mark.parametrize(("width", "height"), [(640, 480), (960, 540), (3000, 70), (70, 3000), (1920, 1080)])
def test_tiles_are_as_large_as_they_may_be(width, height):
    tile = tile_size(height, width, LARGEST)
    assert LARGEST / 2 < tile.width * tile.height <= LARGEST
    assert min(tile.width, tile.height) > 2 * MARGIN


def test_a_margin_that_leaves_nothing_of_a_tile_makes_it_the_picture():
    assert tile_size(1080, 1920, LARGEST, margin=350) == InputSize(width=1920, height=1080)


@pytest.mark.parametrize(
    ("backend", "needs"),
    [("onnx_runtime", "onnxruntime"), ("openvino_runtime", "openvino"), ("litert", "ai_edge_litert")],
)
def test_every_runtime_takes_the_margin_of_the_card(monkeypatch, backend, needs):
    pytest.importorskip(needs, reason=f"needs {needs}")
    module, seen = import_module(f"edgesr_ros.upscaling.{backend}"), []

    def whole(upscale, rgb, scale, margin):
        seen.append((scale, margin))
        return upscale(rgb)

    for room in (tiles, module):  # by way of `upscale_any`, or called itself
        monkeypatch.setattr(room, "upscale_large", whole, raising=False)
    runner = next(
        value for name, value in vars(module).items() if name.endswith("Upscaler") and name != "Upscaler"
    )
    load_upscaler("edgesrgan_tiny_x2", runner.backend).upscale(np.zeros((20, 24, 3), np.uint8))
    assert set(seen) == {(2, 13)}


def test_a_small_picture_stays_whole():
    sizes = []

    def upscale(rgb):
        sizes.append(rgb.shape[:2])
        return blurred_twice_as_large(rgb)

    rgb = np.random.default_rng(5).integers(0, 256, (60, 80, 3), np.uint8)
    expected = blurred_twice_as_large(rgb)
    assert np.array_equal(upscale_large(upscale, rgb, 2, 60 * 80, 7), expected)
    assert sizes == [(60, 80)]
    assert np.array_equal(upscale_large(upscale, rgb, 2, 60 * 80 - 1, 7), expected)
    assert sizes[1:] == [(60, 47), (60, 47)]


@pytest.mark.parametrize("model", ["edgesrgan_x4_link_int8", "edgesrgan_tiny_x4_link"])
def test_the_networks_see_no_farther_than_the_margin(model):
    pytest.importorskip("onnxruntime", reason="needs onnxruntime")
    upscaler = load_upscaler(model)
    rgb = np.random.default_rng(6).integers(0, 256, (90, 130, 3), np.uint8)
    whole = upscaler.upscale(rgb).astype(int)
    assert np.abs(upscale_large(upscaler.upscale, rgb, upscaler.scale, 90 * 130 // 2) - whole).max() <= 1
