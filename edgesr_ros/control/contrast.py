"""What the sizes of frames tell of the link while nobody tries anything.

Delays of frames that are alike do not tell a slow link from a long way. But frames of a stream are not alike,
and on a slow link the larger ones take the longer for it. Where they do not, the link is faster than they
seemed to say, and what they took was the way, or jitter. `trial` makes such contrasts where there are none.
"""

from collections import deque

import numpy as np

_FRAMES = 32
_ENOUGH = 12
_SURE = 3.0  # standard errors
_LEAST = 0.6  # of what the link is thought to take for a byte: less is told apart


class SizeContrast:
    """How much longer a byte more takes at most, by the last frames."""

    def __init__(self) -> None:
        self._frames: deque[tuple[int, float]] = deque(maxlen=_FRAMES)

    def arrived(self, size: int, delay: float) -> None:
        """A frame of `size` bytes took `delay`, s, the unknown offset of the clocks included."""
        self._frames.append((size, delay))

    def faster(self, rate: float) -> tuple[float, float] | None:
        """Whether the link surely carries much more than `rate`, bytes per second.

        Returns:
            What it carries at least, and the propagation if that is all, s; None: it may be as slow.
        """
        if len(self._frames) < _ENOUGH:
            return None
        sizes, delays = np.array(self._frames).T
        # The frame before is in the way of this one where the link is busy; levels drift.
        known = np.stack([sizes[1:], sizes[:-1], np.ones(len(sizes) - 1)], axis=1)
        known -= np.append(known[:, :2].mean(axis=0), 0.0)
        longer = np.diff(delays)
        squares = known.T @ known
        if np.linalg.matrix_rank(squares) < 3:
            return None
        inverse = np.linalg.inv(squares)
        found = inverse @ known.T @ longer
        left = longer - known @ found
        variance = left @ left / (len(longer) - 3) * inverse[0, 0]
        most = max(float(found[0]), 0.0) + _SURE * float(np.sqrt(variance))
        if not most * rate < _LEAST:
            return None
        most = max(most, 1e-9)
        return 1 / most, float((delays - most * sizes).min())
