"""The codecs whose frames build on each other, all alike: at a constant quality, or for live sending."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from edgesr_ros.codecs import av1_trailer, h264_trailer
from edgesr_ros.codecs.av1 import Av1Encoder
from edgesr_ros.codecs.av1_decoder import Av1Decoder
from edgesr_ros.codecs.frame_number import Dependence, FrameNumbers
from edgesr_ros.codecs.h264 import H264Encoder, crf_of
from edgesr_ros.codecs.h264_decoder import H264Decoder
from edgesr_ros.codecs.h264_engine import usable_encoder
from edgesr_ros.codecs.machine import Machine


class StreamEncoder(Protocol):
    """Frames of one size → packets, one each, all of which are sent.

    Attributes:
        next_number: of the frame that is encoded next.
    """

    next_number: int

    @property
    def quality(self) -> int | None:
        """Of the last packet: 1..100, as in a ladder; None: the encoder does not tell."""

    def encode(self, image: np.ndarray) -> bytes:
        """(H, W, 3) RGB or (H, W) grey uint8 → one packet."""

    def close(self) -> None:
        """Give memory back; again and again does no harm."""


class LiveEncoder(StreamEncoder, Protocol):
    """One that meets a size."""

    @property
    def saving(self) -> float:
        """Times that it would be faster with the least effort."""

    def set_scale(self, scale: int) -> bool:
        """Divide the sides by 1 or 2 from the next frame on, at no price of a key frame; whether it can."""

    def follows(self, frame_bytes: int, most: int | None, /) -> bool:
        """Whether `set_frame_bytes` can bring it to so many bytes a frame, of which none is to exceed `most`.

        Where not, a new one does, at the price of a key frame.
        """

    def set_frame_bytes(self, frame_bytes: int) -> None:
        """Another mean size of the packets."""

    def encode(self, image: np.ndarray, *, store: bool = False, recover: bool = False) -> bytes:
        """(H, W, 3) RGB or (H, W) grey uint8 → one packet.

        Args:
            store: later frames may build on it, once it is acknowledged.
            recover: it builds on what was acknowledged, or stands alone.
        """

    def acknowledge(self, number: int) -> None:
        """The receiver has decoded the frame of this number."""


class StreamDecoder(Protocol):
    """Packets in order → frames; shows none that a missing packet has damaged."""

    def dependence(self, data: bytes, /) -> Dependence:
        """What a packet builds on; errors as `decode`."""

    def can_decode(self, packet: Dependence, /) -> bool:
        """Whether it is of no use to wait before a packet is decoded."""

    def decode(self, data: bytes) -> np.ndarray:
        """One packet → (H, W, 3) uint8 RGB.

        Raises:
            RecoveringError: what the frame builds on is missing.
            LateError: the frame is from before what was decoded already.
            InputError: the bytes are damaged, or too large a picture.
        """


class StreamCodec(NamedTuple):
    """How a stream is opened.

    Attributes:
        constant: from width, height and quality, 1..100.
        live: from width, height, bytes a frame in the mean and, where there is a limit, at most, number of
            the first frame, and what may be used of the machine.
        decoder: of either.
        dependence: of a packet; errors as its decoder.
        numbers: of the packets.
        tells_quality: the encoder's quality is what it had to quantize by to meet the size.
        least: bytes of a frame of 640x480 that shows anything, as a change of the one before.
        most_correction: how many times what is wanted a live encoder may have to be asked for.
    """

    constant: Callable[[int, int, int], StreamEncoder]
    live: Callable[[int, int, int, int | None, int, Machine], LiveEncoder]
    decoder: Callable[[], StreamDecoder]
    dependence: Callable[[bytes], Dependence]
    numbers: FrameNumbers
    tells_quality: bool
    least: int
    most_correction: float


STREAM_CODECS: dict[str, StreamCodec] = {
    "h264": StreamCodec(
        lambda width, height, quality: H264Encoder(width, height, crf_of(quality)),
        lambda width, height, size, most, number, machine: H264Encoder.live(
            width, height, size, most, number, usable_encoder(machine.h264)
        ),
        H264Decoder,
        H264Decoder.dependence,
        h264_trailer.NUMBERS,
        tells_quality=False,
        least=1000,
        most_correction=1.5,  # x264 stays below
    ),
    "av1": StreamCodec(
        Av1Encoder,
        Av1Encoder.live,
        Av1Decoder,
        Av1Decoder.dependence,
        av1_trailer.NUMBERS,
        tells_quality=True,
        least=300,
        most_correction=1.0,
    ),
}
