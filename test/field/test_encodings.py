"""Pictures in the encodings that cameras publish; each stored here by its definition, in numpy alone."""

import sys
from array import array
from types import SimpleNamespace

import numpy as np
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.frames.message import ImageReader, image_to_array

H, W = 60, 80
_Y, _X = np.mgrid[0:H, 0:W]
RGB = np.stack([3 * _X, 4 * _Y, 255 - 3 * _X], axis=-1).astype(np.uint8)
GREY = RGB[:, :, 1]
BYTE = 257  # 255 of 8 bits is 65535 of 16


def message(encoding, stored, **changes):
    """An Image of rows of any type, as rclpy gives it."""
    rows = np.ascontiguousarray(stored)
    fields = {
        "encoding": encoding,
        "height": H,
        "width": W,
        "step": rows[0].nbytes,
        "is_bigendian": 0,
        "data": array("B", rows.tobytes()),
    }
    return SimpleNamespace(**{**fields, **changes})


def ycbcr(rgb=RGB):
    """BT.601 with luma 16..235 and chroma 16..240, (H, W, 3): Y, Cb, Cr."""
    r, g, b = (rgb[:, :, channel] / 255 for channel in range(3))
    luma = 0.299 * r + 0.587 * g + 0.114 * b
    return np.stack(
        [16 + 219 * luma, 128 + 224 * (b - luma) / 1.772, 128 + 224 * (r - luma) / 1.402], axis=-1
    )


def packed(order, rgb=RGB):
    """4:2:2: each pair's chroma is that of both; rows of whole pairs."""
    values = np.pad(ycbcr(rgb), ((0, 0), (0, rgb.shape[1] % 2), (0, 0)), mode="edge")
    chroma = (values[:, 0::2, 1:] + values[:, 1::2, 1:]) / 2
    pairs = {
        "u": chroma[:, :, 0],
        "v": chroma[:, :, 1],
        "0": values[:, 0::2, 0],
        "1": values[:, 1::2, 0],
    }
    stacked = np.stack([pairs[name] for name in order], axis=-1)
    return stacked.round().astype(np.uint8).reshape(rgb.shape[0], -1)


def planes(reduced, v_first=False, rgb=RGB):
    """Luma, and chroma reduced by a mean, (ceil(H / reduced), ceil(W / reduced), 2)."""
    values = ycbcr(rgb)
    height, width = rgb.shape[:2]
    even = np.pad(values, ((0, -height % reduced), (0, -width % reduced), (0, 0)), mode="edge")
    blocks = even.reshape(-(-height // reduced), reduced, -(-width // reduced), reduced, 3)
    chroma = blocks.mean(axis=(1, 3))[:, :, 1:]
    if v_first:
        chroma = chroma[:, :, ::-1]
    return values[:, :, 0].round().astype(np.uint8), chroma.round().astype(np.uint8)


def planar(reduced, v_first=False):
    luma, chroma = planes(reduced, v_first)
    return np.vstack([luma, chroma.reshape(-1, W)])


def mosaic(pattern, rgb=RGB):
    """`pattern`: colours of the upper left 2x2 pixels, row by row."""
    stored = np.empty(rgb.shape[:2], rgb.dtype)
    for place, colour in enumerate(pattern):
        rows, columns = slice(place // 2, None, 2), slice(place % 2, None, 2)
        stored[rows, columns] = rgb[rows, columns, "rgb".index(colour)]
    return stored


def with_alpha(rgb):
    return np.dstack([rgb, np.full(rgb.shape[:2], 7, rgb.dtype)])


BGR = RGB[:, :, ::-1]
PATTERNS = ("rggb", "bggr", "gbrg", "grbg")
CASES = {  # (stored, expected)
    "8UC1": (GREY, GREY),
    "8UC3": (BGR, RGB),
    "8UC4": (with_alpha(BGR), RGB),
    "mono16": (GREY.astype("<u2") * BYTE, GREY),
    "rgb16": (RGB.astype("<u2") * BYTE, RGB),
    "bgr16": (BGR.astype("<u2") * BYTE, RGB),
    "rgba16": (with_alpha(RGB.astype("<u2") * BYTE), RGB),
    "bgra16": (with_alpha(BGR.astype("<u2") * BYTE), RGB),
    "16UC3": (BGR.astype("<u2") * BYTE, RGB),
    "uyvy": (packed("u0v1"), RGB),
    "yuv422": (packed("u0v1"), RGB),
    "yuyv": (packed("0u1v"), RGB),
    "yuv422_yuy2": (packed("0u1v"), RGB),
    "nv12": (planar(2), RGB),
    "nv21": (planar(2, v_first=True), RGB),
    "nv24": (planar(1), RGB),
    "MONO8": (GREY, GREY),
    **{f"bayer_{pattern}8": (mosaic(pattern), RGB) for pattern in PATTERNS},
    **{f"bayer_{pattern}16": (mosaic(pattern, RGB.astype("<u2") * BYTE), RGB) for pattern in PATTERNS},
}


def assert_near(found, expected, mean, most=None):
    assert found.shape == expected.shape
    assert (found.dtype, found.flags.c_contiguous) == (np.uint8, True)
    error = np.abs(found.astype(int) - expected)
    assert error.mean() <= mean
    assert error.max() <= (255 if most is None else most)


@pytest.mark.parametrize("encoding", CASES)
def test_every_encoding_is_shown_right(encoding, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv_bridge", None)  # none needs it
    stored, expected = CASES[encoding]
    found = image_to_array(message(encoding, stored))
    exact = encoding[:3] in ("8UC", "MON", "mon", "rgb", "bgr", "16U")
    if exact:
        assert_near(found, expected, 0, 0)
    elif encoding.startswith("bayer"):
        assert_near(np.ascontiguousarray(found[1:-1, 1:-1]), expected[1:-1, 1:-1], 0.6, 3)
        assert_near(found, expected, 1, 8)
    else:
        assert_near(found, expected, 2, 6)


@pytest.mark.parametrize(
    "encoding", ["mono16", "rgb16", "bgra16", "16UC1", "32FC1", "bayer_gbrg16", "32SC1", "16SC1"]
)
def test_big_endian_values_are_the_same_picture(encoding):
    kind = {"32FC1": "f4", "32SC1": "i4", "16SC1": "i2"}.get(encoding, "u2")
    channels = {"rgb16": 3, "bgra16": 4}.get(encoding, 1)
    stored = np.random.default_rng(1).integers(1, 30_000, (H, W * channels)).astype(kind)
    little = image_to_array(message(encoding, stored.astype(f"<{kind}")))
    big = image_to_array(message(encoding, stored.astype(f">{kind}"), is_bigendian=1))
    assert little.std() > 20
    assert np.array_equal(big, little)


def test_bytes_have_no_order():
    for encoding in ("bayer_rggb8", "yuyv", "nv12", "8UC3"):
        stored, _ = CASES[encoding]
        little, big = (image_to_array(message(encoding, stored, is_bigendian=order)) for order in (0, 1))
        assert np.array_equal(little, big)


@pytest.mark.parametrize(
    "encoding", ["rgb8", "mono8", "bgr16", "bayer_grbg8", "uyvy", "nv12", "nv24", "16UC1"]
)
def test_a_step_of_0_means_rows_without_padding(encoding):
    stored = {"rgb8": RGB, "mono8": GREY, "16UC1": GREY.astype("<u2")}.get(encoding)
    stored = CASES[encoding][0] if stored is None else stored
    expected = image_to_array(message(encoding, stored))
    assert np.array_equal(image_to_array(message(encoding, stored, step=0)), expected)


@pytest.mark.parametrize("encoding", ["rgb8", "mono8", "bgr16", "bayer_grbg8", "uyvy", "16UC1"])
@pytest.mark.parametrize("last_is_padded", [True, False])
def test_the_last_row_may_lack_its_padding(encoding, last_is_padded):
    stored = {"rgb8": RGB, "mono8": GREY, "16UC1": GREY.astype("<u2")}.get(encoding)
    stored = CASES[encoding][0] if stored is None else stored
    expected = image_to_array(message(encoding, stored))
    rows = np.ascontiguousarray(stored).reshape(H, -1).view(np.uint8)
    padded = np.pad(rows, ((0, 0), (0, 11)), constant_values=99).tobytes()
    data = padded if last_is_padded else padded[:-11]
    found = image_to_array(message(encoding, rows, step=rows.shape[1] + 11, data=array("B", data)))
    assert np.array_equal(found, expected)
    with pytest.raises(InputError, match=rf"data holds \d+ bytes, expected {len(padded) - 11} "):
        image_to_array(message(encoding, rows, step=rows.shape[1] + 11, data=array("B", padded[:-12])))


@pytest.mark.parametrize(("encoding", "reduced"), [("nv12", 2), ("nv21", 2), ("nv24", 1)])
def test_planes_may_be_padded_or_their_step_be_of_both(encoding, reduced):
    luma, chroma = planes(reduced, encoding == "nv21")
    expected = image_to_array(message(encoding, CASES[encoding][0]))
    chroma_rows = chroma.reshape(len(chroma), -1)
    padding = 16
    data = np.pad(luma, ((0, 0), (0, padding))).tobytes()
    data += np.pad(chroma_rows, ((0, 0), (0, padding * 2 // reduced))).tobytes()
    padded = message(encoding, luma, step=W + padding, data=array("B", data))
    assert np.array_equal(image_to_array(padded), expected)
    tight = array("B", luma.tobytes() + chroma.tobytes())
    of_both = message(encoding, luma, step=len(tight) // H, data=tight)
    assert np.array_equal(image_to_array(of_both), expected)
    with pytest.raises(InputError, match=rf"data holds {len(tight) - 1} bytes, expected {len(tight)} "):
        image_to_array(message(encoding, luma, data=tight[:-1]))


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (3, 5), (2, 3), (5, 1), (7, 7)])
def test_small_and_odd_sizes(size):
    height, width = size
    rgb = np.broadcast_to(np.array([200, 90, 40], np.uint8), (height, width, 3)).copy()
    sizes = {"height": height, "width": width}
    for encoding, order in (("yuyv", "0u1v"), ("uyvy", "u0v1")):
        rows = packed(order, rgb)
        assert_near(image_to_array(message(encoding, rows, **sizes)), rgb, 3, 4)
        if width > 1:  # a driver that leaves out the last pair's second half
            assert_near(image_to_array(message(encoding, rows[:, : 2 * width].copy(), **sizes)), rgb, 3, 4)
    for encoding, reduced in (("nv12", 2), ("nv24", 1)):
        luma, chroma = planes(reduced, rgb=rgb)
        data = array("B", luma.tobytes() + chroma.tobytes())
        assert_near(image_to_array(message(encoding, luma, **sizes, data=data)), rgb, 3, 4)
    grey = np.full((height, width), 77, np.uint8)
    for pattern in PATTERNS:
        found = image_to_array(message(f"bayer_{pattern}8", grey, **sizes))
        assert np.array_equal(found, np.full((height, width, 3), 77))


def test_depth_is_scaled_and_what_is_none_is_black():
    depth = (500 + 30 * _X + _Y).astype("<u2")
    depth[10:20, 10:20] = 0
    reader = ImageReader()
    shown = reader.read(message("16UC1", depth))
    low, high = reader.shown
    known = depth[depth > 0]
    assert np.percentile(known, 0.5) < low < np.percentile(known, 2)
    assert np.percentile(known, 98) < high < np.percentile(known, 99.5)
    expected = 8 + 247 * (np.clip(depth.astype(float), low, high) - low) / (high - low)
    assert np.abs(shown - np.where(depth == 0, 0, expected)).max() <= 1
    assert (shown[depth == 0] == 0).all()
    assert shown[depth > 0].min() == 8


def test_float_depth_without_return_is_black_and_beyond_its_range_bright():
    depth = (0.5 + 0.03 * _X).astype("<f4")
    depth[0, :20], depth[1, :20], depth[2, :20] = np.nan, np.inf, -np.inf
    reader = ImageReader()
    shown = reader.read(message("32FC1", depth))
    assert 0.5 <= reader.shown.low < 0.6
    assert 2.8 < reader.shown.high <= 2.87
    assert (shown[0, :20] == 0).all()
    assert (shown[1, :20] == 255).all()
    assert (shown[2, :20] == 8).all()
    assert shown[30, 40] == pytest.approx(8 + 247 * (1.7 - reader.shown.low) / np.ptp(reader.shown), abs=1)


def test_a_thermal_picture_has_contrast():
    kelvin = (29_315 + 10 * _Y).astype("<u2")  # hundredths; 20 to 26 °C
    shown = image_to_array(message("mono16", kelvin))
    assert shown.min() == 0
    assert shown.max() == 255
    assert (np.diff(shown.astype(int), axis=0) >= 0).all()


def test_a_sensor_of_12_bits_keeps_its_colours():
    reader = ImageReader()
    shown = reader.read(message("rgb16", RGB.astype("<u2") * 16))
    assert_near(shown, RGB, 4, 8)
    assert reader.shown.low == 0
    assert_near(image_to_array(message("bayer_bggr16", mosaic("bggr", RGB.astype("<u2") * 16))), RGB, 5, 12)


@pytest.mark.parametrize(
    ("encoding", "value", "expected"),
    [
        ("16UC1", 0, 0),
        ("16UC1", 1500, 132),
        ("mono16", 5000, 128),
        ("mono16", 0, 0),
        ("mono16", 65535, 255),
        ("32FC1", 2.5, 132),
        ("32FC1", np.nan, 0),
        ("32FC1", 0.0, 132),
        ("rgb16", 65535, 255),
    ],
)
def test_a_constant_picture_is_even(encoding, value, expected):
    kind, channels = ("<f4", 1) if encoding == "32FC1" else ("<u2", 3 if encoding == "rgb16" else 1)
    shown = image_to_array(message(encoding, np.full((H, W * channels), value, kind)))
    assert np.unique(shown).tolist() == pytest.approx([expected], abs=1)


def test_more_kinds_of_numbers():
    disparity = (-40 + _X).astype("<i2")
    shown = image_to_array(message("16SC1", disparity))
    assert (np.diff(shown.astype(int), axis=1) >= 0).all()
    assert (shown.min(), shown.max()) == (8, 255)
    bgr = (BGR / 255).astype("<f4")
    assert_near(image_to_array(message("32FC3", bgr)), RGB, 4, 8)


def test_pictures_of_8_bits_have_no_range():
    reader = ImageReader()
    reader.read(message("16UC1", (500 + _X).astype("<u2")))
    assert reader.shown is not None
    reader.read(message("mono8", GREY))
    assert reader.shown is None


@pytest.mark.parametrize("encoding", ["rgba16", "bgra16", "16UC4"])
def test_alpha_says_nothing_of_how_bright_a_picture_is(encoding):
    """A sensor of 12 bits behind opaque alpha: by its 65535 the picture would come out nearly black."""
    grey = np.linspace(0, 4095, 64, dtype=np.uint16)
    values = np.dstack([np.broadcast_to(grey, (48, 64))] * 3 + [np.full((48, 64), 65535, np.uint16)])
    message = SimpleNamespace(
        encoding=encoding, height=48, width=64, step=64 * 8, is_bigendian=0, data=values.tobytes()
    )
    assert image_to_array(message).max() == 255
