"""What a CompressedImage holds → a picture, whichever codec it came by."""

from array import array
from typing import NamedTuple

import numpy as np
from msgspec import structs

from edgesr_ros.codecs.format import STREAMS, FrameFormat, camera_encoding, named_codec
from edgesr_ros.codecs.headers import codec_of_bytes
from edgesr_ros.codecs.reordering import Reordering
from edgesr_ros.codecs.still_reader import StillReader
from edgesr_ros.frames.colour import three_channels
from edgesr_ros.frames.reduce import reduction

_HEAD = 16  # bytes by which a codec is told


class Received(NamedTuple):
    """A frame as it was received."""

    picture: np.ndarray  # (h, w, 3) uint8 RGB
    format: FrameFormat
    factor: int  # by which the robot reduced it
    stamp_ns: int = 0  # of its header
    size: int = 0  # bytes, compressed


class _Origin(NamedTuple):
    """The message of a frame that may have to wait."""

    text: str
    stamp_ns: int
    size: int


def is_stream(text: str) -> bool:
    """Whether the frames of a CompressedImage's format build on each other."""
    return named_codec(text) in STREAMS


class FrameDecoder:
    """Decodes frames as they arrive; keeps what those of a stream build on, and those that wait for it."""

    def __init__(self) -> None:
        self._streams = {codec: Reordering[_Origin](codec) for codec in STREAMS}
        self._stills = StillReader()

    def decode(self, data: bytes | memoryview | array, text: str, stamp_ns: int = 0) -> Received:
        """The picture of a CompressedImage's data and format.

        Of a stream it is that of the newest frame that can be decoded now: perhaps of one that came before.

        Raises:
            RecoveringError: of a stream, a frame that builds on one that was lost.
            LateError: of a stream, a frame from before the one that was decoded last.
            InputError: damaged data, another codec, or a size that does not fit the full size in the format.
        """
        codec = named_codec(text)
        shown = None
        origin = _Origin(text, stamp_ns, len(data))
        if codec is not None and (stream := self._streams.get(codec)) is not None:
            picture, origin = stream.decode(bytes(data), origin)
            text = origin.text
        else:  # its codec shows in its bytes, whatever the format says
            picture, shown = self._stills.read(data, text), self._stills.shown
            codec = codec_of_bytes(bytes(data[:_HEAD]))
        size = (picture.shape[1], picture.shape[0])
        form = FrameFormat.parse(text, *size, codec).showing(shown)
        if picture.ndim == 2 and not camera_encoding(text):
            form = structs.replace(form, encoding="mono8")
        factor = reduction((form.full_width, form.full_height), size)
        return Received(three_channels(picture), form, factor, origin.stamp_ns, origin.size)
