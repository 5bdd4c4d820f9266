"""Depth in compressed messages: 16-bit PNG, alone or as compressed_depth_image_transport wraps it."""

import struct

import cv2
import numpy as np

from edgesr_ros.codecs.headers import is_whole, read_size
from edgesr_ros.codecs.stills import MAX_PIXELS
from edgesr_ros.errors import InputError

_HEAD = struct.Struct("<iff")  # compression_common.h: a kind, and two numbers that undo the quantization
_PNG = b"\x89PNG\r\n\x1a\n"
_KIND = slice(24, 26)  # bits a sample, and colour type, in a PNG's first chunk
_GREY_16 = b"\x10\x00"
_DARKEST, _BRIGHTEST = 2, 98  # percentiles: reflections and holes must not leave the rest in the dark
_FOLLOWING = 0.1  # of the way to the range of each new picture: no flicker


def is_depth(data: bytes, text: str) -> bool:
    """Whether a CompressedImage with this `format` holds depth, or another grey picture of 16 bits."""
    return "compresseddepth" in text.lower() or (data[:8] == _PNG and data[_KIND] == _GREY_16)


def decode_depth(data: bytes, text: str, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """What `is_depth` found, as (H, W).

    Returns:
        uint16 as stored (mm for depth by REP 118, 0 where unknown), or float32 in m of a `32FC1` format,
        NaN where unknown.

    Raises:
        InputError: compressed by RVL, damaged, or more than `max_pixels` by its header.
    """
    quantization = None
    if "compresseddepth" in text.lower():
        if data[_HEAD.size : _HEAD.size + len(_PNG)] != _PNG:
            kind = "RVL" if "rvl" in text.lower() else f"{len(data)} bytes"
            raise InputError(
                f"compressedDepth: {kind}, expected PNG after {_HEAD.size} bytes "
                "(record image_raw, or set the publisher's parameter format to png)"
            )
        if text.lstrip().startswith("32FC1"):
            quantization = _HEAD.unpack_from(data)[1:]
        data = data[_HEAD.size :]
    width, height = read_size(data)
    if width * height > max_pixels:
        raise InputError(f"depth: header claims {width}x{height}, expected at most {max_pixels} pixels")
    if not is_whole(data):
        raise InputError(f"depth: cut short after {len(data)} bytes")
    try:
        values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        values = None
    if values is None or values.shape != (height, width) or values.dtype != np.uint16:
        raise InputError(f"depth: {len(data)} bytes of PNG are damaged, or not of one channel of 16 bits")
    if quantization is None:
        return values
    a, b = quantization
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(values, a / (values.astype(np.float32) - b), np.nan).astype(np.float32)


class VisibleRange:
    """Depth, or other values of more than 8 bits → grey, by a range that follows the pictures slowly."""

    def __init__(self) -> None:
        self._range: np.ndarray | None = None

    def to_grey(self, values: np.ndarray) -> np.ndarray:
        """(H, W) of any number type → (H, W) uint8: 1..255 rising with the value; 0 where none, 0 or NaN."""
        known = np.isfinite(values) & (values > 0)
        if not known.any():
            return np.zeros(values.shape, np.uint8)
        seen = np.percentile(values[known], (_DARKEST, _BRIGHTEST))
        self._range = seen if self._range is None else self._range + _FOLLOWING * (seen - self._range)
        low, high = self._range
        scaled = (np.where(known, values, low) - low) / max(high - low, 1e-6)
        return np.where(known, (1 + 254 * scaled).round().clip(1, 255), 0).astype(np.uint8)
