import cv2
import numpy as np
import pytest

from edgesr_ros.codecs.headers import is_whole, read_size
from edgesr_ros.errors import InputError

SETTINGS = {
    "webp": (".webp", [cv2.IMWRITE_WEBP_QUALITY, 60]),
    "lossless webp": (".webp", [cv2.IMWRITE_WEBP_QUALITY, 101]),
    "jpeg": (".jpg", [cv2.IMWRITE_JPEG_QUALITY, 60]),
    "progressive jpeg": (".jpg", [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]),
    "jpeg with restarts": (".jpg", [cv2.IMWRITE_JPEG_RST_INTERVAL, 2]),
    "png": (".png", []),
}


@pytest.mark.parametrize("kind", SETTINGS)
@pytest.mark.parametrize("size", [(1, 1), (3, 700), (257, 2), (640, 480)])
def test_size_and_end_of_real_files(kind, size):
    suffix, settings = SETTINGS[kind]
    image = np.random.default_rng(6).integers(0, 256, (size[1], size[0], 3), np.uint8)
    data = cv2.imencode(suffix, image, settings)[1].tobytes()
    assert read_size(data) == size
    assert is_whole(data)
    assert is_whole(data + bytes(20))
    assert is_whole(data + b"\xff\xd8\xff what lay in the buffer")
    assert not is_whole(data[:-1])


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        b"\xff\xd8\xff\xe0\x00\x02\xff\xda\x00\x08pixels",  # pixels before any size
        b"\xff\xd8\xff\xe0\x00\x02garbage",
        b"\xff\xd8" + b"\xff" * 1000,
        b"\xff\xd8\xff\xe0" + bytes(100),  # a segment of length 0
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n\0\0\0\x0dIDAT" + bytes(30),
        b"RIFF\x20\0\0\0WEBP",
        b"RIFF\x20\0\0\0WEBPVP8 \x10\0\0\0" + bytes(16),
        b"RIFF\x20\0\0\0WEBPVP8L\x10\0\0\0" + bytes(16),
        b"RIFF\x20\0\0\0WEBPVP8X\x10\0\0\0\0\0\0\0\1\1",
        b"RIFF\x20\0\0\0WEBPABCD" + bytes(100),
    ],
)
def test_damaged_headers_are_refused(data):
    with pytest.raises(InputError, match=rf"{len(data)} bytes is damaged or cut short"):
        read_size(data)


def test_a_size_of_zero_is_refused():
    png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" + bytes(3) + b"\x05" + bytes(9)
    with pytest.raises(InputError, match="header claims 5x0, expected at least 1x1"):
        read_size(png)
