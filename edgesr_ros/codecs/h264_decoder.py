"""H.264 → frames, by FFmpeg; shows none that a missing packet has damaged."""

import av
import numpy as np

from edgesr_ros.codecs.frame_number import MOST_PATIENCE, Dependence, LateError, RecoveringError
from edgesr_ros.codecs.h264_engine import IDR
from edgesr_ros.codecs.h264_trailer import NUMBERS, Trailer
from edgesr_ros.codecs.stills import MAX_PIXELS
from edgesr_ros.errors import InputError
from edgesr_ros.frames.reduce import crop_to

_SWEPT_PATIENCE = 8  # packets: the sweep that mends it all the same takes longer


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
        trailer = Trailer.of(data)
        base = None if IDR.search(data) else NUMBERS.after(trailer.number, -1)
        return Dependence(trailer.number, base, patience=_SWEPT_PATIENCE if trailer.swept else MOST_PATIENCE)

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
        key_frame = IDR.search(data) is not None
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
