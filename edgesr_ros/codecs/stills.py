"""Frames ↔ compressed bytes that stand alone (WebP, JPEG, PNG, AVIF).

The bytes come over a network: nothing is allocated and nothing is shown on their word alone.
"""

from array import array
from typing import NamedTuple

import cv2
import numpy as np

from edgesr_ros.codecs.avif import decode_avif, encode_avif
from edgesr_ros.codecs.format import STILLS
from edgesr_ros.codecs.headers import codec_of_bytes, is_whole, read_size
from edgesr_ros.codecs.jpeg import jpeg_with_end
from edgesr_ros.errors import InputError

# More than any camera here sends (4K is 8.3 million); 48 MiB as RGB is what a forged header may cost,
# twice that where it claims 16 bits.
MAX_PIXELS = 4096 * 4096


def encode(image: np.ndarray, encoder: str, quality: int, optimize: bool = True) -> bytes:
    """(H, W, 3) RGB or (H, W) grey uint8 as a WebP, JPEG, PNG or AVIF file.

    Args:
        encoder: one of `STILLS`.
        quality: 1..100; PNG is lossless and does not depend on it.
        optimize: give a JPEG Huffman tables of its own: the same picture in fewer bytes, most of all where
            it is small or coarse (a road frame: 160x90 q20 29 %, 640x360 q85 2 %).
            compressed_image_transport sends the standard ones.

    Raises:
        InputError: unknown codec, quality out of range, an image that the codec cannot hold, or AVIF where
            this machine has none.
    """
    if encoder not in STILLS:
        raise InputError(f"codec is {encoder!r}, expected one of {', '.join(STILLS)}")
    if not 1 <= quality <= 100:
        raise InputError(f"quality is {quality}, expected 1..100")
    colour = image.ndim == 3 and image.shape[2] == 3
    if image.dtype != np.uint8 or image.size == 0 or not (colour or image.ndim == 2):
        raise InputError(f"array is {image.dtype} {image.shape}, expected uint8 (H, W, 3) or (H, W)")
    if encoder in ("avif", "avif_slow"):
        return encode_avif(image, quality, slow=encoder == "avif_slow")
    settings = {
        "webp": [cv2.IMWRITE_WEBP_QUALITY, quality],
        "jpeg": [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, int(optimize)],
        "png": [],
    }[encoder]
    stored = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if colour else image
    try:
        written, data = cv2.imencode(f".{encoder}", stored, settings)
    except cv2.error:  # which of the two ways it fails depends on OpenCV's version
        written = False
    if not written:
        raise InputError(f"an image of {image.shape[1]}x{image.shape[0]} is more than {encoder} can hold")
    return data.tobytes()


def encode_within(image: np.ndarray, codec: str, quality: int, max_bytes: int) -> tuple[bytes, int]:
    """As `encode`, at about the best quality up to `quality` that takes at most `max_bytes`.

    It is found by halving: up to 7 more frames are encoded.

    Returns:
        The file, and its quality.

    Raises:
        InputError: as `encode`, or no quality is small enough.
    """
    data = encode(image, codec, quality)
    if len(data) <= max_bytes:
        return data, quality
    best, low, high = None, 1, quality - 1
    while low <= high:
        middle = (low + high) // 2
        data = encode(image, codec, middle)
        if len(data) <= max_bytes:
            best, low = (data, middle), middle + 1
        else:
            high = middle - 1
    if best is None:
        raise InputError(
            f"frame of {image.shape[1]}x{image.shape[0]}: {len(data)} bytes as {codec} at its lowest "
            f"quality, expected at most {max_bytes}"
        )
    return best


def probe(data: bytes | memoryview | array) -> tuple[int, int]:
    """(width, height) from the header of a WebP, JPEG, PNG or AVIF file; no pixel is decoded.

    Raises:
        InputError: the bytes are none of these, or the header is damaged.
    """
    return read_size(bytes(data))


class Whole(NamedTuple):
    """A file that is all there, and the size in its header."""

    data: bytes  # a JPEG with its end, also where that had been left out
    width: int
    height: int


def check(data: bytes, max_pixels: int = MAX_PIXELS) -> Whole:
    """As `probe`, and whether the file is all there.

    Raises:
        InputError: as `probe`, cut short, or more than `max_pixels` by its header.
    """
    width, height = read_size(data)
    if width * height > max_pixels:
        raise InputError(
            f"compressed image: header claims {width}x{height}, expected at most {max_pixels} pixels"
        )
    # OpenCV 4.10 and older return a JPEG that is cut short, the rest of it grey.
    whole = data if is_whole(data) else jpeg_with_end(data) if codec_of_bytes(data) == "jpeg" else None
    if whole is None:
        raise InputError(f"compressed image: cut short after {len(data)} bytes")
    return Whole(whole, width, height)


def decode(
    data: bytes | memoryview | array, max_pixels: int = MAX_PIXELS, keep_grey: bool = False
) -> np.ndarray:
    """A WebP, JPEG, PNG or AVIF file as (H, W, 3) uint8 RGB; (H, W) with `keep_grey` if it is grey.

    An orientation tag is not obeyed: the size is always that of `probe`. What follows a file's end is left
    out; the end of a JPEG may be missing, but nothing of its picture.

    Raises:
        InputError: not such a file, more than `max_pixels` by its header (checked before anything is
            allocated), cut short, damaged, or AVIF where this machine has none.
    """
    image = _decode(bytes(data), max_pixels, cv2.IMREAD_ANYCOLOR if keep_grey else cv2.IMREAD_COLOR)
    return image if image.ndim == 3 or keep_grey else cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)


def decode_values(data: bytes | memoryview | array, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """As `decode`, at the depth of the file: (H, W, 3) RGB or (H, W) grey, uint8 or, of a PNG, uint16.

    Raises:
        InputError: as `decode`.
    """
    return _decode(bytes(data), max_pixels, cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH)


def _decode(data: bytes, max_pixels: int, flags: int) -> np.ndarray:
    """(H, W, 3) RGB or (H, W) grey of a file that is checked first; `flags` are OpenCV's."""
    whole, width, height = check(data, max_pixels)
    image = decode_avif(whole) if codec_of_bytes(whole) == "avif" else _decode_by_opencv(whole, flags)
    if image is None or image.shape[:2] != (height, width):
        raise InputError(f"compressed image: {len(data)} bytes for {width}x{height} are damaged")
    return image


def _decode_by_opencv(data: bytes, flags: int) -> np.ndarray | None:
    """(H, W, 3) RGB or (H, W) grey; None where the data are damaged."""
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        return None
    return image if image is None or image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
