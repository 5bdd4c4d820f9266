"""Ladders of operating points: what a frame costs and how it looks at each codec setting and scale, measured.

`edgesr ladder` measures them. What it keeps for sending is the hull: the points than which none is both
smaller and better.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Annotated, NamedTuple, Protocol

import msgspec
import numpy as np
from msgspec import Meta

from edgesr_ros import resources
from edgesr_ros.codecs import avif
from edgesr_ros.codecs.format import STREAMS, Codec, EncoderName, codec_of
from edgesr_ros.schema import Struct, read_json

REFERENCE_PIXELS = 640 * 480  # of the frames that `OperatingPoint.bytes` means
FOLDER = "config/ladders"

# Steps of quality that multiply the bytes by e, where a mode has only one point: about so in all codecs.
_STEPS_PER_E = 40.0

Positive = Annotated[float, Meta(gt=0)]


class Mode(NamedTuple):
    """How a frame is sent, but for its quality."""

    codec: str
    scale: int


class OperatingPoint(Struct):
    """A setting of the sender, and what it came to as a mean over the frames measured."""

    codec: EncoderName
    scale: Annotated[int, Meta(ge=1, le=8)]
    quality: Annotated[int, Meta(ge=1, le=100)]  # of streams: see `h264.crf_of`, `av1_rate.quantizer_of`
    bytes: Positive  # of a 640x480 frame
    lpips: float  # by AlexNet, enlarged by the network of this scale, against the full-size original
    psnr_db: float

    @property
    def mode(self) -> Mode:
        """Codec and scale."""
        return Mode(self.codec, self.scale)


class Measured(Protocol):
    """What is known of a setting, ours or anybody's; see `OperatingPoint`."""

    @property
    def mode(self) -> Mode: ...

    @property
    def bytes(self) -> float: ...

    @property
    def lpips(self) -> float: ...


class Ladder(Struct):
    """The hull, sorted by bytes, and what it was taken from.

    LPIPS falls as bytes rise. Points may have several codecs whose frames stand alone, or one of a stream.
    """

    points: Annotated[tuple[OperatingPoint, ...], Meta(min_length=1)]
    measured: tuple[OperatingPoint, ...] = ()  # all of them, for curves
    networks: dict[str, str] = msgspec.field(default_factory=dict)  # "x4" → the model that enlarged by 4
    sources: tuple[str, ...] = ()  # the recordings, as they describe themselves

    def __post_init__(self) -> None:
        if len(self.codecs) > 1 and (streams := sorted(self.codecs.intersection(STREAMS))):
            raise ValueError(f"points of {streams[0]} and other codecs, expected {streams[0]} alone")
        for one, other in zip(self.points, self.points[1:], strict=False):
            if one.bytes >= other.bytes or one.lpips <= other.lpips:
                raise ValueError(
                    f"points of {one.bytes:g} and {other.bytes:g} bytes: expected lpips to fall as bytes rise"
                )
        for mode in self.modes:
            qualities = [point.quality for point in self._of(mode)]
            if qualities != sorted(set(qualities)):
                raise ValueError(
                    f"{mode.codec} points of scale {mode.scale}: expected quality to rise with bytes"
                )

    @property
    def codecs(self) -> frozenset[Codec]:
        """That some point has."""
        return frozenset(codec_of(point.codec) for point in self.points)

    @property
    def modes(self) -> list[Mode]:
        """That some point has, from few bytes to many."""
        return list(dict.fromkeys(point.mode for point in self.points))

    def curve(self, mode: Mode) -> tuple[np.ndarray, np.ndarray]:
        """Bytes of 640x480 frames, (n,) and rising, and their LPIPS, (n,), at this mode's points.

        All that were measured, where a file has them: a mode may be in use beside the hull.
        """
        points = [point for point in self.measured if point.mode == mode] or self._of(mode)
        points = sorted(points, key=lambda point: point.bytes)
        return np.array([point.bytes for point in points]), np.array([point.lpips for point in points])

    def span(self, mode: Mode) -> tuple[float, float]:
        """Bytes from where to where points of this mode are the best."""
        places = [place for place, point in enumerate(self.points) if point.mode == mode]
        below = self.points[places[0]].bytes if places[0] else 0.0
        after = places[-1] + 1
        return below, self.points[after].bytes if after < len(self.points) else math.inf

    def at_bytes(self, mode: Mode, bytes: float) -> OperatingPoint:
        """The point of this mode whose 640x480 frame takes at most so many bytes, as far as qualities go.

        Between the hull's points and a little beyond them quality, LPIPS and PSNR follow the logarithm of the
        bytes linearly: up to the next measured quality, as bytes soar near the highest ones while another
        mode makes more of them. Nothing is better than the ladder's last point.
        """
        points = self._of(mode)
        sizes = [math.log(point.bytes) for point in points]
        quality = _follow(math.log(bytes), sizes, [point.quality for point in points], _STEPS_PER_E)
        last, top = self.points[-1], points[-1].quality
        beyond = [point.quality for point in self.measured if point.mode == mode and point.quality > top]
        best = top if mode == last.mode else min(beyond, default=100)
        return self.at_quality(mode, min(math.floor(quality + 1e-6), best))

    def at_quality(self, mode: Mode, quality: int) -> OperatingPoint:
        """The point of this mode with this quality, cut to 1..100; as `at_bytes`."""
        points = self._of(mode)
        sizes = [math.log(point.bytes) for point in points]
        quality = min(max(quality, 1), 100)
        size = _follow(quality, [point.quality for point in points], sizes, 1 / _STEPS_PER_E)
        return OperatingPoint(
            codec=points[0].codec,
            scale=mode.scale,
            quality=quality,
            bytes=math.exp(size),
            lpips=max(_follow(size, sizes, [point.lpips for point in points]), 0.0),
            psnr_db=_follow(size, sizes, [point.psnr_db for point in points]),
        )

    def _of(self, mode: Mode) -> list[OperatingPoint]:
        return [point for point in self.points if point.mode == mode]


def _follow(x: float, xs: Sequence[float], ys: Sequence[float], slope: float = 0.0) -> float:
    """y at `x` on the line through the points, continued at its ends; `slope` is that of a single point."""
    if len(xs) == 1:
        return ys[0] + slope * (x - xs[0])
    left = min(max(bisect_right(xs, x) - 1, 0), len(xs) - 2)
    return ys[left] + (x - xs[left]) * (ys[left + 1] - ys[left]) / (xs[left + 1] - xs[left])


def hull(points: Iterable[OperatingPoint]) -> tuple[OperatingPoint, ...]:
    """The points that nothing beats, sorted by bytes.

    None is both smaller and better (by LPIPS), nor is another mode better between two of its points.
    """
    points = sorted(points, key=lambda point: (point.bytes, point.lpips))
    kept: list[OperatingPoint] = []
    for point in points:
        others = [other for other in points if other.mode != point.mode]
        rival = best_lpips(others, point.bytes)
        if rival is not None and rival <= point.lpips:
            continue
        if kept and (point.lpips >= kept[-1].lpips or point.bytes <= kept[-1].bytes):
            continue
        # Of tiny pictures those of more quality are not always larger.
        if all(known.quality < point.quality for known in kept if known.mode == point.mode):
            kept.append(point)
    return tuple(kept)


def best_lpips(points: Iterable[Measured], bytes: float) -> float | None:
    """The best LPIPS for a 640x480 frame of at most so many bytes; None where no point is that small.

    Between two points of one mode it follows the logarithm of the bytes linearly.
    """
    curves: dict[Mode, list[Measured]] = {}
    for point in sorted(points, key=lambda point: point.bytes):
        curves.setdefault(point.mode, []).append(point)
    found = []
    for curve in curves.values():
        if curve[0].bytes <= bytes:
            sizes = [math.log(point.bytes) for point in curve]
            at = min(math.log(bytes), sizes[-1])
            found.append(_follow(at, sizes, [point.lpips for point in curve]))
    return min(found, default=None)


def read_ladder(name: str) -> Ladder:
    """A ladder by its path or the name of a shipped one.

    `default` is the best of those whose frames stand alone: `still`, or `webp` where Pillow has no AVIF.

    Raises:
        InputError: no such ladder, or a file that is none; names the file and the key.
    """
    if name == "default":
        name = "still" if avif.SUPPORTED else "webp"
    return read_json(resources.find(FOLDER, name, ".json"), Ladder)
