"""What frames cost and how they look at each codec setting and scale, by the same way that they take live."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import cv2
import numpy as np

from edgesr_ros.codecs.h264 import REFRESH_FRAMES
from edgesr_ros.codecs.stills import decode, encode
from edgesr_ros.codecs.streams import StreamCodec
from edgesr_ros.errors import InputError
from edgesr_ros.frames.colour import three_channels
from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.ladder.points import REFERENCE_PIXELS
from edgesr_ros.quality.distortion import PSNR_LIMIT, psnr
from edgesr_ros.quality.lpips import Lpips
from edgesr_ros.sources.frame_source import FrameSource
from edgesr_ros.upscaling.base import Upscaler
from edgesr_ros.upscaling.restore import enlarge_by, restore

_WIDTH = 640  # of the camera that is meant; wider recordings are first reduced to it
_LONGEST = 300  # frames of a source that are looked at: some never end
_WARM_UP = 2 * REFRESH_FRAMES  # frames until a stream is in its steady state
_STEADY = 2 * REFRESH_FRAMES  # whole sweeps of H.264, whose packets are weighed


class Setting(NamedTuple):
    """Of the sender."""

    scale: int
    quality: int


class Figures(NamedTuple):
    """Of one frame, or the mean of several."""

    bytes: float  # for each 640x480 pixels
    lpips: float
    psnr_db: float


class StillCodec(NamedTuple):
    """A codec whose frames stand alone."""

    encode: Callable[[np.ndarray, int], bytes]  # picture, quality
    decode: Callable[[bytes], np.ndarray]  # (H, W, 3) uint8 RGB


def still_codec(encoder: str) -> StillCodec:
    """As the onboard node and the ground station use it; `encoder` is one of `codecs.STILLS`."""
    return StillCodec(lambda image, quality: encode(image, encoder, quality), decode)


class PointMeter:
    """Measures settings.

    Args:
        networks: what enlarges, by scale; the scales that are measured, 1 (nothing enlarges) included.
        threads: of the perceptual network.
    """

    def __init__(self, networks: Mapping[int, Upscaler | None], threads: int = 1) -> None:
        self._scales = tuple(networks)
        self._enlarge = enlarge_by({scale: network for scale, network in networks.items() if network})
        self._lpips = Lpips(threads)

    def stills(
        self, codec: StillCodec, qualities: Sequence[int], frames: Iterable[np.ndarray]
    ) -> Iterator[tuple[Setting, Figures]]:
        """Figures of each setting for each frame: (H, W, 3) RGB or (H, W) grey uint8."""
        for frame in frames:
            for scale in self._scales:
                reduced = reduce_frame(frame, scale)
                for quality in qualities:
                    data = codec.encode(reduced, quality)
                    yield Setting(scale, quality), self._figures(frame, codec.decode(data), len(data))

    def stream(
        self, codec: StreamCodec, qualities: Sequence[int], clip: Sequence[np.ndarray], count: int
    ) -> Iterator[tuple[Setting, Figures]]:
        """Figures of each setting of a stream at constant quality, for a clip of one camera.

        Bytes are means over the steady state (of H.264 whole refresh sweeps), where `count` frames are looked
        at.
        Errors as `steady_frames`.
        """
        looked_at = steady_frames(clip, count)
        for scale in self._scales:
            reduced = [reduce_frame(frame, scale) for frame in clip[: _WARM_UP + _STEADY]]
            for quality in qualities:
                height, width = reduced[0].shape[:2]
                encoder, decoder = codec.constant(width, height, quality), codec.decoder()
                packets = [encoder.encode(frame) for frame in reduced]
                encoder.close()
                size = sum(len(packet) for packet in packets[_WARM_UP:]) / _STEADY
                for number, packet in enumerate(packets):
                    received = decoder.decode(packet)
                    if number in looked_at:
                        yield Setting(scale, quality), self._figures(clip[number], received, size)

    def _figures(self, frame: np.ndarray, received: np.ndarray, size: float) -> Figures:
        height, width = frame.shape[:2]
        shown = restore(received, (width, height), self._enlarge, grey=frame.ndim == 2).picture
        shown, original = three_channels(shown), three_channels(frame)
        return Figures(
            bytes=size * REFERENCE_PIXELS / (width * height),
            lpips=self._lpips(shown, original),
            psnr_db=min(psnr(shown, original), PSNR_LIMIT),
        )


def means(figures: Iterable[tuple[Setting, Figures]]) -> dict[Setting, Figures]:
    """The mean of each setting over all frames."""
    rows: dict[Setting, list[Figures]] = {}
    for setting, row in figures:
        rows.setdefault(setting, []).append(row)
    return {setting: Figures(*np.mean(all_of_it, axis=0).tolist()) for setting, all_of_it in rows.items()}


def steady_frames(clip: Sequence[np.ndarray], count: int) -> set[int]:
    """Numbers of the frames of a clip that `PointMeter.stream` looks at.

    Raises:
        InputError: the clip is too short.
    """
    if len(clip) < _WARM_UP + _STEADY:
        raise InputError(f"clip of {len(clip)} frames, expected at least {_WARM_UP + _STEADY} for a stream")
    return set(np.linspace(_WARM_UP, _WARM_UP + _STEADY - 1, count).astype(int).tolist())


def spread_frames(source: FrameSource, count: int) -> list[np.ndarray]:
    """`count` frames, or all where there are fewer, spread evenly over the beginning of a source."""
    total = sum(1 for _ in islice(source, _LONGEST))
    wanted = set(np.linspace(0, total - 1, min(count, total)).astype(int).tolist())
    frames = enumerate(islice(source, _LONGEST))
    return [of_usual_width(frame.array) for number, frame in frames if number in wanted]


def first_frames(source: FrameSource) -> list[np.ndarray]:
    """As many frames of the beginning of a source as `PointMeter.stream` needs, if there are."""
    return [of_usual_width(frame.array) for frame in islice(source, _WARM_UP + _STEADY)]


def of_usual_width(image: np.ndarray) -> np.ndarray:
    """The picture as the camera that is meant would give it: at most 640 pixels wide."""
    height, width = image.shape[:2]
    if width <= _WIDTH:
        return image
    return cv2.resize(image, (_WIDTH, round(height * _WIDTH / width)), interpolation=cv2.INTER_AREA)
