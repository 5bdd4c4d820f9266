"""What the bytes of a frame are: the names of codecs and encoders, and the `format` of a CompressedImage."""

import re
from typing import Literal

import numpy as np
from msgspec import structs

from edgesr_ros.errors import InputError
from edgesr_ros.frames.encodings import LAYOUTS, is_grey
from edgesr_ros.frames.message import Encoding
from edgesr_ros.frames.visible_range import ValueRange
from edgesr_ros.schema import Struct

Codec = Literal["webp", "jpeg", "png", "avif", "h264", "av1"]
CODECS: tuple[Codec, ...] = ("webp", "jpeg", "png", "avif")  # whose frames stand alone
STREAMS: tuple[Codec, ...] = ("h264", "av1")  # each frame of which is told as a change of those before it

# What writes frames: a codec has its usual encoder, and AVIF one more for who has the time.
EncoderName = Codec | Literal["avif_slow"]
STILLS: tuple[EncoderName, ...] = (*CODECS, "avif_slow")

_KNOWN = CODECS + STREAMS

# compressed_image_transport's `jpeg compressed bgr8`, a codec alone, or its media type.
_NAMED = re.compile(r"(?:image/)?(webp|jpe?g|png|avif|h264|av1)(?:\s+compressed)?(?:\s+\w+)?", re.IGNORECASE)
_NUMBER = re.compile(r"\w(?:_b(\d{1,4}))?_n(\d{1,19})$")  # at the end of a word that names an encoding
_SIZE = re.compile(r"(\d{1,6})x(\d{1,6})")
_RANGE = re.compile(r"(-?[\d.]+(?:e[+-]?\d+)?)\.\.(-?[\d.]+(?:e[+-]?\d+)?)")


class FrameFormat(Struct, frozen=True):
    """What a CompressedImage's `format` says of a frame.

    Attributes:
        encoding: of the picture: with or without colour.
        codec: what compressed it.
        full_width: of the frame before it was reduced, pixels; as `full_height`.
        number: what tells the frame from others, whatever its stamp; each one is 1 more than that of the
            frame sent before. None: the sender does not number its frames.
        shown: the range of values that it shows, in the camera's unit, where those have more than 8 bits.
        report_ms: the sender, who numbers its frames, reads brief reports (`control/brief.py`), and wants one
            in so many ms; None: it takes a frame that is not reported at once for one that is lost.
    """

    encoding: Encoding
    codec: Codec
    full_width: int
    full_height: int
    number: int | None = None
    shown: ValueRange | None = None
    report_ms: int | None = None

    def text(self) -> str:
        """For example `rgb8; webp compressed bgr8_n41; full=640x480`, or `av1 frame_n41; full=640x480`.

        The beginning is compressed_image_transport's: its subscribers swap red and blue of an `rgb8` frame
        unless `compressed bgr` follows, and take `mono8` for a promise that the file holds one channel,
        which WebP cannot and our streams do not; there a mark of ours keeps it. No subscriber of it decodes
        streams, whose frames may be as small as their format: they go without. The number, and before it the
        interval of brief reports (`_b120`), are part of a word that ground stations from before there were
        numbers skip: further words they would refuse.
        """
        reports = "" if self.report_ms is None else f"_b{self.report_ms}"
        number = "" if self.number is None else f"{reports}_n{self.number}"
        marked = self.encoding == "mono8" and (self.codec == "webp" or self.codec in STREAMS)
        if self.codec in STREAMS:
            head = f"{self.codec} frame{number}"
        elif self.encoding == "rgb8" or marked:
            head = f"rgb8; {self.codec} compressed bgr8{number}"
        else:
            head = f"mono8; {self.codec} compressed" + (number and f" mono8{number}")
        mono = "; mono" if marked else ""
        shown = "" if self.shown is None else f"; range={self.shown.text()}"
        return f"{head}{mono}; full={self.full_width}x{self.full_height}{shown}"

    def showing(self, shown: ValueRange | None) -> "FrameFormat":
        """The same, of a frame that shows this range of values."""
        return self if shown is None else structs.replace(self, shown=shown)

    @staticmethod
    def of(image: np.ndarray, codec: Codec, number: int | None = None) -> "FrameFormat":
        """Of a camera's frame, (H, W, 3) RGB or (H, W) grey, that `codec` holds."""
        height, width = image.shape[:2]
        return FrameFormat(
            encoding="mono8" if image.ndim == 2 else "rgb8",
            codec=codec,
            full_width=width,
            full_height=height,
            number=number,
        )

    @staticmethod
    def parse(text: str, width: int, height: int, codec: Codec | None = None) -> "FrameFormat":
        """Reads our `text()`, compressed_image_transport's (`rgb8; jpeg compressed bgr8`), or a codec alone.

        Other words, and keys that are not known here, are passed over.

        Args:
            text: the format.
            width: of the full size where the text says none, pixels; as `height`.
            codec: what the bytes are, where they show it; None: what the text says.

        Raises:
            InputError: nothing says which codec, or the full size is none.
        """
        codec = codec or named_codec(text)
        if codec is None:
            raise InputError(
                f"compressed image: format is {text[:80]!r}, expected one of {', '.join(_KNOWN)}, "
                "for example 'rgb8; jpeg compressed bgr8'"
            )
        words, values = _parts(text)
        if (full := values.get("full")) is not None:
            size = _SIZE.fullmatch(full)
            width, height = (int(size[1]), int(size[2])) if size else (0, 0)
        if width < 1 or height < 1:
            raise InputError(
                f"compressed image: format is {text[:80]!r}, expected a full size of at least 1x1"
            )
        number = next((found for word in words if (found := _NUMBER.search(word))), None)
        shown = _RANGE.fullmatch(values.get("range", ""))
        return FrameFormat(
            encoding="mono8" if "mono" in words or is_grey(camera_encoding(text)) else "rgb8",
            codec=codec,
            full_width=width,
            full_height=height,
            number=None if number is None else int(number[2]),
            shown=None if shown is None else _range_of(shown),
            report_ms=None if number is None or number[1] is None else int(number[1]),
        )


def named_codec(text: str) -> Codec | None:
    """The codec that a CompressedImage's format names; None: none that is known here."""
    for word in _parts(text)[0]:
        if found := _NAMED.fullmatch(word):
            name = found[1].lower()
            return next(codec for codec in _KNOWN if codec == ("jpeg" if name == "jpg" else name))
    return None


def number_of(text: str) -> int | None:
    """The number that a format gives a frame, or what is a part of one; None: none."""
    found = next((found for word in _parts(text)[0] if (found := _NUMBER.search(word))), None)
    return None if found is None else int(found[2])


def camera_encoding(text: str) -> str:
    """The encoding of the camera's picture that a format begins with, in lower case; empty: it names none."""
    name = text[:80].partition(";")[0].strip().lower()
    return name if name in LAYOUTS else ""


def _parts(text: str) -> tuple[list[str], dict[str, str]]:
    """The words between semicolons, and the values by their keys."""
    parts = [part.strip() for part in text.split(";")]
    pairs = (part.partition("=") for part in parts if "=" in part)
    return [part for part in parts if "=" not in part], {key.strip(): value for key, _, value in pairs}


def _range_of(found: re.Match[str]) -> ValueRange | None:
    try:
        return ValueRange(float(found[1]), float(found[2]))
    except ValueError:  # "1.2.3"
        return None


def codec_of(encoder: EncoderName) -> Codec:
    """What decodes its frames."""
    return "avif" if encoder == "avif_slow" else encoder
