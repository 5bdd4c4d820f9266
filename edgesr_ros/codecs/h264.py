"""Frames ↔ H.264 (ITU-T H.264, libx264), live: without delay, and without a way back to ask for key frames.

There is one key frame, the first. After it a column of intra blocks sweeps over the picture every
`refresh_frames` frames (periodic intra refresh) and is announced by a recovery point SEI (D.2.8), so that
sizes stay even and a receiver that missed something is whole again after the next full sweep. Every packet
that is encoded must be sent: to the receiver, one that was not is a lost one.
"""

import re
from fractions import Fraction

import av
import numpy as np
from av.video.frame import PictureType
from av.video.reformatter import Colorspace

from edgesr_ros.codecs.frame_number import Dependence, LateError, RecoveringError
from edgesr_ros.codecs.h264_trailer import NUMBERS, Trailer
from edgesr_ros.codecs.stills import MAX_PIXELS
from edgesr_ros.errors import InputError
from edgesr_ros.frames.reduce import crop_to

REFRESH_FRAMES = 15  # costs up to 0.4 dB of luma against 30, and halves the wait after a loss

_LONGEST = 16384  # pixels of a side; x264's limit
_NOMINAL_HZ = 30  # x264 counts in bits per second; only the share of one frame matters here
_IDR = re.compile(rb"\x00\x00\x01[\x25\x45\x65]")  # start code and header of a key frame's slice
_SEI = re.compile(rb"\x00?\x00\x00\x01\x06.*?(?=\x00\x00\x01|\x00\x00\x00\x01)", re.DOTALL)
_COARSEST = 51.0  # crf of quality 0
_CRF_PER_QUALITY = 0.46
_QUANTIZER_OVER_CRF = 2.0  # of predicted frames, in the mean
_HEADROOM = 2.0  # largest frame of a live encoder, times the mean at its beginning
# A live encoder follows the mean within these bounds, times that of its beginning. A new one meets a mean
# beyond them at once, at the price of a key frame, which is no larger than other frames, but coarser.
_LOWEST, _HIGHEST = 0.4, 1.5
_QP_UNIT = 118  # FFmpeg tells the quantizer in steps of its FF_QP2LAMBDA


def crf_of(quality: int) -> float:
    """x264's constant rate factor for a quality of 1..100: 50.5 to 5, in equal steps."""
    return _COARSEST - _CRF_PER_QUALITY * quality


def quality_of(quantizer: float) -> int:
    """The quality, 1..100, that would have led to this mean quantizer at constant quality."""
    return min(max(round((_COARSEST - (quantizer - _QUANTIZER_OVER_CRF)) / _CRF_PER_QUALITY), 1), 100)


class H264Encoder:
    """Frames of one size → Annex B packets, one each.

    Either the quality is constant (`crf`), or the size (`frame_bytes`, which may change while frames flow).

    Args:
        width: of the frames, as `height`; odd ones are padded, and cut off again by `H264Decoder`.
        crf: x264's constant rate factor, 0 (best) to 51.
        frame_bytes: mean size of a packet; no packet is much larger, the first included. x264 holds to that
            by a buffer of one frame (VBV), except where even its coarsest quantizer needs more.
        refresh_frames: from the beginning of one sweep to the next.
        first_number: of the frames; goes on from an earlier encoder's `next_number`, so that the decoder
            notices where the beginning of this one is lost.

    Attributes:
        next_number: of the frame that is encoded next.
        quantizer: mean of the last packet, 0 (best) to 51.

    Raises:
        InputError: a side is longer than x264 can encode.
    """

    def __init__(
        self,
        width: int,
        height: int,
        crf: float | None = None,
        *,
        frame_bytes: int | None = None,
        refresh_frames: int = REFRESH_FRAMES,
        first_number: int = 0,
    ) -> None:
        if (crf is None) == (frame_bytes is None):
            raise ValueError("expected either crf or frame_bytes")
        if max(width, height) > _LONGEST:
            raise InputError(f"an image of {width}x{height} is more than h264 can hold")
        self._odd = (width % 2, height % 2)
        context = av.CodecContext.create("libx264", "w")
        context.width, context.height = width + self._odd[0], height + self._odd[1]
        context.pix_fmt = "yuv420p"
        context.colorspace = Colorspace.ITU601
        context.framerate = Fraction(_NOMINAL_HZ)
        context.time_base = 1 / context.framerate
        context.thread_count = 1
        options = {
            "preset": "veryfast",
            "tune": "zerolatency",
            "g": str(refresh_frames),
            "intra-refresh": "1",
            "sc_threshold": "0",  # no key frames at cuts
            # Intra blocks must not look at neighbours that a receiver in recovery does not have right.
            "x264-params": "constrained-intra=1",
        }
        if frame_bytes is None:
            options["crf"] = f"{crf:g}"
        else:
            kbit = max(round(frame_bytes * 8 / 1000), 1)  # the unit of x264
            context.bit_rate = kbit * 1000 * _NOMINAL_HZ
            options |= {"maxrate": str(context.bit_rate), "bufsize": str(kbit * 1000)}
        context.options = options
        self._context = context
        self._count = 0
        self._most = frame_bytes or 0
        self.next_number = first_number
        self.quantizer = 0.0

    @staticmethod
    def live(width: int, height: int, frame_bytes: int, most: int | None, first_number: int) -> "H264Encoder":
        """One for packets of `frame_bytes` in the mean, up to twice that and up to `most`."""
        largest = _largest(frame_bytes, most)
        encoder = H264Encoder(width, height, frame_bytes=largest, first_number=first_number)
        encoder.set_frame_bytes(frame_bytes)
        return encoder

    def set_scale(self, scale: int) -> bool:
        """Whether `scale` is 1: x264 would need another encoder."""
        return scale == 1

    def follows(self, frame_bytes: int, most: int | None) -> bool:
        """Whether `set_frame_bytes` leads to what a new `live` encoder would be for."""
        near = _LOWEST * self._most <= _largest(frame_bytes, most) <= _HIGHEST * self._most
        return near and (most is None or self._most <= most)

    def set_frame_bytes(self, frame_bytes: int) -> None:
        """Another mean size of the packets, at most that of the beginning; follows within a few frames."""
        self._context.open(strict=False)
        self._context.bit_rate = max(min(frame_bytes, self._most) * 8 * _NOMINAL_HZ, 1000)

    @property
    def quality(self) -> int:
        """Of the last packet, 1..100, as `quality_of`."""
        return quality_of(self.quantizer)

    def acknowledge(self, number: int) -> None:
        """What the receiver has decoded changes nothing here: a frame builds on the one before it."""

    def encode(self, image: np.ndarray, *, store: bool = False, recover: bool = False) -> bytes:  # noqa: ARG002
        """(H, W, 3) RGB or (H, W) grey uint8 → one packet; to `recover` it stands alone."""
        padding = ((0, self._odd[1]), (0, self._odd[0]), (0, 0))[: image.ndim]
        even = np.pad(image, padding, mode="edge")
        frame = av.VideoFrame.from_ndarray(even, format="rgb24" if even.ndim == 3 else "gray")
        frame.pts = self._count
        if recover:
            frame.pict_type = PictureType.I
        self._count += 1
        (packet,) = self._context.encode(frame)
        self.quantizer = int.from_bytes(bytes(packet.get_sidedata("quality_stats"))[:4], "little") / _QP_UNIT
        trailer = Trailer(self.next_number, *self._odd)
        self.next_number = NUMBERS.after(trailer.number)
        data = bytes(packet)
        if _IDR.search(data):
            data = _SEI.sub(b"", data)  # only x264's settings as a text of 700 bytes
        return data + trailer.to_bytes()

    def close(self) -> None:
        """Nothing is to be done: FFmpeg's context goes with the last reference to it."""


def _largest(frame_bytes: int, most: int | None) -> int:
    """The largest packet of a live encoder."""
    return int(min(_HEADROOM * frame_bytes, most or _HEADROOM * frame_bytes))


class H264Decoder:
    """Packets of `H264Encoder`, in order → frames; shows none that a missing packet has damaged.

    FFmpeg alone shows those: it takes a lost frame for a still one. So lost packets are recognized here, by
    the numbers in the trailers, and FFmpeg starts afresh, which makes it wait for a complete refresh.

    Args:
        max_pixels: of a picture; larger ones are refused before anything is allocated for them.
    """

    def __init__(self, max_pixels: int = MAX_PIXELS) -> None:
        self._context = av.CodecContext.create("h264", "r")
        self._context.thread_count = 1
        self._context.options = {
            "flags": "low_delay",
            "err_detect": "explode",  # an error, not a guess, where bits are damaged
            "max_pixels": str(max_pixels),
        }
        self._expected: int | None = None  # number of the next packet; None before the first
        self._waiting = True  # for a refresh

    @staticmethod
    def dependence(data: bytes) -> Dependence:
        """What a packet builds on, but for the first after a refresh; errors as `decode`."""
        number = Trailer.of(data).number
        return Dependence(number, None if _IDR.search(data) else NUMBERS.after(number, -1))

    def can_decode(self, packet: Dependence) -> bool:
        """Whether the packet before is there, or it is too late for this one to be of use."""
        if self._expected is None or packet.base is None or packet.number == self._expected:
            return True
        return NUMBERS.is_late(packet.number, self._expected)

    def decode(self, data: bytes) -> np.ndarray:
        """One packet → (H, W, 3) uint8 RGB; grey frames come as equal channels.

        Raises:
            RecoveringError: the picture is not whole again yet after a lost packet or a late start.
            LateError: the frame is from before what was decoded already.
            InputError: the bytes are damaged, or too large a picture.
        """
        trailer = Trailer.of(data)
        key_frame = _IDR.search(data) is not None
        if trailer.number != self._expected:
            if (
                self._expected is not None
                and not key_frame
                and NUMBERS.is_late(trailer.number, self._expected)
            ):
                raise LateError(f"H.264: packet {trailer.number} comes twice or late")
            self._restart()
        self._expected = NUMBERS.after(trailer.number)
        try:
            pictures = [frame.to_ndarray(format="rgb24") for frame in self._context.decode(av.Packet(data))]
        except (av.FFmpegError, ValueError) as error:
            if key_frame or not self._waiting:
                self._restart()
                raise InputError(f"H.264: packet of {len(data)} bytes is damaged ({error})") from None
            pictures = []  # it refers to what is missing
        if not pictures:
            raise RecoveringError("H.264: an earlier packet is missing; waiting for the refresh to complete")
        self._waiting = False
        height, width = pictures[-1].shape[:2]
        return crop_to(pictures[-1], width - trailer.odd_width, height - trailer.odd_height)

    def _restart(self) -> None:
        """Forget all pictures: FFmpeg gives none then before a key frame or a complete refresh."""
        self._context.flush_buffers()
        self._waiting = True
