"""Packets of a video codec, as other senders put them into messages → pictures. Our own: h264.py."""

import re

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext

from edgesr_ros.codecs.stills import MAX_PIXELS
from edgesr_ros.errors import InputError

# What encoders and messages call them (libx264, h264_nvenc, hevc_vaapi, H265, libsvtav1).
_NAMES = {"h264": r"h\.?264|x264|avc", "hevc": r"h\.?265|x265|hevc", "av1": "av1", "vp9": "vp-?9"}
_DECODERS = {"av1": "libdav1d"}  # FFmpeg's own needs a GPU


def video_codec(text: str) -> str | None:
    """`h264`, `hevc`, `av1` or `vp9`, as an encoder's name or a message's format tells; None: another."""
    return next((codec for codec, names in _NAMES.items() if re.search(names, text, re.IGNORECASE)), None)


class VideoDecoder:
    """Packets in the order of their sending → pictures in the order of showing.

    Args:
        codec: as `video_codec` tells it.
        max_pixels: of a picture; larger ones are refused before anything is allocated for them.
    """

    def __init__(self, codec: str, max_pixels: int = MAX_PIXELS) -> None:
        self._codec, self._max_pixels = codec, max_pixels
        self._shows = False  # pictures, since the last key frame that was whole
        self._restart()

    def decode(self, data: bytes, number: int) -> list[tuple[int, np.ndarray]]:
        """The pictures that are ready after a packet: (number of their own packet, (H, W, 3) uint8 RGB).

        There may be none yet, as a codec may look ahead, or the packet builds on one that is missing.

        Raises:
            InputError: the packet is damaged, or its picture too large; the next key frame is waited for.
        """
        packet = av.Packet(data)
        packet.pts = number
        return self._pictures(packet, f"packet of {len(data)} bytes")

    def flush(self) -> list[tuple[int, np.ndarray]]:
        """The pictures that the decoder still held back, as `decode`; packets may follow."""
        try:
            return self._pictures(None, "the last packets")
        finally:
            self._restart()

    def _pictures(self, packet: av.Packet | None, what: str) -> list[tuple[int, np.ndarray]]:
        try:
            pictures = []
            for frame in self._context.decode(packet):
                # FFmpeg's HEVC decoder makes up what is missing where a stream is joined between key frames.
                self._shows = self._shows or bool(frame.key_frame) or self._codec != "hevc"
                if self._shows and not frame.is_corrupt and frame.pts is not None:
                    pictures.append((frame.pts, frame.to_ndarray(format="rgb24")))
            return pictures
        except (av.FFmpegError, ValueError) as error:
            beginning = "" if self._shows else ", no key frame before it"
            self._restart()
            reason = getattr(error, "strerror", None) or error
            raise InputError(f"{self._codec}: {what} cannot be decoded ({reason}{beginning})") from None

    def _restart(self) -> None:
        """Forget all pictures. A new decoder, as not every one gives none then before a key frame."""
        context = av.CodecContext.create(_DECODERS.get(self._codec, self._codec), "r")
        assert isinstance(context, VideoCodecContext)
        context.thread_count = 1
        # An error, not a guess, where bits are damaged.
        context.options = {"err_detect": "explode", "max_pixels": str(self._max_pixels)}
        self._context = context
        self._shows = False
