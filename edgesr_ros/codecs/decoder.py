"""What a CompressedImage holds → a picture, whichever codec it came by."""

from array import array
from typing import NamedTuple

import numpy as np

from edgesr_ros.codecs.format import STREAMS, FrameFormat
from edgesr_ros.codecs.stills import decode
from edgesr_ros.codecs.streams import STREAM_CODECS
from edgesr_ros.frames.reduce import reduction


class Received(NamedTuple):
    """A frame as it was received."""

    picture: np.ndarray  # (h, w, 3) uint8 RGB
    format: FrameFormat
    factor: int  # by which the robot reduced it


def is_stream(text: str) -> bool:
    """Whether the frames of a CompressedImage's format build on each other.

    Raises:
        InputError: the format names no codec that can be decoded.
    """
    return FrameFormat.parse(text, 1, 1).codec in STREAMS


class FrameDecoder:
    """Decodes frames in the order of their arrival; keeps what the frames of a stream build on."""

    def __init__(self) -> None:
        self._streams = {codec: STREAM_CODECS[codec].decoder() for codec in STREAMS}

    def decode(self, data: bytes | memoryview | array, text: str) -> Received:
        """The picture of a CompressedImage's data and format.

        Raises:
            RecoveringError: of a stream, a frame that builds on one that was lost.
            InputError: damaged data, another codec, or a size that does not fit the full size in the format.
        """
        # A stand-alone frame's codec shows in its bytes, whatever the format says.
        stream = self._streams.get(FrameFormat.parse(text, 1, 1).codec)
        picture = decode(data) if stream is None else stream.decode(bytes(data))
        size = (picture.shape[1], picture.shape[0])
        form = FrameFormat.parse(text, *size)
        return Received(picture, form, reduction((form.full_width, form.full_height), size))
