"""AV1 → frames, by libdav1d; nothing is allocated, and nothing shown, on the word of a packet alone."""

import av
import numpy as np

from edgesr_ros.codecs.av1_trailer import FARTHEST, NUMBERS, SIZE, Av1Trailer
from edgesr_ros.codecs.frame_number import Dependence, LateError, RecoveringError
from edgesr_ros.codecs.obu import (
    FRAME,
    FRAME_HEADER,
    METADATA,
    SEQUENCE_HEADER,
    TEMPORAL_DELIMITER,
    TILE_GROUP,
    obus,
    sequence_size,
)
from edgesr_ros.codecs.stills import MAX_PIXELS
from edgesr_ros.errors import InputError
from edgesr_ros.frames.colour import without_colour
from edgesr_ros.frames.reduce import crop_to

_KINDS = {TEMPORAL_DELIMITER, SEQUENCE_HEADER, FRAME_HEADER, TILE_GROUP, METADATA, FRAME}
_FORMAT = "yuv420p"


class Av1Decoder:
    """Packets of `Av1Encoder`, in order → frames; shows none that a missing packet has damaged.

    libdav1d alone would: of 390 frames after a lost one it showed 105 damaged without an error. So what a
    frame builds on is known by its trailer, and no frame is decoded whose base was not.

    Args:
        max_pixels: of a picture; larger ones are refused before anything is allocated for them.
    """

    def __init__(self, max_pixels: int = MAX_PIXELS) -> None:
        self._max_pixels = max_pixels
        self._context: av.VideoCodecContext | None = None
        self._size = (0, 0)  # of the sequence
        self._last: int | None = None  # number of the frame decoded last
        self._stored: list[int] = []  # those that later frames may build on

    @staticmethod
    def dependence(data: bytes) -> Dependence:
        """What a packet builds on; errors as `decode`."""
        return Av1Trailer.of(data).dependence

    def can_decode(self, packet: Dependence) -> bool:
        """Whether what a packet builds on is there, or it is too late for it to be of use."""
        if packet.base is None or packet.base in (self._last, *self._stored):
            return True
        return self._last is not None and NUMBERS.is_late(packet.number, NUMBERS.after(self._last))

    def decode(self, data: bytes) -> np.ndarray:
        """One packet → (H, W, 3) uint8 RGB; grey frames come as equal channels.

        Raises:
            RecoveringError: what the frame builds on is missing, after a lost packet or a late start.
            LateError: the frame is from before what was decoded already.
            InputError: the bytes are damaged, or too large a picture.
        """
        trailer = Av1Trailer.of(data)
        packet = data[:-SIZE]
        size = self._claimed_size(packet)
        if (size is None) != (trailer.base is not None):
            raise InputError(f"AV1: packet of {len(data)} bytes is damaged (key frame or not)")
        if self._last is not None and size is None:
            expected = NUMBERS.after(self._last)
            if NUMBERS.is_late(trailer.number, expected):
                raise LateError(f"AV1: packet {trailer.number} comes twice or late")
        if size is not None:
            self._restart(size)
        elif trailer.base != self._last and trailer.base not in self._stored:
            raise RecoveringError(
                f"AV1: frame {trailer.base}, which {trailer.number} builds on, is missing; "
                "waiting for one that builds on what is there"
            )
        width, height = self._size[0] - trailer.right, self._size[1] - trailer.bottom
        if width < 1 or height < 1:
            raise InputError(f"AV1: packet of {len(data)} bytes is damaged (nothing but padding)")
        picture = self._decoded(packet, trailer.halved)
        self._last = trailer.number
        if trailer.stored:
            self._stored = [*self._stored[1 - FARTHEST :], trailer.number]
        if trailer.halved:
            width, height = -(-width // 2), -(-height // 2)
        if trailer.grey:  # what the codec has made of grey is a little tinted
            picture = without_colour(picture)
        return crop_to(picture, width, height)

    def _claimed_size(self, packet: bytes) -> tuple[int, int] | None:
        """(width, height) of the sequence that a packet begins; None where it begins none.

        Raises:
            InputError: it is no temporal unit of the plain kind, or too large.
        """
        sizes = []
        try:
            for place, obu in enumerate(obus(packet, 0, len(packet))):
                if obu.end > len(packet) or (place == 0) != (obu.kind == TEMPORAL_DELIMITER):
                    raise ValueError
                if obu.kind not in _KINDS:
                    raise ValueError
                if obu.kind == SEQUENCE_HEADER:
                    sizes.append(sequence_size(packet, obu))
        except (IndexError, ValueError):
            raise InputError(f"AV1: packet of {len(packet)} bytes is damaged (its units)") from None
        if not sizes:
            return None
        width, height = sizes[0]
        if len(sizes) > 1 or width * height > self._max_pixels:
            raise InputError(
                f"AV1: header claims {width}x{height}, expected one of at most {self._max_pixels} pixels"
            )
        return width, height

    def _restart(self, size: tuple[int, int]) -> None:
        """A key frame comes: what was before does not count any more."""
        self._size, self._last, self._stored = size, None, []
        if self._context is not None:
            self._context.flush_buffers()

    def _decoded(self, packet: bytes, halved: bool) -> np.ndarray:
        """(H, W, 3) RGB, padding and all; where that fails, nothing is to build on any more."""
        if self._context is None:
            self._context = _open(self._max_pixels)
        fault = "nothing came of it"
        try:
            pictures = self._context.decode(av.Packet(packet))
            if len(pictures) == 1:
                (picture,) = pictures
                size = tuple(side // (1 + halved) for side in self._size)
                if (picture.width, picture.height) == size and picture.format.name == _FORMAT:
                    return picture.to_ndarray(format="rgb24")
                fault = f"{picture.width}x{picture.height} {picture.format.name}"
        except (av.FFmpegError, OverflowError, ValueError) as error:
            fault = str(error)
        # A decoder that met damage is not trusted to be as it was.
        self._context, self._last, self._stored = None, None, []
        raise InputError(f"AV1: packet of {len(packet)} bytes is damaged ({fault})")


def _open(max_pixels: int) -> av.VideoCodecContext:
    """libdav1d, which gives each picture at once.

    Raises:
        InputError: PyAV has none.
    """
    try:
        context = av.CodecContext.create("libdav1d", "r")
    except av.FFmpegError:
        raise InputError(f"AV1: PyAV {av.__version__} has no libdav1d, expected one of its wheels") from None
    context.thread_count = 1  # more of them hold frames back, and may wait for each other for ever at the end
    context.options = {"max_pixels": str(max_pixels)}
    return context
