"""Streams of fixed rate: how each frame of a contender that knows nothing of the link is encoded."""

from abc import ABC, abstractmethod

import numpy as np

from edgesr_ros.codecs.av1 import Av1Encoder
from edgesr_ros.codecs.format import Codec
from edgesr_ros.codecs.h264 import H264Encoder
from edgesr_ros.codecs.stills import encode
from edgesr_ros.codecs.streams import StreamEncoder
from edgesr_ros.experiment.plan import H264, Av1, Fixed, Paceless
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
    """Video of a fixed mean size per frame. Each packet must be sent: the next builds on it."""

    def __init__(self, setting: H264 | Av1, rate_hz: float) -> None:
        self.codec = setting.codec
        self._setting, self._rate_hz = setting, rate_hz
        self._encoder: StreamEncoder | None = None

    def encode(self, frame: np.ndarray) -> bytes:
        reduced = reduce_frame(frame, self._setting.scale)
        if self._encoder is None:
            height, width = reduced.shape[:2]
            self._encoder = self._open(width, height)
        return self._encoder.encode(reduced)

    def _open(self, width: int, height: int) -> StreamEncoder:
        setting = self._setting
        frame_bytes = round(1000 * setting.kbps / 8 / self._rate_hz)
        if isinstance(setting, H264):
            return H264Encoder(width, height, frame_bytes=frame_bytes)
        key_every = max(round(setting.key_interval_s * self._rate_hz), 1)
        return Av1Encoder(width, height, frame_bytes=frame_bytes, key_every=key_every)


def stream_of(setting: Paceless, rate_hz: float) -> Stream:
    """The stream of a contender whose camera takes `rate_hz` frames per second."""
    return FixedStream(setting) if isinstance(setting, Fixed) else VideoStream(setting, rate_hz)
