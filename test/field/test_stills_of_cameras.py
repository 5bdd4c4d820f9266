"""Files as cameras send them: what follows their end or lacks, what formats call them, what is in them."""

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgesr_ros.codecs.decoder import FrameDecoder
from edgesr_ros.codecs.still_reader import StillReader
from edgesr_ros.codecs.stills import decode, encode, probe
from edgesr_ros.errors import InputError
from edgesr_ros.sources.bag import BagSource

RECORDINGS = Path(__file__).parent / "recordings"
EOI = b"\xff\xd9"
JPEGS = {
    "plain": {},
    "grey": {},
    "standard tables": {cv2.IMWRITE_JPEG_OPTIMIZE: 0},
    "4:4:4": {cv2.IMWRITE_JPEG_SAMPLING_FACTOR: cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444},
    "4:2:2": {cv2.IMWRITE_JPEG_SAMPLING_FACTOR: cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422},
    "restarts": {cv2.IMWRITE_JPEG_RST_INTERVAL: 2},
    "coarse": {cv2.IMWRITE_JPEG_QUALITY: 10},
    "fine": {cv2.IMWRITE_JPEG_QUALITY: 100},
}


def jpeg(picture, kind="plain"):
    settings = {cv2.IMWRITE_JPEG_QUALITY: 80} | JPEGS[kind]
    stored = picture[:, :, 0] if kind == "grey" else picture[:, :, ::-1]
    flat = [value for pair in settings.items() for value in pair]
    return cv2.imencode(".jpg", stored, flat)[1].tobytes()


def segment(marker, contents):
    return bytes([0xFF, marker]) + struct.pack(">H", len(contents) + 2) + contents


@pytest.mark.parametrize("kind", JPEGS)
@pytest.mark.parametrize(
    "junk",
    [
        bytes(range(1, 49)),
        bytes(1000),
        b"\xff\xd8\xff the next frame's beginning",
        b"\xff",
        EOI,
        b"\0\xff\xd9 an end of something else",
    ],
)
def test_what_follows_the_end_is_left_out(picture, kind, junk):
    data = jpeg(picture, kind)
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
    assert np.array_equal(decode(data + junk), expected)


@pytest.mark.parametrize("kind", JPEGS)
@pytest.mark.parametrize("left", [b"", b"\xff", bytes(64), b"\xff\xd8\xff\xe0"])
def test_the_end_alone_may_be_missing(picture, kind, left, capfd):
    data = jpeg(picture, kind)
    expected = decode(data)
    assert np.array_equal(decode(data.removesuffix(EOI) + left), expected)
    assert capfd.readouterr().err == ""  # libjpeg would say something for each frame


@pytest.mark.parametrize("kind", JPEGS)
def test_a_picture_that_is_cut_is_refused_wherever(picture, kind):
    data = jpeg(picture, kind)
    for lost in [*range(3, 40), *range(40, len(data) - 20, 37)]:
        for left in (b"", bytes(8), EOI[:1]):
            with pytest.raises(InputError, match=r"cut short|damaged|header claims 0x0"):
                decode(data[:-lost] + left)


def test_the_end_of_a_thumbnail_is_not_the_end(picture):
    data = jpeg(picture)
    thumbnail = segment(0xE1, b"Exif\0\0" + jpeg(picture[:16, :16]))
    whole = data[:2] + thumbnail + data[2:]
    assert probe(whole) == (64, 48)
    assert np.array_equal(decode(whole), decode(data))
    with pytest.raises(InputError, match="cut short"):
        decode(whole[: len(thumbnail) + 200])


def test_a_progressive_file_must_have_its_end(picture):
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    assert np.array_equal(decode(data + b"junk"), decode(data))
    with pytest.raises(InputError, match="cut short"):  # a scan may be missing
        decode(data[:-2])


def test_a_file_without_tables_is_a_frame_of_motion_jpeg(picture):
    data = jpeg(picture, "standard tables")
    parts, place = [data[:2]], 2
    while data[place + 1] != 0xDA:
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        if data[place + 1] != 0xC4:  # the Huffman tables, which USB cameras leave out
            parts.append(data[place:end])
        place = end
    bare = b"".join(parts) + data[place:]
    for found in (decode(bare), decode(bare + b"\x12\x34")):
        assert np.array_equal(found, decode(data))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "JPEG",
        "image/jpeg",
        "jpg",
        "JPG",
        "RGB8; JPEG compressed BGR8",
        "mjpeg",
        "bgr8",
        "png",
        "tiff",
        "jpeg;",
        "rgb8;jpeg compressed bgr8",
        "jpeg; camera=front",
    ],
)
@pytest.mark.parametrize("codec", ["jpeg", "png"])
def test_bytes_say_what_a_still_is(picture, text, codec):
    data = encode(picture, codec, 90)
    received = FrameDecoder().decode(data, text)
    assert np.array_equal(received.picture, decode(data))
    assert (received.format.codec, received.format.encoding, received.factor) == (codec, "rgb8", 1)


def test_a_grey_file_without_a_word_is_grey(picture):
    received = FrameDecoder().decode(encode(picture[:, :, 0], "png", 1), "")
    assert received.format.encoding == "mono8"
    assert np.array_equal(received.picture, np.dstack([picture[:, :, 0]] * 3))


def mosaic(rgb, pattern):
    stored = np.empty(rgb.shape[:2], rgb.dtype)
    for place, colour in enumerate(pattern):
        rows, columns = slice(place // 2, None, 2), slice(place % 2, None, 2)
        stored[rows, columns] = rgb[rows, columns, "rgb".index(colour)]
    return stored


def smooth():
    y, x = np.mgrid[0:48, 0:64]
    return np.stack([3 * x, 4 * y, 255 - 3 * x], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("pattern", ["rggb", "bggr", "gbrg", "grbg"])
def test_a_mosaic_in_a_file_gets_its_colours(pattern):
    rgb = smooth()
    reader = StillReader()
    stored = mosaic(rgb, pattern)
    for data, text, most in (
        (encode(stored, "png", 1), f"bayer_{pattern}8; png compressed ", 3),
        (cv2.imencode(".jpg", stored, [1, 100])[1].tobytes(), f"bayer_{pattern}8; jpeg compressed ", 6),
    ):
        found = reader.read(data, text)
        assert np.abs(found.astype(int) - rgb)[1:-1, 1:-1].max() <= most
        assert reader.shown is None
    deep = cv2.imencode(".png", stored.astype(np.uint16) * 257)[1].tobytes()
    found = reader.read(deep, f"bayer_{pattern}16; png compressed ")
    assert np.abs(found.astype(int) - rgb)[1:-1, 1:-1].max() <= 3
    assert reader.shown == (0, 65535)
    # Where the driver made colours of it already, the file has three channels.
    already = reader.read(encode(rgb, "png", 1), f"bayer_{pattern}8; png compressed bgr8")
    assert np.array_equal(already, rgb)


@pytest.mark.parametrize(
    ("text", "lowest"),
    [("16UC1; png compressed ", 8), ("mono16; png compressed ", 0), ("png", 0), ("", 0)],
)
def test_values_of_16_bits_are_scaled_to_what_is_seen(text, lowest):
    y, x = np.mgrid[0:48, 0:64]
    values = (1000 + 40 * x + y).astype(np.uint16)
    reader = StillReader()
    found = reader.read(cv2.imencode(".png", values)[1].tobytes(), text)
    low, high = reader.shown
    assert np.percentile(values, 0.5) < low < high < np.percentile(values, 99.5)
    expected = lowest + (255 - lowest) * (values.clip(low, high) - low) / (high - low)
    assert np.abs(found - expected).max() <= 1
    received = FrameDecoder().decode(cv2.imencode(".png", values)[1].tobytes(), text)
    assert (received.format.encoding, received.format.shown) == ("mono8", (low, high))


def test_colours_of_16_bits(picture):
    data = cv2.imencode(".png", picture[:, :, ::-1].astype(np.uint16) * 257)[1].tobytes()
    assert np.array_equal(StillReader().read(data, "rgb16; png compressed bgr16"), picture)


def test_the_guard_stands_before_every_kind_of_still(picture):
    data = encode(picture, "jpeg", 90)
    frame = data.index(b"\xff\xc0")
    forged = data[: frame + 5] + struct.pack(">HH", 60_000, 60_000) + data[frame + 9 :]
    for broken in (forged, forged[:-2], forged + b"junk"):
        with pytest.raises(InputError, match="header claims 60000x60000, expected at most"):
            StillReader().read(broken, "bayer_rggb8; jpeg compressed ")


def test_recordings_of_the_field():
    junk = list(BagSource(RECORDINGS / "jpeg_junk_after_eoi.mcap"))
    assert len(junk) == 10
    assert all(frame.array.shape == (60, 80, 3) for frame in junk)
    bayer = list(BagSource(RECORDINGS / "bayer_jpeg.mcap"))
    assert len(bayer) == 10
    for mosaicked, colour in zip(bayer, junk, strict=True):  # the same scene
        assert np.abs(mosaicked.array.astype(int) - colour.array).mean() < 11
    depth = next(
        iter(BagSource(RECORDINGS / "depth_before_colour.mcap", "/camera/depth/image_raw/compressed"))
    )
    assert depth.encoding == "mono8"
    assert (depth.array.min(), depth.array.max()) == (8, 255)
