"""Frames → bytes at the operating point that a budget of bytes allows."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from edgesr_ros.codecs import av1, avif
from edgesr_ros.codecs.format import STREAMS
from edgesr_ros.codecs.h264_engine import usable_encoder
from edgesr_ros.codecs.machine import ANY, Machine
from edgesr_ros.codecs.stills import encode, encode_within
from edgesr_ros.codecs.streams import STREAM_CODECS
from edgesr_ros.control.policy import MIN_FRAME_BYTES
from edgesr_ros.errors import InputError
from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.ladder.points import Ladder, OperatingPoint, read_ladder
from edgesr_ros.ladder.stream import UNMENDED, References, StreamStage
from edgesr_ros.ladder.walk import LadderWalk

_ATTEMPTS = 3  # at encoding a frame by the ladder
_TOO_LARGE = 1.5  # times the target: worth another attempt, for such a frame delays the next ones
_MARGIN = 0.9  # of the limit, aimed at after a frame was over it


class Encoded(NamedTuple):
    """A frame ready to be sent."""

    data: bytes
    point: OperatingPoint  # what it was encoded at; its bytes, LPIPS and PSNR are those the ladder expects
    attempts: int  # how often it was encoded


class LadderEncoder:
    """Encodes each frame at the best point of a ladder's hull for the bytes that it may take.

    Args:
        ladder: of the codecs to use.
        first_number: of a stream's frames. A sender that may be restarted while the receiver runs
            on takes a random one, so that none of its packets is taken for one of the stream before.
        machine: what encoders may use of it.

    Attributes:
        streams: whether frames build on each other, so that each must be sent and none be slipped in.
        least_bytes: of a frame that shows anything.

    Raises:
        InputError: the ladder has AVIF or AV1, and this machine none; or H.264, and not the encoder that is
            asked for.
    """

    def __init__(self, ladder: Ladder, first_number: int = 0, machine: Machine = ANY) -> None:
        if "avif" in ladder.codecs:
            avif.check_support()
        if "av1" in ladder.codecs and (reason := av1.missing()) is not None:
            raise InputError(reason)
        if "h264" in ladder.codecs:
            usable_encoder(machine.h264)
        walk = self._walk = LadderWalk(ladder)
        self.streams = not ladder.codecs.isdisjoint(STREAMS)
        self.least_bytes = min(
            STREAM_CODECS[codec].least if codec in STREAMS else MIN_FRAME_BYTES for codec in ladder.codecs
        )
        if not self.streams:
            self._stage: _Stage = _StillStage(walk)
        else:
            self._stage = StreamStage(walk, first_number, machine)

    def expected(self, pixels: int) -> tuple[np.ndarray, np.ndarray]:
        """Sizes in bytes, rising, and the LPIPS that a frame of `pixels` is expected to have at each."""
        return self._walk.expected(pixels)

    def encode(
        self,
        image: np.ndarray,
        target_bytes: int,
        max_bytes: int | None = None,
        references: References = UNMENDED,
        enlarging: float = 0.0,
    ) -> Encoded:
        """(H, W, 3) RGB or (H, W) grey uint8 → about `target_bytes`, never more than `max_bytes`.

        For streams `references` say what a frame is to build on, and `enlarging` what the time costs that
        it takes the receiver to enlarge a picture, LPIPS.

        Raises:
            InputError: an image that the codec cannot hold, or one that takes more than `max_bytes` even at
                the coarsest setting.
        """
        target = max(target_bytes, 1) if max_bytes is None else max(min(target_bytes, max_bytes), 1)
        data, point, attempts = self._stage.encode(image, target, max_bytes, references, enlarging)
        return Encoded(data, point, attempts)


def usable_ladder(name: str, log: Callable[[str], None]) -> Ladder:
    """The ladder of this name or path; `h264` in the place of one of AV1, where it cannot be encoded here.

    Args:
        name: as `read_ladder`.
        log: takes one line on what is missing.

    Raises:
        InputError: as `read_ladder`.
    """
    ladder = read_ladder(name)
    if "av1" in ladder.codecs and (reason := av1.missing()) is not None:
        log(f"{reason}; ladder h264 is used in the place of {name}")
        return read_ladder("h264")
    return ladder


class _Stage(Protocol):
    """What a kind of codecs needs to meet a target."""

    def encode(
        self, image: np.ndarray, target: int, limit: int | None, references: References, price: float, /
    ) -> tuple[bytes, OperatingPoint, int]:
        """Bytes, point, number of attempts; the target is not above the limit, `price` that of reducing."""


class _StillStage:
    """Frames that stand alone: a size is predicted, and learnt from."""

    def __init__(self, walk: LadderWalk) -> None:
        self._walk = walk

    def encode(
        self, image: np.ndarray, target: int, limit: int | None, _references: References, _price: float, /
    ) -> tuple[bytes, OperatingPoint, int]:
        pixels = image.shape[0] * image.shape[1]
        aim = float(target)
        for attempt in range(1, _ATTEMPTS + 1):
            point = self._walk.choose(aim, pixels)
            data = encode(reduce_frame(image, point.scale), point.codec, point.quality)
            too_large = limit is not None and len(data) > limit
            if not too_large and (len(data) <= _TOO_LARGE * target or attempt == _ATTEMPTS):
                self._walk.observe(point, len(data), pixels)
                return data, point, attempt
            self._walk.observe(point, len(data), pixels, gain=1.0)
            if too_large and limit is not None:
                aim = min(_MARGIN * limit, target)
        return self._coarsest(image, limit or target)

    def _coarsest(self, image: np.ndarray, limit: int) -> tuple[bytes, OperatingPoint, int]:
        """What fits at all."""
        ladder = self._walk.ladder
        mode = ladder.points[0].mode
        top = ladder.at_bytes(mode, ladder.points[-1].bytes)
        data, quality = encode_within(reduce_frame(image, mode.scale), mode.codec, top.quality, limit)
        return data, ladder.at_quality(mode, quality), _ATTEMPTS + 1
