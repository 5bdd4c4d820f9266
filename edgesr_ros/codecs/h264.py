"""Frames → H.264 (ITU-T H.264), live: without delay, and mended by what reports tell where there are any.

There is one key frame, the first, and one where a lost frame must be mended (`recover`). While the receiver
does not say what it decoded (`acknowledge`), losses are mended unasked. x264 lets a column of intra blocks
sweep over the picture every `refresh_frames` frames (periodic intra refresh), announced by a recovery point
SEI (D.2.8), so that sizes stay even and a receiver that missed something is whole again after the next full
sweep; of encoders of hardware every 90th frame is a key frame. Every packet that is encoded must be sent: to
the receiver, one that was not is a lost one.
"""

import av
import numpy as np

from edgesr_ros.codecs.h264_engine import IDR, X264, Engine, EngineError, Size, steered
from edgesr_ros.codecs.h264_trailer import NUMBERS, Trailer
from edgesr_ros.errors import InputError

REFRESH_FRAMES = 15  # costs up to 0.4 dB of luma against 30, and halves the wait after a loss

_UNANSWERED = 90  # frames without an acknowledgement until losses are mended unasked
_LONGEST = 16384  # pixels of a side; x264's limit
_COARSEST = 51.0  # crf of quality 0
_CRF_PER_QUALITY = 0.46
_QUANTIZER_OVER_CRF = 2.0  # of predicted frames, in the mean
# Largest frame of a live encoder, times the mean: with less the mean stays below its aim. Where it follows
# the mean, 95 % of the frames are below 1.4 means.
_HEADROOM = 2.0
# Where it cannot (`steered`), the mean may change within these bounds, times the largest frame. A new encoder
# meets a mean beyond them at once, at the price of a key frame, which is no larger than other frames, but
# coarser.
_LOWEST, _HIGHEST = 0.4, 1.5
_NEAR = 1.25  # times the size that an encoder of hardware was opened for, which it is left at


def crf_of(quality: int) -> float:
    """x264's constant rate factor for a quality of 1..100: 50.5 to 5, in equal steps."""
    return _COARSEST - _CRF_PER_QUALITY * quality


def quality_of(quantizer: float) -> int:
    """The quality, 1..100, that would have led to this mean quantizer at constant quality."""
    return min(max(round((_COARSEST - (quantizer - _QUANTIZER_OVER_CRF)) / _CRF_PER_QUALITY), 1), 100)


class H264Encoder:
    """Frames of one size → Annex B packets, one each.

    Either the quality is constant (`crf`; x264 alone), or the size (`frame_bytes`, which may change while
    frames flow).

    Args:
        width: of the frames, as `height`; odd ones are padded, and cut off again by `H264Decoder`.
        crf: x264's constant rate factor, 0 (best) to 51.
        frame_bytes: mean size of a packet; no packet is much larger than `headroom` times that, nor than
            `most`, the first included. x264 holds to that by a buffer of one such frame (VBV), except where
            even its coarsest quantizer needs more.
        refresh_frames: from the beginning of one sweep to the next, while nothing is acknowledged.
        first_number: of the frames; goes on from an earlier encoder's `next_number`, so that the decoder
            notices where the beginning of this one is lost.
        encoder: one of `h264_engine.encoder_names`; x264 takes its place for sizes that it refuses.

    Attributes:
        next_number: of the frame that is encoded next.
        quantizer: mean of the last packet, 0 (best) to 51; None where the encoder does not tell.

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
        headroom: float = 1.0,
        most: int | None = None,
        refresh_frames: int = REFRESH_FRAMES,
        first_number: int = 0,
        encoder: str = X264,
    ) -> None:
        if (crf is None) == (frame_bytes is None):
            raise ValueError("expected either crf or frame_bytes")
        if max(width, height) > _LONGEST:
            raise InputError(f"an image of {width}x{height} is more than h264 can hold")
        self._odd = (width % 2, height % 2)
        self._padded = width + self._odd[0], height + self._odd[1]
        self._crf, self._mean = crf, frame_bytes or 0
        self._headroom, self._most = headroom, most
        self._begun = self._size()  # with what the encoder in use was opened
        self._refresh_frames, self._name = refresh_frames, encoder
        self._engine: Engine | None = None  # opened when it is known whether it is to sweep
        self._swept = True
        self._unanswered = _UNANSWERED
        self._since_key = 0
        self.next_number = first_number
        self.quantizer: float | None = None

    @staticmethod
    def live(
        width: int, height: int, frame_bytes: int, most: int | None, first_number: int, encoder: str = X264
    ) -> "H264Encoder":
        """One for packets of `frame_bytes` in the mean, up to twice that and up to `most`.

        With an older PyAV (`h264_engine.steered`) up to twice the mean that it begins with.
        """
        return H264Encoder(
            width,
            height,
            frame_bytes=frame_bytes,
            headroom=_HEADROOM,
            most=most,
            first_number=first_number,
            encoder=encoder,
        )

    def set_scale(self, scale: int) -> bool:
        """Whether `scale` is 1: x264 would need another encoder."""
        return scale == 1

    def follows(self, frame_bytes: int, most: int | None) -> bool:
        """Whether `set_frame_bytes` leads to what a new `live` encoder would be for."""
        wanted = _largest(self._headroom * frame_bytes, most)
        if not self._is_x264:
            near = 1 / _NEAR <= frame_bytes / self._begun.mean <= _NEAR
            return near and (most is None or self._begun.largest <= most)
        if steered():
            got = _largest(self._headroom * frame_bytes, self._most)
            return wanted <= _HIGHEST * got and (most is None or got <= most)
        largest = self._begun.largest
        return _LOWEST * largest <= wanted <= _HIGHEST * largest and (most is None or largest <= most)

    def set_frame_bytes(self, frame_bytes: int) -> None:
        """Another mean size of the packets; x264 follows within a few frames.

        With an older PyAV it goes no higher than the largest size that it began with. Encoders of hardware
        stay as they are: at best each change would cost them a key frame.
        """
        self._mean = max(frame_bytes, 1)
        if self._engine is not None and self._engine.is_x264:
            self._engine.resize(self._size())

    @property
    def quality(self) -> int | None:
        """Of the last packet, 1..100, as `quality_of`; None where the encoder does not tell."""
        return None if self.quantizer is None else quality_of(self.quantizer)

    @property
    def saving(self) -> float:
        """1: the effort is always the same."""
        return 1.0

    def acknowledge(self, number: int) -> None:  # noqa: ARG002 - a frame builds on the one before it
        """The receiver tells what it decoded, so it will tell what is missing."""
        self._unanswered = 0

    def encode(self, image: np.ndarray, *, store: bool = False, recover: bool = False) -> bytes:  # noqa: ARG002
        """(H, W, 3) RGB or (H, W) grey uint8 → one packet; to `recover` it stands alone.

        Raises:
            InputError: the encoder fails; the next frame begins anew.
        """
        padding = ((0, self._odd[1]), (0, self._odd[0]), (0, 0))[: image.ndim]
        even = np.pad(image, padding, mode="edge")
        frame = av.VideoFrame.from_ndarray(even, format="rgb24" if even.ndim == 3 else "gray")
        unasked = self._unanswered >= _UNANSWERED
        if self._engine is None or (self._engine.is_x264 and unasked != self._swept):
            self._engine = self._open(unasked)
        due = not self._engine.is_x264 and unasked and self._since_key >= _UNANSWERED
        try:
            packet = self._engine.encode(frame, key=recover or due)
        except EngineError as error:
            self._engine = None
            raise InputError(f"encoder: {self._name}: {error}") from None
        self.quantizer = packet.quantizer
        self._since_key = 1 if IDR.search(packet.data) else self._since_key + 1
        self._unanswered += 1
        trailer = Trailer(self.next_number, *self._odd, self._swept)
        self.next_number = NUMBERS.after(trailer.number)
        return packet.data + trailer.to_bytes()

    def close(self) -> None:
        """Nothing is to be done: FFmpeg's context goes with the last reference to it."""

    @property
    def _is_x264(self) -> bool:
        return self._name == X264 if self._engine is None else self._engine.is_x264

    def _size(self) -> Size:
        return Size(self._mean, _largest(self._headroom * self._mean, self._most))

    def _open(self, unasked: bool) -> Engine:
        """A new encoder, whose first frame stands alone; `unasked` it mends what was lost by itself."""
        self._begun = size = self._size()
        sweep = self._refresh_frames if unasked else 0
        # x264 begins with what it may come to: older PyAV cannot raise that, and the first frames are better.
        largest = Size(size.largest, size.largest)
        for name in dict.fromkeys((self._name, X264)):
            aim = self._crf if self._crf is not None else largest if name == X264 else size
            try:
                engine = Engine(name, *self._padded, aim, sweep if name == X264 else 0)
            except EngineError as error:
                problem = error
                continue
            if engine.is_x264 and self._crf is None:
                engine.resize(size)
            self._swept = engine.is_x264 and unasked
            return engine
        raise InputError(f"encoder: {X264}: {problem}")


def _largest(wanted: float, most: int | None) -> int:
    return int(wanted if most is None else min(wanted, most))
