"""The size that a WebP, JPEG, PNG or AVIF file claims, and whether all of it is there, by a few of its bytes.

Not left to an image library: those allocate, warn or refuse at this point by rules of their own, which
change from version to version.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from edgesr_ros.codecs.avif_header import avif_size, avif_whole
from edgesr_ros.codecs.format import Codec
from edgesr_ros.codecs.jpeg import jpeg_size, jpeg_whole
from edgesr_ros.errors import InputError


def read_size(data: bytes) -> tuple[int, int]:
    """(width, height) from the header.

    Raises:
        InputError: the bytes are none of the four formats, or the header is damaged.
    """
    container = _container(data)
    try:
        width, height = container.size(data)
    except (IndexError, ValueError):
        raise InputError(
            f"compressed image: header of this {container.name} of {len(data)} bytes is damaged or cut short"
        ) from None
    if width < 1 or height < 1:
        raise InputError(f"compressed image: header claims {width}x{height}, expected at least 1x1")
    return width, height


def is_whole(data: bytes) -> bool:
    """Whether the file goes on to the end that its format demands; bytes may follow, as of some cameras.

    Raises:
        InputError: the bytes are none of the four formats.
    """
    return _container(data).whole(data)


def codec_of_bytes(data: bytes) -> Codec:
    """Which of the four formats it begins as.

    Raises:
        InputError: none of them.
    """
    return _container(data).codec


def _number(data: bytes, first: int, count: int, order: Literal["big", "little"]) -> int:
    """`count` bytes from `first` as an unsigned number; IndexError where they are missing."""
    if len(data) < first + count:
        raise IndexError
    return int.from_bytes(data[first : first + count], order)


def _webp_size(data: bytes) -> tuple[int, int]:
    """RFC 9649, sections 2.5 to 2.7: extended, lossless, lossy."""
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + _number(data, 24, 3, "little"), 1 + _number(data, 27, 3, "little")
    if kind == b"VP8L" and data[20] == 0x2F:
        bits = _number(data, 21, 4, "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        return _number(data, 26, 2, "little") & 0x3FFF, _number(data, 28, 2, "little") & 0x3FFF
    raise ValueError


def _png_size(data: bytes) -> tuple[int, int]:
    """PNG, section 11.2.1: IHDR comes first."""
    if data[12:16] != b"IHDR":
        raise ValueError
    return _number(data, 16, 4, "big"), _number(data, 20, 4, "big")


def _png_whole(data: bytes) -> bool:
    """Whether chunk follows chunk up to IEND. OpenCV allocates what a chunk's length claims, up to 2 GiB."""
    place = 8
    while place + 12 <= len(data):
        if data[place + 4 : place + 8] == b"IEND":
            return True
        place += 12 + _number(data, place, 4, "big")
    return False


class _Container(NamedTuple):
    name: str
    codec: Codec
    size: Callable[[bytes], tuple[int, int]]
    whole: Callable[[bytes], bool]


def _webp_whole(data: bytes) -> bool:
    return len(data) >= 8 + int.from_bytes(data[4:8], "little")


_WEBP = _Container("WebP", "webp", _webp_size, _webp_whole)
_JPEG = _Container("JPEG", "jpeg", jpeg_size, jpeg_whole)
_PNG = _Container("PNG", "png", _png_size, _png_whole)
_AVIF = _Container("AVIF", "avif", avif_size, avif_whole)


def _container(data: bytes) -> _Container:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _WEBP
    if data[:3] == b"\xff\xd8\xff":
        return _JPEG
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return _PNG
    if data[4:12] == b"ftypavif":
        return _AVIF
    raise InputError(
        f"compressed image: {len(data)} bytes that begin with {data[:12]!r}, "
        "expected a WebP, JPEG, PNG or AVIF file"
    )
