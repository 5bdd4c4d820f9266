"""Streams of fixed rate: how each frame of a contender that knows nothing of the link is encoded."""

from abc import ABC, abstractmethod

import numpy as np

from edgesr_ros.codecs.format import Codec
from edgesr_ros.codecs.h264 import H264Encoder
from edgesr_ros.codecs.stills import encode
from edgesr_ros.experiment.plan import Fixed, Video
from edgesr_ros.frames.reduce import reduce_frame


class Stream(ABC):
    """Encodes one frame after the other.

    Attributes:
        codec: of what it makes.
    """

    codec: Codec

    @abstractmethod
    def encode(self, frame: np.ndarray) -> bytes:
        """(H, W, 3) RGB or (H, W) grey uint8, reduced and encoded."""


class FixedStream(Stream):
    """Stand-alone frames of one quality."""

    def __init__(self, setting: Fixed) -> None:
        self.codec = setting.codec
        self._quality, self._scale = setting.quality, setting.scale

    def encode(self, frame: np.ndarray) -> bytes:
        # As compressed_image_transport does it: the tables of a JPEG are the standard's.
        return encode(reduce_frame(frame, self._scale), self.codec, self._quality, optimize=False)


class VideoStream(Stream):
    """H.264 of a fixed size per frame. Each packet must be sent: the next builds on it."""

    codec = "h264"

    def __init__(self, setting: Video, rate_hz: float) -> None:
        self._scale = setting.scale
        self._frame_bytes = round(1000 * setting.kbps / 8 / rate_hz)
        self._encoder: H264Encoder | None = None

    def encode(self, frame: np.ndarray) -> bytes:
        reduced = reduce_frame(frame, self._scale)
        if self._encoder is None:
            height, width = reduced.shape[:2]
            self._encoder = H264Encoder(width, height, frame_bytes=self._frame_bytes)
        return self._encoder.encode(reduced)


def stream_of(setting: Fixed | Video, rate_hz: float) -> Stream:
    """The stream of a contender whose camera takes `rate_hz` frames per second."""
    return FixedStream(setting) if isinstance(setting, Fixed) else VideoStream(setting, rate_hz)
