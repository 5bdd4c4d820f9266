"""A stream along a ladder: the ladder gives the scale, the codec's encoder holds the size."""

from typing import NamedTuple

import numpy as np

from edgesr_ros.codecs.machine import ANY, Machine
from edgesr_ros.codecs.streams import STREAM_CODECS, LiveEncoder
from edgesr_ros.control.delay import RunningMean
from edgesr_ros.errors import InputError
from edgesr_ros.frames.reduce import MAX_SCALE, reduce_frame
from edgesr_ros.ladder.effort import SizeByTime
from edgesr_ros.ladder.points import REFERENCE_PIXELS, Mode, OperatingPoint
from edgesr_ros.ladder.scale import ScaleChoice
from edgesr_ros.ladder.walk import LadderWalk

_ATTEMPTS = 4
_SETTLED = 8  # frames after a key frame, from when on its quality tells about the content
_BURST = 2.5  # times as many bytes as frames take of late the next may be asked to take …
_LEAST_ASKED = 1500  # … or so many, of a 640x480 frame and in proportion of a larger one
_STARVING = 8  # quality up to which a frame is small for want of bytes, not for want of news
_MOST_ASKED = 10_000_000  # bytes: no limit
_HALVED = (2, 8)  # scales at which an encoder may halve the picture itself
_GAIN = 0.1  # weight of the newest frame in what is known of content and encoder


class References(NamedTuple):
    """What a frame of a stream is to build on, and what on it.

    Attributes:
        recover: it builds on a frame that the receiver is known to have, or stands alone.
        key: it stands alone.
        store: later ones may build on it, once it is acknowledged.
        acknowledged: the codec's number of the newest stored frame that the receiver has decoded.
    """

    recover: bool = False
    key: bool = False
    store: bool = False
    acknowledged: int | None = None


UNMENDED = References()  # a frame builds on the one before it


class StreamStage:
    """Meets a target in bytes frame by frame; the numbers of the frames go on from encoder to encoder.

    Args:
        walk: along a ladder of one stream.
        first_number: of the frames.
        machine: what encoders may use of it.
    """

    def __init__(self, walk: LadderWalk, first_number: int, machine: Machine = ANY) -> None:
        self._walk = walk
        (self._codec,) = walk.ladder.codecs
        self._number = first_number
        self._machine, self._by_time = machine, SizeByTime(machine.turn)
        self._scales: ScaleChoice | None = None
        if STREAM_CODECS[self._codec].tells_quality:
            self._scales = ScaleChoice({mode.scale for mode in walk.ladder.modes})
        self._halves = True  # by the encoder itself, until one says that it cannot
        self._encoder: LiveEncoder | None = None
        self._kind: tuple[int, ...] = ()  # scale and shape of the frames that the encoder is for
        self._frames = 0  # since its beginning
        self._correction = 1.0  # of the size asked for
        self._usual = RunningMean()  # bytes of late frames
        self._means: np.ndarray | None = None  # of sizes, targets and qualities; None before it is settled

    def encode(
        self,
        image: np.ndarray,
        target: int,
        limit: int | None,
        references: References = UNMENDED,
        price: float = 0.0,
    ) -> tuple[bytes, OperatingPoint, int]:
        """Bytes, point, number of attempts; the target is not above the limit, `price` is that of reducing.

        Raises:
            InputError: no setting is small enough, or the codec cannot hold such an image.
        """
        pixels = image.shape[0] * image.shape[1]
        scale, most = self._scale_for(target, pixels, price), limit
        if references.key:
            self._drop()
        for attempt in range(1, _ATTEMPTS + 1):
            # What the encoder halves by itself costs no key frame, neither now nor when it is full again; but
            # it has the whole picture to take in.
            inner = 2 if scale in _HALVED and self._halves and scale > self._by_time.scale else 1
            reduced = reduce_frame(image, scale // inner)
            encoder = self._encoder_for(reduced, scale // inner, target, most)
            if not encoder.set_scale(inner):
                self._halves = False
                reduced = reduce_frame(image, scale)
                encoder = self._encoder_for(reduced, scale, target, most)
            size = min(int(target * self._correction), self._usual_most(reduced.shape[0] * reduced.shape[1]))
            encoder.set_frame_bytes(size if most is None else min(size, most))
            if references.acknowledged is not None:
                encoder.acknowledge(references.acknowledged)
            data = self._timed(encoder, reduced, references)
            self._number = encoder.next_number
            if limit is None or len(data) <= limit:
                return data, self._learn(encoder, scale, len(data), target, pixels), attempt
            # What was encoded is not sent, so the receiver cannot go on from it.
            self._drop()
            most = max(min(2 * target, most or limit) * limit // (2 * len(data)), 1)
            scale = min(2 * scale, MAX_SCALE)
        raise InputError(
            f"frame takes {len(data)} bytes as {self._codec} at its coarsest, expected at most {limit}"
        )

    def _timed(self, encoder: LiveEncoder, reduced: np.ndarray, references: References) -> bytes:
        begun = self._machine.clock() if self._machine.clock else 0.0
        data = encoder.encode(reduced, store=references.store, recover=references.recover)
        if self._machine.clock:
            self._by_time.spent(self._machine.clock() - begun, encoder.saving)
        return data

    def _usual_most(self, pixels: int) -> int:
        """Bytes that may be asked for. What a scene at rest leaves would come as one burst when it moves."""
        usual, least = self._usual.mean, _LEAST_ASKED * max(pixels / REFERENCE_PIXELS, 1.0)
        return _MOST_ASKED if usual is None else int(max(_BURST * usual, least))

    def _scale_for(self, target: int, pixels: int, price: float) -> int:
        if self._scales is None:
            scale = self._walk.choose(target, pixels).scale
        else:
            scale = self._scales.choose(target, pixels, price)
        scale = max(scale, self._by_time.scale)
        self._walk.use(Mode(self._codec, scale))
        return scale

    def _encoder_for(self, reduced: np.ndarray, scale: int, target: int, most: int | None) -> LiveEncoder:
        """The encoder in use, or a new one where it cannot do what is asked."""
        kind = (scale, *reduced.shape)
        if self._encoder is None or kind != self._kind or not self._encoder.follows(target, most):
            self._drop()
            height, width = reduced.shape[:2]
            opened = STREAM_CODECS[self._codec].live
            self._encoder = opened(width, height, target, most, self._number, self._machine)
            self._kind, self._frames, self._correction, self._means = kind, 0, 1.0, None
            self._usual = RunningMean()
        return self._encoder

    def _drop(self) -> None:
        if self._encoder is not None:
            self._encoder.close()
        self._encoder = None

    def _learn(self, encoder: LiveEncoder, scale: int, size: int, target: int, pixels: int) -> OperatingPoint:
        """What a frame says about content and encoder; the point that it came out at."""
        quality, mode = encoder.quality, Mode(self._codec, scale)
        self._frames += 1
        if quality is None or quality > _STARVING:
            self._usual.add(size)
        if quality is None:
            return self._walk.ladder.at_bytes(mode, size * REFERENCE_PIXELS / pixels)
        point = self._walk.ladder.at_quality(mode, quality)
        if self._scales is not None and scale == self._scales.scale:
            self._scales.coded(quality)
        if self._frames > _SETTLED:
            # Means of sizes, for AV1's are uneven: the mean of their logarithms would be too small.
            newest = np.array([size, target, quality], float)
            means = newest if self._means is None else self._means + _GAIN * (newest - self._means)
            mean_size, mean_target, mean_quality = means
            self._means = means
            usual = self._walk.ladder.at_quality(mode, round(mean_quality))
            self._walk.observe(usual, mean_size, pixels, _GAIN)
            ideal = self._correction * (mean_target / mean_size) ** _GAIN
            self._correction = min(max(ideal, 1.0), STREAM_CODECS[self._codec].most_correction)
        return point
