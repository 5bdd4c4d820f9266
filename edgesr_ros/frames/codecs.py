"""Frames ↔ compressed bytes that stand alone (WebP, JPEG, PNG, AVIF), and the `format` of a CompressedImage.

The bytes come over a network: nothing is allocated and nothing is shown on their word alone.
"""

import re
from array import array
from typing import Literal

import cv2
import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.frames.avif import decode_avif, encode_avif
from edgesr_ros.frames.headers import is_avif, is_whole, read_size
from edgesr_ros.frames.message import Encoding
from edgesr_ros.schema import Struct

Codec = Literal["webp", "jpeg", "png", "avif", "h264"]
CODECS: tuple[Codec, ...] = ("webp", "jpeg", "png", "avif")  # whose frames stand alone; H.264: frames/h264.py
STREAMS: tuple[Codec, ...] = ("h264",)  # each frame of which is told as a change of those before it

# What writes frames: a codec has its usual encoder, and AVIF one more for who has the time.
EncoderName = Codec | Literal["avif_slow"]
STILLS: tuple[EncoderName, ...] = (*CODECS, "avif_slow")

_KNOWN = CODECS + STREAMS

# More than any camera here sends (4K is 8.3 million); 48 MiB as RGB is what a forged header may cost.
MAX_PIXELS = 4096 * 4096

_FORMAT = re.compile(
    r"\s*(?:(?P<encoding>\w+)\s*;\s*)?(?P<codec>webp|jpe?g|png|avif|h264)(?:\s+compressed)?(?:\s+\w+)?\s*"
    r"(?P<mono>;\s*mono\s*)?(?:;\s*full=(?P<width>\d{1,6})x(?P<height>\d{1,6})\s*)?"
)


class FrameFormat(Struct, frozen=True):
    """What a CompressedImage's `format` says: the frame's encoding, codec and size before reduction."""

    encoding: Encoding
    codec: Codec
    full_width: int
    full_height: int

    def text(self) -> str:
        """For example `rgb8; webp compressed bgr8; full=640x480`.

        The beginning is compressed_image_transport's: its subscribers swap red and blue of an `rgb8` frame
        unless `compressed bgr8` follows, and take `mono8` for a promise that the file holds one channel,
        which WebP cannot and H.264 does not; there a mark of ours keeps it.
        """
        if self.encoding == "rgb8":
            head = f"rgb8; {self.codec} compressed bgr8"
        elif self.codec in ("webp", "h264"):
            head = f"rgb8; {self.codec} compressed bgr8; mono"
        else:
            head = f"mono8; {self.codec} compressed"
        return f"{head}; full={self.full_width}x{self.full_height}"

    @staticmethod
    def parse(text: str, width: int, height: int) -> "FrameFormat":
        """Reads our `text()`, compressed_image_transport's (`rgb8; jpeg compressed bgr8`), or a codec alone.

        `width` and `height` are the full size where the text says none.

        Raises:
            InputError: the text names no codec that can be decoded, or a full size of 0.
        """
        found = _FORMAT.fullmatch(text)
        if not found:
            raise InputError(
                f"compressed image: format is {text[:80]!r}, expected one of {', '.join(_KNOWN)}, "
                "for example 'rgb8; jpeg compressed bgr8'"
            )
        if found["width"]:
            width, height = int(found["width"]), int(found["height"])
        if width < 1 or height < 1:
            raise InputError(f"compressed image: format is {text!r}, expected a full size of at least 1x1")
        mono = found["mono"] or (found["encoding"] or "").startswith("mono")
        codec = next(codec for codec in _KNOWN if codec[:2] == found["codec"][:2])  # "jpg" is jpeg
        return FrameFormat(
            encoding="mono8" if mono else "rgb8", codec=codec, full_width=width, full_height=height
        )


def codec_of(encoder: EncoderName) -> Codec:
    """What decodes its frames."""
    return "avif" if encoder == "avif_slow" else encoder


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


def decode(
    data: bytes | memoryview | array, max_pixels: int = MAX_PIXELS, keep_grey: bool = False
) -> np.ndarray:
    """A WebP, JPEG, PNG or AVIF file as (H, W, 3) uint8 RGB; (H, W) with `keep_grey` if it is grey.

    An orientation tag is not obeyed: the size is always that of `probe`.

    Raises:
        InputError: not such a file, more than `max_pixels` by its header (checked before anything is
            allocated), cut short, damaged, or AVIF where this machine has none.
    """
    data = bytes(data)
    width, height = read_size(data)
    if width * height > max_pixels:
        raise InputError(
            f"compressed image: header claims {width}x{height}, expected at most {max_pixels} pixels"
        )
    # OpenCV 4.10 and older return a JPEG that is cut short, the rest of it grey.
    if not is_whole(data):
        raise InputError(f"compressed image: cut short after {len(data)} bytes")
    image = decode_avif(data) if is_avif(data) else _decode_by_opencv(data, keep_grey)
    if image is None or image.shape[:2] != (height, width):
        raise InputError(f"compressed image: {len(data)} bytes for {width}x{height} are damaged")
    return image if image.ndim == 3 or keep_grey else cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)


def _decode_by_opencv(data: bytes, keep_grey: bool) -> np.ndarray | None:
    """(H, W, 3) RGB or (H, W) grey; None where the data are damaged."""
    color = cv2.IMREAD_ANYCOLOR if keep_grey else cv2.IMREAD_COLOR
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), color | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        return None
    return image if image is None or image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
