"""How low-resolution pictures for training are made from photographs."""

from collections.abc import Callable

import cv2
import numpy as np

from edgesr_ros.codecs.h264 import H264Decoder, H264Encoder
from edgesr_ros.codecs.stills import decode, encode
from edgesr_ros.frames.colour import without_colour
from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.frames.resize import resize_bicubic

Pair = tuple[np.ndarray, np.ndarray]
Degradation = Callable[[np.ndarray, int, np.random.Generator], Pair]

# Largest standard deviation of the camera's noise at full size, grey levels. More teaches the network to
# take a camera's grain for noise and to smooth it away.
_NOISE = 2.0
_GREY_SHARE = 0.1  # of cameras without colour: codecs blur colour, and a network must not paint grey blue
# Cameras are softer than photographs. Without soft pictures a network sharpens where nothing was sharp, with
# too many of them it sharpens nothing.
_SOFT_SHARE = 0.3
_SOFTNESS = (0.3, 1.4)  # standard deviation of the blur, pixels
# What the onboard node may be told to send: share, and range of quality (x264: constant rate factor).
_CODECS = {"webp": (0.7, (15, 95)), "jpeg": (0.15, (40, 95)), "h264": (0.15, (18, 38))}
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
    codec = str(rng.choice(list(_CODECS), p=[share for share, _ in _CODECS.values()]))
    quality = int(rng.integers(*_CODECS[codec][1], endpoint=True))
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


DEGRADATIONS: dict[str, Degradation] = {"bicubic": reduce_bicubic, "link": reduce_by_link}
