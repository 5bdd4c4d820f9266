"""What the bytes of a frame are: the names of codecs and encoders, and the `format` of a CompressedImage."""

import re
from typing import Literal

import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.frames.message import Encoding
from edgesr_ros.schema import Struct

Codec = Literal["webp", "jpeg", "png", "avif", "h264", "av1"]
CODECS: tuple[Codec, ...] = ("webp", "jpeg", "png", "avif")  # whose frames stand alone
STREAMS: tuple[Codec, ...] = ("h264", "av1")  # each frame of which is told as a change of those before it

# What writes frames: a codec has its usual encoder, and AVIF one more for who has the time.
EncoderName = Codec | Literal["avif_slow"]
STILLS: tuple[EncoderName, ...] = (*CODECS, "avif_slow")

_KNOWN = CODECS + STREAMS

_FORMAT = re.compile(
    r"\s*(?:(?P<encoding>\w+)\s*;\s*)?(?P<codec>webp|jpe?g|png|avif|h264|av1)(?:\s+compressed)?(?:\s+\w+)?\s*"
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
        which WebP cannot and our streams do not; there a mark of ours keeps it.
        """
        if self.encoding == "rgb8":
            head = f"rgb8; {self.codec} compressed bgr8"
        elif self.codec == "webp" or self.codec in STREAMS:
            head = f"rgb8; {self.codec} compressed bgr8; mono"
        else:
            head = f"mono8; {self.codec} compressed"
        return f"{head}; full={self.full_width}x{self.full_height}"

    @staticmethod
    def of(image: np.ndarray, codec: Codec) -> "FrameFormat":
        """Of a camera's frame, (H, W, 3) RGB or (H, W) grey, that `codec` holds."""
        height, width = image.shape[:2]
        encoding: Encoding = "mono8" if image.ndim == 2 else "rgb8"
        return FrameFormat(encoding=encoding, codec=codec, full_width=width, full_height=height)

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
        name = "jpeg" if found["codec"] == "jpg" else found["codec"]
        codec = next(codec for codec in _KNOWN if codec == name)
        return FrameFormat(
            encoding="mono8" if mono else "rgb8", codec=codec, full_width=width, full_height=height
        )


def codec_of(encoder: EncoderName) -> Codec:
    """What decodes its frames."""
    return "avif" if encoder == "avif_slow" else encoder
