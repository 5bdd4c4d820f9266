"""Which operating point fits so many bytes, for pictures other than those that the ladder was measured on."""

import math

import numpy as np

from edgesr_ros.ladder.points import REFERENCE_PIXELS, Ladder, Mode, OperatingPoint

# A mode is kept until the bytes leave its span by so much: each change of mode is seen as a flicker, and
# near the border both look alike.
_HYSTERESIS = 1.2
_GAIN = 0.5  # weight of the newest frame in what is known of the content
_GRID = 32  # sizes at which LPIPS is expected …
_BEYOND = 4  # … from so many times less than the hull's first point to so many times more than its last
_FORGOTTEN = 90  # frames after which it may have changed in a mode that was not used


class _Curve:
    """LPIPS over the logarithm of bytes: straight lines, below the first point as to the next one, no better
    than the last."""

    def __init__(self, sizes: np.ndarray, lpips: np.ndarray) -> None:
        self._logs, self._lpips = np.log(sizes), lpips
        self._slope = (lpips[1] - lpips[0]) / (self._logs[1] - self._logs[0]) if len(sizes) > 1 else 0.0

    def __call__(self, at: np.ndarray) -> np.ndarray:
        below = np.minimum(at - self._logs[0], 0.0)
        return np.minimum(np.interp(at, self._logs, self._lpips) + self._slope * below, 1.0)


class LadderWalk:
    """Walks along a ladder's hull; learns how many more or fewer bytes this content takes than the measured.

    That is learnt for each mode: some pictures are all fine texture, which vanishes when they are reduced.
    """

    def __init__(self, ladder: Ladder) -> None:
        self.ladder = ladder
        self._mode: Mode | None = None
        self._ratios: dict[Mode, tuple[float, int]] = {}  # logarithm of bytes over the ladder's; when
        self._frames = 0
        first, last = ladder.points[0].bytes, ladder.points[-1].bytes
        self._sizes = np.geomspace(first / _BEYOND, last * _BEYOND, _GRID)
        self._curves = {mode: _Curve(*ladder.curve(mode)) for mode in ladder.modes}

    def choose(self, target_bytes: float, pixels: int) -> OperatingPoint:
        """The point for a frame that has `pixels` at full size, expected to take `target_bytes`."""
        reference = target_bytes * REFERENCE_PIXELS / pixels
        if self._mode is None or not self._fits(self._mode, reference):
            self._mode = self._best(reference)
        return self.ladder.at_bytes(self._mode, reference / self._ratio(self._mode))

    def use(self, mode: Mode) -> None:
        """Another has chosen this mode."""
        self._mode = mode

    def expected(self, pixels: int) -> tuple[np.ndarray, np.ndarray]:
        """Sizes in bytes, (n,) and rising, and LPIPS at each, (n,), of frames of `pixels` at full size.

        Of the best mode at that size, as this content stretches it.
        """
        at = np.log(self._sizes)
        best = np.ones(len(at))
        for mode, curve in self._curves.items():
            best = np.minimum(best, curve(at - math.log(self._ratio(mode))))
        return self._sizes * (pixels / REFERENCE_PIXELS), best

    def observe(self, point: OperatingPoint, size: float, pixels: int, gain: float = _GAIN) -> None:
        """A frame encoded at `point` came to `size` bytes; `gain` 1 is to believe this one alone."""
        ratio = math.log(size * REFERENCE_PIXELS / pixels / point.bytes)
        self._frames += 1
        known = math.log(self._ratio(point.mode)) if point.mode in self._ratios else ratio
        self._ratios[point.mode] = (known + gain * (ratio - known), self._frames)

    def _fits(self, mode: Mode, reference: float) -> bool:
        low, high = self.ladder.span(mode)
        return low / _HYSTERESIS <= reference / self._ratio(mode) <= high * _HYSTERESIS

    def _best(self, reference: float) -> Mode:
        """The mode whose span is nearest, as this content stretches it; of several the best picture's."""

        def rank(mode: Mode) -> tuple[float, float]:
            (low, high), size = self.ladder.span(mode), reference / self._ratio(mode)
            return max(low / size, size / high, 1.0), self.ladder.at_bytes(mode, size).lpips

        return min(self.ladder.modes, key=rank)

    def _ratio(self, mode: Mode | None) -> float:
        """Bytes over the ladder's in a mode; where not known, as in the mode in use."""
        for key in (mode, self._mode):
            if key in self._ratios:
                ratio, seen = self._ratios[key]
                if key == self._mode or self._frames - seen <= _FORGOTTEN:
                    return math.exp(ratio)
        return 1.0
