"""H.264 along a ladder: the ladder gives the scale, x264 holds the size."""

import numpy as np

from edgesr_ros.codecs.h264 import H264Encoder, quality_of
from edgesr_ros.errors import InputError
from edgesr_ros.frames.reduce import MAX_SCALE, reduce_frame
from edgesr_ros.ladder.points import Mode, OperatingPoint
from edgesr_ros.ladder.walk import LadderWalk

_HEADROOM = 2.0  # largest frame of an encoder, times the target
# An encoder follows its target within these bounds, times that of its beginning. A new one meets a target
# beyond them at once, at the price of a key frame, which is no larger than other frames, but coarser.
_LOWEST, _HIGHEST = 0.4, 1.5
_ATTEMPTS = 4
_SETTLED = 8  # frames after a key frame, from when on its quality tells about the content
_GAIN = 0.1  # weight of the newest frame in what is known of content and encoder
_LARGEST_CORRECTION = 1.5  # x264 stays below the size that it is asked for


class StreamStage:
    """Meets a target in bytes frame by frame; the numbers of the frames go on from encoder to encoder."""

    def __init__(self, walk: LadderWalk, first_number: int) -> None:
        self._walk = walk
        self._number = first_number
        self._encoder: H264Encoder | None = None
        self._kind: tuple[int, ...] = ()  # scale and shape of the frames that the encoder is for
        self._most = 0  # bytes that its frames may take
        self._frames = 0  # since its beginning
        self._correction = 1.0  # of the size asked for

    def encode(self, image: np.ndarray, target: int, limit: int | None) -> tuple[bytes, OperatingPoint, int]:
        """Bytes, point, number of attempts; the target is not above the limit.

        Raises:
            InputError: no setting is small enough.
        """
        pixels = image.shape[0] * image.shape[1]
        point = self._walk.choose(target, pixels)
        scale = point.scale
        most = int(min(_HEADROOM * target, limit or _HEADROOM * target))
        for attempt in range(1, _ATTEMPTS + 1):
            reduced = reduce_frame(image, scale)
            encoder = self._encoder_for(reduced, scale, most, limit)
            encoder.set_frame_bytes(min(int(target * self._correction), self._most))
            data = encoder.encode(reduced)
            self._number = encoder.next_number
            if limit is None or len(data) <= limit:
                return data, self._learn(encoder, scale, len(data), target, pixels), attempt
            # What was encoded is not sent, so the receiver cannot go on from it.
            self._encoder = None
            most //= 2
            scale = min(2 * scale, MAX_SCALE)
        raise InputError(f"frame takes {len(data)} bytes as h264 at its coarsest, expected at most {limit}")

    def _encoder_for(self, reduced: np.ndarray, scale: int, most: int, limit: int | None) -> H264Encoder:
        """The encoder in use, or a new one where it cannot do what is asked."""
        kind = (scale, *reduced.shape)
        fits = _LOWEST * self._most <= most <= _HIGHEST * self._most and self._most <= (limit or self._most)
        if self._encoder is None or kind != self._kind or not fits:
            height, width = reduced.shape[:2]
            self._encoder = H264Encoder(width, height, frame_bytes=most, first_number=self._number)
            self._kind, self._most, self._frames, self._correction = kind, most, 0, 1.0
        return self._encoder

    def _learn(self, encoder: H264Encoder, scale: int, size: int, target: int, pixels: int) -> OperatingPoint:
        """What a frame says about content and encoder; the point that it came out at."""
        point = self._walk.ladder.at_quality(Mode("h264", scale), quality_of(encoder.quantizer))
        self._frames += 1
        if self._frames > _SETTLED:
            self._walk.observe(point, size, pixels, _GAIN)
            ideal = self._correction * (target / size) ** _GAIN
            self._correction = min(max(ideal, 1.0), _LARGEST_CORRECTION)
        return point
