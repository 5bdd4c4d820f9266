"""Depth as compressed_depth_image_transport sends it: a header of its own, then a PNG of 16 bits."""

import struct

import cv2
import numpy as np

from edgesr_ros.codecs.headers import is_whole, read_size
from edgesr_ros.codecs.stills import MAX_PIXELS
from edgesr_ros.errors import InputError

_HEAD = struct.Struct("<iff")  # compression_common.h: a kind, and two numbers that undo the quantization
_PNG = b"\x89PNG\r\n\x1a\n"


def is_compressed_depth(text: str) -> bool:
    """Whether this is the `format` of compressed_depth_image_transport."""
    return "compresseddepth" in text.lower()


def decode_depth(data: bytes, text: str, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """The depth of a message whose format `is_compressed_depth`, as (H, W).

    Returns:
        uint16 as stored (mm for depth by REP 118, 0 where unknown), or float32 in m of a `32FC1` format,
        NaN where unknown.

    Raises:
        InputError: compressed by RVL, damaged, or more than `max_pixels` by its header.
    """
    if data[_HEAD.size : _HEAD.size + len(_PNG)] != _PNG:
        kind = "RVL" if "rvl" in text.lower() else f"{len(data)} bytes"
        raise InputError(
            f"compressedDepth: {kind}, expected PNG after {_HEAD.size} bytes "
            "(record image_raw, or set the publisher's parameter format to png)"
        )
    quantization = _HEAD.unpack_from(data)[1:] if text.lstrip().startswith("32FC1") else None
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
