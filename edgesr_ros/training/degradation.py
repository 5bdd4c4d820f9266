"""How low-resolution pictures for training are made from photographs."""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from edgesr_ros.codecs.h264 import H264Encoder
from edgesr_ros.codecs.h264_decoder import H264Decoder
from edgesr_ros.codecs.stills import decode, encode
from edgesr_ros.frames.colour import without_colour
from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.frames.resize import resize_bicubic

Pair = tuple[np.ndarray, np.ndarray]


class Degradation(NamedTuple):
    """A way to make small pictures, and what follows from it for a network that learnt by it."""

    reduce: Callable[[np.ndarray, int, np.random.Generator], Pair]  # (H, W, 3) uint8, scale → (low, high)
    words: str  # how, for model cards
    limits: str  # what such a network cannot do


class _Codec(NamedTuple):
    """What the onboard node may be told to send."""

    name: str
    share: float  # of the pictures
    quality: tuple[int, int]  # range of it; x264: of the constant rate factor


# Largest standard deviation of the camera's noise at full size, grey levels. More teaches the network to
# take a camera's grain for noise and to smooth it away.
_NOISE = 2.0
_GREY_SHARE = 0.1  # of cameras without colour: codecs blur colour, and a network must not paint grey blue
# Cameras are softer than photographs. Without soft pictures a network sharpens where nothing was sharp, with
# too many of them it sharpens nothing.
_SOFT_SHARE = 0.3
_SOFTNESS = (0.3, 1.4)  # standard deviation of the blur, pixels
_CODECS = {
    "webp": _Codec("WebP", 0.7, (15, 95)),
    "jpeg": _Codec("JPEG", 0.15, (40, 95)),
    "h264": _Codec("H.264", 0.15, (18, 38)),
}
_CLIP = (2, 4)  # frames that H.264 has seen, the last of which counts
_MOTION = 6  # pixels that a camera moves from frame to frame at full size, at most


def cut_to_multiple(image: np.ndarray, scale: int) -> np.ndarray:
    """The largest top left part whose sides are multiples of `scale`."""
    height, width = image.shape[0] // scale, image.shape[1] // scale
    return image[: height * scale, : width * scale]


def reduce_bicubic(image: np.ndarray, scale: int, _rng: np.random.Generator | None = None) -> Pair:
    """(H, W, 3) uint8 → (low, high): `high` cut to a multiple of `scale`, `low` its 1/scale reduction.

    The degradation of the super-resolution papers; nothing in it is random.
    """
    high = cut_to_multiple(image, scale)
    return resize_bicubic(high, high.shape[0] // scale, high.shape[1] // scale), high


def reduce_by_link(image: np.ndarray, scale: int, rng: np.random.Generator) -> Pair:
    """As `reduce_bicubic`, but `low` went the onboard node's way: sensor noise, area reduction, codec.

    Some photographs become soft or lose their colour, as if such a camera had taken them; `high` shows it.
    """
    high = cut_to_multiple(image, scale)
    if rng.random() < _SOFT_SHARE:
        high = cv2.GaussianBlur(high, (0, 0), rng.uniform(*_SOFTNESS))
    if rng.random() < _GREY_SHARE:
        high = without_colour(high)
    codec = str(rng.choice(list(_CODECS), p=[entry.share for entry in _CODECS.values()]))
    quality = int(rng.integers(*_CODECS[codec].quality, endpoint=True))
    noise = rng.uniform(0.0, _NOISE)
    if codec == "h264":
        return _last_of_clip(high, scale, quality, noise, rng), high
    return decode(encode(reduce_frame(_seen(high, noise, rng), scale), codec, quality)), high


def _seen(high: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    """With a sensor's noise of this standard deviation."""
    return (high + rng.normal(0.0, noise, high.shape)).round().clip(0, 255).astype(np.uint8)


def _last_of_clip(
    high: np.ndarray, scale: int, crf: int, noise: float, rng: np.random.Generator
) -> np.ndarray:
    """What arrives of the picture at the end of a short pan over it."""
    low_height, low_width = high.shape[0] // scale, high.shape[1] // scale
    encoder, decoder = H264Encoder(low_width, low_height, crf), H264Decoder()
    step = rng.integers(-_MOTION, _MOTION, 2, endpoint=True)
    for until_end in range(int(rng.integers(*_CLIP, endpoint=True)) - 1, -1, -1):
        moved = np.roll(high, tuple(step * until_end), axis=(0, 1))
        low = decoder.decode(encoder.encode(reduce_frame(_seen(moved, noise, rng), scale)))
    return np.ascontiguousarray(low[:low_height, :low_width])


_NAMES = [codec.name for codec in _CODECS.values()]

DEGRADATIONS = {
    "bicubic": Degradation(
        reduce_bicubic,
        words="MATLAB bicubic",
        limits=(
            "Made for clean pictures that were reduced bicubically: noise, blur and compression artefacts "
            "are not removed and may be amplified."
        ),
    ),
    "link": Degradation(
        reduce_by_link,
        words=(
            f"sensor noise, area reduction, then {', '.join(_NAMES[:-1])} or {_NAMES[-1]} "
            "as the onboard node sends them"
        ),
        limits="Made for compressed camera pictures: fine texture of clean ones may be taken for noise.",
    ),
}
