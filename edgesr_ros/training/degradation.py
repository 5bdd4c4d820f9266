"""How low-resolution pictures for training are made from photographs."""

from collections.abc import Callable

import cv2
import numpy as np

from edgesr_ros.frames.codecs import decode, encode
from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.frames.resize import resize_bicubic

Pair = tuple[np.ndarray, np.ndarray]
Degradation = Callable[[np.ndarray, int, np.random.Generator], Pair]

# Largest standard deviation of the camera's noise at full size, grey levels. More teaches the network to
# take a camera's grain for noise and to smooth it away.
_NOISE = 2.0
_GREY_SHARE = 0.1  # of cameras without colour: codecs blur colour, and a network must not paint grey blue
_WEBP_SHARE = 0.8  # the onboard node's default codec; the rest is JPEG
_QUALITIES = {"webp": (15, 95), "jpeg": (40, 95)}  # what the onboard node may be told to send


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

    Some photographs lose their colour, as if a grey camera had taken them.
    """
    high = cut_to_multiple(image, scale)
    if rng.random() < _GREY_SHARE:
        high = cv2.cvtColor(cv2.cvtColor(high, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    noise = rng.normal(0.0, rng.uniform(0.0, _NOISE), high.shape)
    seen = (high + noise).round().clip(0, 255).astype(np.uint8)
    codec = "webp" if rng.random() < _WEBP_SHARE else "jpeg"
    quality = int(rng.integers(*_QUALITIES[codec], endpoint=True))
    return decode(encode(reduce_frame(seen, scale), codec, quality)), high


DEGRADATIONS: dict[str, Degradation] = {"bicubic": reduce_bicubic, "link": reduce_by_link}
