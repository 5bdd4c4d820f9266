"""How a rate is spent: on many frames, or on good ones."""

import math
from typing import Literal, NamedTuple

PolicyName = Literal["smooth", "balanced", "sharp"]

# A frame of less is hardly a picture, and costs as much again in headers and in its report.
MIN_FRAME_BYTES = 1000

_REFERENCE_RATE = 125_000  # bytes/s of WebP: 1 Mbit/s
_SLOWEST_HZ = 1.0
# The interval changes where rounding would change it even if the ideal one were so much nearer, so that a
# trembling rate does not make the frame rate tremble.
_HYSTERESIS = 0.05


class _Curve(NamedTuple):
    """Frames per second: `hz` at the reference rate, growing with the rate to the power of `exponent`."""

    hz: float
    exponent: float


# Exponents below 1: of twice the rate, part goes into more frames and part into better ones.
_CURVES: dict[PolicyName, _Curve] = {
    "smooth": _Curve(hz=30.0, exponent=0.4),
    "balanced": _Curve(hz=18.0, exponent=0.25),
    "sharp": _Curve(hz=6.0, exponent=0.3),
}


class FramePolicy:
    """Chooses the frame interval as a whole number of source periods, which keeps motion even.

    Args:
        name: smooth spends the rate on frames, sharp on detail.
        source_rate_hz: of the camera.
        frame_cost: bytes that a picture takes with this codec, by those it takes as WebP: where it takes
            half, a rate buys as much as twice the rate.
    """

    def __init__(self, name: PolicyName, source_rate_hz: float, frame_cost: float = 1.0) -> None:
        self._curve = _CURVES[name]
        self._reference_rate = _REFERENCE_RATE * frame_cost
        self._source_rate = source_rate_hz
        self._periods = 0

    def interval(self, rate: float, largest: float) -> float:
        """Seconds between frames at `rate` bytes per second and at most `largest` bytes a frame."""
        hz = self._curve.hz * (rate / self._reference_rate) ** self._curve.exponent
        ideal = self._source_rate / min(max(hz, _SLOWEST_HZ), self._source_rate)
        if abs(ideal - self._periods) > 0.5 + _HYSTERESIS * ideal:
            self._periods = math.floor(ideal + 0.5)
        # What does not fit into frames goes into more of them, and the other way round.
        fewest = math.ceil(MIN_FRAME_BYTES * self._source_rate / max(rate, MIN_FRAME_BYTES * _SLOWEST_HZ))
        most = int(largest * self._source_rate / rate)
        self._periods = max(1, min(max(self._periods, fewest), most))
        return self._periods / self._source_rate
