"""The messages of a topic → pictures, for every type of message that holds one."""

import contextlib
from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np

from edgesr_ros.codecs.assembly import Assembly
from edgesr_ros.codecs.decoder import FrameDecoder
from edgesr_ros.codecs.depth import decode_depth, is_compressed_depth
from edgesr_ros.codecs.frame_number import LateError
from edgesr_ros.codecs.parts import Message
from edgesr_ros.codecs.still_reader import StillReader
from edgesr_ros.codecs.video import VideoDecoder, video_codec
from edgesr_ros.errors import InputError
from edgesr_ros.frames.message import ImageReader
from edgesr_ros.frames.visible_range import ValueRange, VisibleRange

_RAW = ("sensor_msgs/msg/Image", "foxglove_msgs/msg/RawImage")
_COMPRESSED = (
    "sensor_msgs/msg/CompressedImage",
    "foxglove_msgs/msg/CompressedImage",
    "foxglove_msgs/msg/CompressedVideo",
)
_PACKET = "ffmpeg_image_transport_msgs/msg/FFMPEGPacket"
PICTURE_TYPES = frozenset({*_RAW, *_COMPRESSED, _PACKET})

Pictures = list[tuple[int, np.ndarray]]  # number of its message, (H, W, 3) RGB or (H, W) grey, uint8


class Rank(NamedTuple):
    """What speaks against a topic, the worst first."""

    depth: bool
    reduced: bool  # for a link
    grey: bool


class Decoder(ABC):
    """Decodes the messages of one topic in their order.

    Attributes:
        shown: the range of values that the last picture shows, in the camera's unit; None: it had 8 bits.
    """

    shown: ValueRange | None = None

    @abstractmethod
    def decode(self, message: Any, number: int) -> Pictures:
        """What is ready to be shown after message `number`; of a video there may be nothing yet.

        Raises:
            InputError: the message holds no picture that can be decoded.
        """

    def flush(self) -> Pictures:
        """What is still held back at the end."""
        return []


def decoder_of(msgtype: str) -> Decoder:
    """What decodes messages of a type, one of `PICTURE_TYPES`."""
    return _Raw() if msgtype in _RAW else _Packets() if msgtype == _PACKET else _Compressed()


def rank(message: Any, picture: np.ndarray) -> Rank:
    """How good a topic is to watch, the lowest best, by a message of it and its picture."""
    text = str(getattr(message, "format", getattr(message, "encoding", "")))
    depth = text.lstrip().startswith(("16", "32", "64", "mono16")) or "compresseddepth" in text.lower()
    return Rank(depth, "full=" in text, picture.ndim == 2)


class _Raw(Decoder):
    def __init__(self) -> None:
        self._camera = ImageReader()

    def decode(self, message: Any, number: int) -> Pictures:
        picture = self._camera.read(message)
        self.shown = self._camera.shown
        return [(number, picture)]


class _Packets(Decoder):
    """Of ffmpeg_image_transport; `encoding` names the encoder, in newer versions with more behind it."""

    def __init__(self) -> None:
        self._video = _Video()

    def decode(self, message: Any, number: int) -> Pictures:
        return self._video.decode(bytes(message.data), message.encoding.partition(";")[0], number)

    def flush(self) -> Pictures:
        return self._video.flush()


class _Compressed(Decoder):
    """Stills, depth, our own frames with their streams, and video of others, told apart by `format`."""

    def __init__(self) -> None:
        self._assembly, self._ours = Assembly(), FrameDecoder()
        self._video = _Video()
        self._stills = StillReader()
        self._range = VisibleRange()

    def decode(self, message: Any, number: int) -> Pictures:
        self.shown = None
        whole = self._assembly.take(Message(0, message.format, bytes(message.data)))
        return [picture for _, text, data in whole for picture in self._decode(data, text, number)]

    def _decode(self, data: bytes, text: str, number: int) -> Pictures:
        if video_codec(text) and "full=" in text:
            with contextlib.suppress(LateError):  # it was sent twice
                return [(number, _grey_where_said(self._ours.decode(data, text).picture, text))]
            return []
        if video_codec(text):
            return self._video.decode(data, text, number)
        if is_compressed_depth(text):
            picture = self._range.show(decode_depth(data, text), "measurement")
            self.shown = self._range.newest
            return [(number, picture)]
        picture = self._stills.read(data, text)
        self.shown = self._stills.shown
        return [(number, _grey_where_said(picture, text))]

    def flush(self) -> Pictures:
        return self._video.flush()


class _Video:
    """A video whose codec the first packet tells."""

    def __init__(self) -> None:
        self._codec: str | None = None
        self._decoder: VideoDecoder | None = None

    def decode(self, data: bytes, text: str, number: int) -> Pictures:
        codec = video_codec(text)
        if codec is None:
            raise InputError(f"video: codec is {text[:80]!r}, expected H.264, HEVC, AV1 or VP9")
        ready: Pictures = []
        if self._decoder is None or codec != self._codec:
            ready = self.flush()
            self._codec, self._decoder = codec, VideoDecoder(codec)
        return ready + self._decoder.decode(data, number)

    def flush(self) -> Pictures:
        return self._decoder.flush() if self._decoder else []


def _grey_where_said(picture: np.ndarray, text: str) -> np.ndarray:
    """Grey frames of ours come back in three channels from codecs that know only colour."""
    return picture[:, :, 0].copy() if picture.ndim == 3 and "; mono; full=" in text else picture
