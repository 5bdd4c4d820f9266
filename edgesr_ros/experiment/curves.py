"""Quality per byte without a link: our ladder's hull beside single codecs at full size, and H.264."""

from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

import numpy as np

from edgesr_ros.codecs.format import EncoderName, codec_of
from edgesr_ros.codecs.h264 import H264Encoder
from edgesr_ros.codecs.h264_decoder import H264Decoder
from edgesr_ros.codecs.stills import decode, encode
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.footage import Footage
from edgesr_ros.experiment.rows import CurvePoint
from edgesr_ros.experiment.screen import Judge
from edgesr_ros.experiment.simulation import Picture
from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.ladder.measure import still_codec
from edgesr_ros.ladder.points import REFERENCE_PIXELS, read_ladder

LADDER = "webp"  # whose hull is drawn
_STILLS = 4  # frames that each setting of stand-alone frames is measured on
_QUALITIES: dict[EncoderName, tuple[int, ...]] = {
    "jpeg": (3, 6, 10, 18, 30, 50, 70, 85),
    "webp": (1, 5, 12, 25, 45, 65, 80, 90),
    "avif_slow": (2, 10, 20, 30, 42, 55, 68, 80),
}
_RUNGS = 20  # of the ladder's hull, at most
_FACTORS = (22, 26, 30, 34, 38, 42, 46)  # x264's rate factors
_VIDEO = 90  # frames of which the video is made
_LOOKS = range(29, _VIDEO, 10)  # frames of it that are measured: from when the first refresh is through
_LOSS = 0.05  # share of frames lost where H.264 is shown with losses


class _Measured(NamedTuple):
    size: int
    lpips: float
    psnr_db: float


def measure_curves(footage: Footage, judge: Judge, seed: int) -> list[CurvePoint]:
    """All points of a recording, method by method, from few bytes to many.

    Args:
        seed: of the frames that H.264 loses.

    Raises:
        InputError: the shipped ladder cannot be read.
    """
    points = [*_codecs(footage, judge), *_ladder(footage, judge)]
    for factor in _FACTORS:
        for method, loss in (("h264", 0.0), (f"h264, {_LOSS:.0%} of frames lost", _LOSS)):
            found = list(_video(footage, judge, factor, loss, np.random.default_rng(seed)))
            points.append(_point(footage, method, f"crf {factor}", found))
    return sorted(points, key=lambda point: (point.method, point.bytes_per_frame))


def _codecs(footage: Footage, judge: Judge) -> Iterator[CurvePoint]:
    for encoder, qualities in _QUALITIES.items():
        still = still_codec(encoder)
        for quality in qualities:
            found = []
            for number in footage.spread(_STILLS):
                data = still.encode(footage.frame(number), quality)
                found.append(_Measured(len(data), *judge.compare(still.decode(data), number)))
            yield _point(footage, codec_of(encoder), f"q{quality}", found)


def _ladder(footage: Footage, judge: Judge) -> Iterator[CurvePoint]:
    points = read_ladder(LADDER).points
    chosen = np.linspace(0, len(points) - 1, min(_RUNGS, len(points))).round().astype(int)
    for step in (points[index] for index in chosen):
        found = []
        for number in footage.spread(_STILLS):
            data = encode(reduce_frame(footage.frame(number), step.scale), step.codec, step.quality)
            picture = Picture(number, decode(data), step.scale, len(data))
            found.append(_Measured(len(data), *judge.compare(judge.screen(picture, network=True), number)))
        yield _point(footage, "ours", f"1/{step.scale} {step.codec} q{step.quality}", found)


def _video(
    footage: Footage, judge: Judge, factor: float, loss: float, rng: np.random.Generator
) -> Iterator[_Measured]:
    """What the screen shows at some frames of a video of which each frame but the first may be lost."""
    height, width = footage.frame(0).shape[:2]
    encoder, decoder = H264Encoder(width, height, factor), H264Decoder()
    lost = rng.random(_VIDEO) < loss
    screen = footage.picture(0)
    size = 0
    for number in range(_VIDEO):
        packet = encoder.encode(footage.frame(number))
        size += len(packet)
        if not lost[number] or number == 0:
            with suppress(InputError):  # waits for a refresh: the picture stays
                screen = decoder.decode(packet)
        if number in _LOOKS:
            yield _Measured(round(size / (number + 1)), *judge.compare(np.ascontiguousarray(screen), number))


def _point(footage: Footage, method: str, setting: str, found: list[_Measured]) -> CurvePoint:
    height, width = footage.frame(0).shape[:2]
    size, lpips, psnr_db = np.mean(found, axis=0)
    return CurvePoint(
        recording=footage.name,
        method=method,
        setting=setting,
        bytes_per_frame=round(float(size) * REFERENCE_PIXELS / (height * width)),
        lpips=round(float(lpips), 4),
        psnr_db=round(float(psnr_db), 2),
    )
