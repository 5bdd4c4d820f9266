import struct
import warnings
import zlib
from array import array

import cv2
import numpy as np
import pytest

from edgesr_ros.codecs.format import CODECS, FrameFormat
from edgesr_ros.codecs.stills import decode, encode, encode_within, probe
from edgesr_ros.errors import InputError


def claim_size(data: bytes, width: int, height: int) -> bytes:
    """The file with another size in its header."""
    changed = bytearray(data)
    if data.startswith(b"\x89PNG"):
        changed[16:24] = struct.pack(">II", width, height)
        changed[29:33] = struct.pack(">I", zlib.crc32(changed[12:29]))
    elif data[4:8] == b"ftyp":  # in the box, and in the AV1 stream that has to agree with it
        place = data.index(b"ispe") + 8
        changed[place : place + 8] = struct.pack(">II", width, height)
        place = data.index(b"mdat") + 4
        fields = (0b00011, 5), (8, 5), (15, 4), (15, 4), (width - 1, 16), (height - 1, 16), (0, 22)
        header = int("".join(f"{value:0{bits}b}" for value, bits in fields), 2)
        changed[place + 2 : place + 13] = b"\x0a\x09" + header.to_bytes(9, "big")
    elif data.startswith(b"RIFF"):  # the canvas of an extended file; a simple one cannot claim that much
        canvas = b"VP8X" + struct.pack("<II", 10, 0)
        canvas += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        body = b"WEBP" + canvas + data[12:]
        changed = bytearray(b"RIFF" + struct.pack("<I", len(body)) + body)
    else:
        frame = data.index(b"\xff\xc0")
        changed[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(changed)


@pytest.mark.parametrize("codec", CODECS)
def test_pictures_survive(picture, codec):
    smooth = cv2.GaussianBlur(picture, (0, 0), 3)
    data = encode(smooth, codec, 95)
    assert probe(data) == (64, 48)
    rgb = decode(data)
    assert (rgb.shape, rgb.dtype, rgb.flags.c_contiguous) == ((48, 64, 3), np.uint8, True)
    error = np.abs(rgb.astype(int) - smooth.astype(int)).mean()
    assert error == 0 if codec == "png" else error < 4


@pytest.mark.parametrize("codec", CODECS)
def test_grey_pictures_decode_to_equal_channels(picture, codec):
    grey = cv2.GaussianBlur(picture[:, :, 0], (0, 0), 3)
    data = encode(grey, codec, 95)
    rgb = decode(data)
    assert rgb.shape == (48, 64, 3)
    assert np.abs(rgb.astype(int) - grey[:, :, None]).mean() < 4
    kept = decode(data, keep_grey=True)
    assert kept.shape == ((48, 64, 3) if codec == "webp" else (48, 64))  # WebP knows no grey


@pytest.mark.parametrize("codec", ["webp", "jpeg", "avif"])
def test_quality_costs_bytes(picture, codec):
    sizes = [len(encode(picture, codec, quality)) for quality in (1, 50, 100)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[2] / 2


def test_a_jpeg_with_tables_of_its_own_is_the_same_picture_in_fewer_bytes(picture):
    small, standard = (encode(picture, "jpeg", 60, optimize=own) for own in (True, False))
    assert len(small) < 0.8 * len(standard)
    assert np.array_equal(decode(small), decode(standard))


@pytest.mark.parametrize("codec", ["webp", "jpeg"])
def test_a_limit_takes_the_best_quality_that_fits(picture, codec):
    sizes = {quality: len(encode(picture, codec, quality)) for quality in range(1, 81)}
    for limit in (sizes[1], sizes[30], sizes[80] - 1, sizes[80]):
        data, quality = encode_within(picture, codec, 80, limit)
        assert data == encode(picture, codec, quality)
        # Not always the very best: sizes do not rise with every step of quality.
        assert 0.9 * max(size for size in sizes.values() if size <= limit) < len(data) <= limit
    with pytest.raises(InputError, match=rf"64x48: {sizes[1]} bytes as {codec} .*expected at most 10$"):
        encode_within(picture, codec, 80, 10)


def test_a_limit_holds_for_png_too(picture):
    data = encode(picture, "png", 1)
    assert encode_within(picture, "png", 1, len(data)) == (data, 1)
    with pytest.raises(InputError, match=f"expected at most {len(data) - 1}$"):
        encode_within(picture, "png", 1, len(data) - 1)


@pytest.mark.parametrize("kind", [bytes, memoryview, lambda data: array("B", data)])
def test_data_may_be_any_buffer(picture, kind):
    data = encode(picture, "png", 1)
    assert probe(kind(data)) == (64, 48)
    assert np.array_equal(decode(kind(data)), picture)


def test_unusable_settings_are_named(picture):
    with pytest.raises(InputError, match=r"'h264', expected one of webp, jpeg, png, avif, avif_slow$"):
        encode(picture, "h264", 50)
    for quality in (0, 101, -1):
        with pytest.raises(InputError, match=rf"quality is {quality}, expected 1\.\.100$"):
            encode(picture, "webp", quality)
    with pytest.raises(InputError, match="float64"):
        encode(picture / 255, "png", 50)
    for shape in ((0, 4, 3), (4, 4, 4), (4,)):
        with pytest.raises(InputError, match="expected uint8"):
            encode(np.zeros(shape, np.uint8), "png", 50)
    with pytest.raises(InputError, match=r"an image of 16384x1 is more than webp can hold") as caught:
        encode(np.zeros((1, 16384, 3), np.uint8), "webp", 50)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"hello, this is text\n" * 100, b"RIFF\0\0\0\0WAVEfmt ", b"GIF89a", bytes(5000)]
)
def test_other_bytes_are_refused(data):
    for read in (probe, decode):
        with pytest.raises(InputError, match=rf"{len(data)} bytes that begin with .*, expected a WebP, JPEG"):
            read(data)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("grey", [False, True])
def test_a_file_cut_short_anywhere_is_refused(picture, codec, grey):
    data = encode(picture[:, :, 0] if grey else picture, codec, 60)
    end = 2 if codec == "jpeg" else 0  # bytes of EOI, without which the picture is whole
    for length in range(len(data) - end):
        with pytest.raises(InputError) as caught:
            decode(data[:length])
        assert "\n" not in str(caught.value)


def test_a_progressive_jpeg_cut_between_its_scans_is_refused(picture):
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    for cut in range(data.index(b"\xff\xda") + 1, len(data)):
        with pytest.raises(InputError):
            decode(data[:cut])


def test_padding_after_a_jpeg_is_allowed(picture):
    data = encode(picture, "jpeg", 90)
    assert np.array_equal(decode(data + bytes(13)), decode(data))


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("size", [(60000, 60000), (10000, 10000), (4096, 4097)])
def test_a_forged_size_is_refused_by_the_header_alone(picture, codec, size):
    data = claim_size(encode(picture, codec, 50), *size)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert probe(data) == size
        with pytest.raises(
            InputError, match=rf"header claims {size[0]}x{size[1]}, expected at most 16777216"
        ):
            decode(data)


@pytest.mark.parametrize("codec", ["webp", "png"])  # a JPEG decoder fills up what it lacks
def test_a_forged_size_within_the_limit_is_never_shown(picture, codec):
    data = claim_size(encode(picture, codec, 50), 128, 128)
    with pytest.raises(InputError, match="damaged"):
        decode(data)


def test_the_limit_is_an_argument(picture):
    data = encode(picture, "png", 50)
    assert decode(data, max_pixels=64 * 48).shape == (48, 64, 3)
    with pytest.raises(InputError, match="header claims 64x48, expected at most 3071 pixels"):
        decode(data, max_pixels=64 * 48 - 1)


def test_an_orientation_tag_does_not_turn_the_picture(picture):
    data = encode(picture, "jpeg", 90)
    tiff = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)  # turned by a quarter
    exif = b"\xff\xe1" + struct.pack(">H", 8 + len(tiff)) + b"Exif\0\0" + tiff
    turned = data[:2] + exif + data[2:]
    assert cv2.imdecode(np.frombuffer(turned, np.uint8), cv2.IMREAD_COLOR).shape[:2] == (64, 48)
    assert np.array_equal(decode(turned), decode(data))


def test_a_png_chunk_that_claims_gigabytes_is_refused(picture):
    data = bytearray(encode(picture, "png", 50))
    data[33] = 0x79  # the high byte of the first IDAT's length; OpenCV 4.14 would spend seconds and 2 GB
    with pytest.raises(InputError, match="cut short"):
        decode(data)


@pytest.mark.parametrize("codec", CODECS)
def test_random_damage_raises_nothing_but_input_errors(picture, codec):
    rng = np.random.default_rng(5)
    data = encode(picture, codec, 50)
    refused = 0
    for _ in range(300):
        damaged = np.frombuffer(data, np.uint8).copy()
        damaged[rng.integers(0, min(400, len(data)), 3)] = rng.integers(0, 256, 3)
        try:
            assert decode(damaged.tobytes(), max_pixels=10**6).dtype == np.uint8
        except InputError as error:
            assert "\n" not in str(error)
            refused += 1
    assert refused > 50


@pytest.mark.parametrize(
    ("encoding", "codec", "text"),
    [
        ("rgb8", "webp", "rgb8; webp compressed bgr8; full=640x480"),
        ("rgb8", "jpeg", "rgb8; jpeg compressed bgr8; full=640x480"),
        ("mono8", "png", "mono8; png compressed; full=640x480"),
        ("mono8", "webp", "rgb8; webp compressed bgr8; mono; full=640x480"),
        ("rgb8", "avif", "rgb8; avif compressed bgr8; full=640x480"),
        ("mono8", "avif", "mono8; avif compressed; full=640x480"),
        ("rgb8", "h264", "h264 frame; full=640x480"),
        ("mono8", "h264", "h264 frame; mono; full=640x480"),
        ("rgb8", "av1", "av1 frame; full=640x480"),
        ("mono8", "av1", "av1 frame; mono; full=640x480"),
    ],
)
def test_format_text_is_read_back(encoding, codec, text):
    frame_format = FrameFormat(encoding=encoding, codec=codec, full_width=640, full_height=480)
    assert frame_format.text() == text
    assert FrameFormat.parse(text, 1, 1) == frame_format


@pytest.mark.parametrize(
    ("text", "encoding", "codec"),
    [
        ("rgb8; jpeg compressed bgr8", "rgb8", "jpeg"),
        ("bgr8; png compressed bgr8", "rgb8", "png"),
        ("bayer_rggb8; jpeg compressed bgr8", "rgb8", "jpeg"),
        ("mono8; jpeg compressed ", "mono8", "jpeg"),
        ("mono16; png compressed ", "mono8", "png"),
        ("rgb8; webp compressed", "rgb8", "webp"),
        ("jpeg", "rgb8", "jpeg"),
        ("jpg", "rgb8", "jpeg"),
        ("png", "rgb8", "png"),
        ("webp", "rgb8", "webp"),
        ("avif", "rgb8", "avif"),
        ("h264", "rgb8", "h264"),
        ("av1", "rgb8", "av1"),
    ],
)
def test_foreign_format_texts_take_the_given_size(text, encoding, codec):
    parsed = FrameFormat.parse(text, 320, 240)
    assert parsed == FrameFormat(encoding=encoding, codec=codec, full_width=320, full_height=240)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "h265",
        "rgb8; gif compressed",
        "16UC1; compressedDepth png",
        "rgb8; jpeg compressed bgr8; full=640",
        "rgb8; jpeg compressed bgr8; full=-1x3",
        "rgb8; webp compressed; full=640x99999999999",
        "rgb8; webp compressed; full=0x480",
        pytest.param("x" * 10**6, id="long"),
    ],
)
def test_format_texts_without_sense_are_refused(text):
    with pytest.raises(InputError, match="format is") as caught:
        FrameFormat.parse(text, 320, 240)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250
