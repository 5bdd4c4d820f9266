"""Bicubic in place of a network that fails or is late: the operator's screen never stays black."""

import math
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError

import numpy as np

from edgesr_ros.upscaling.base import Upscaled, Upscaler
from edgesr_ros.upscaling.bicubic import BicubicUpscaler

_ONCE_IS_CHANCE = 3  # times late in a row, from which on trying costs more than it may bring
_FIRST_PAUSE = 2.0  # s until the next try; twice as long after each that is late too …
_LONGEST_PAUSE = 60.0  # … up to this


class FallbackUpscaler:
    """Super-resolution within a deadline, else bicubic.

    A network that overruns cannot be stopped: it finishes in the background, its picture is thrown away,
    and the pictures that come meanwhile are enlarged bicubically. One that overruns again and again is too
    slow for frames of that size: it is left alone for a while, longer each time, but tried at once with
    smaller ones.

    Args:
        networks: by their scales what enlarges a frame; of one scale the first counts. Closed with this one.
        deadline: seconds.
        clock: shows seconds, and does not go backwards.
    """

    def __init__(
        self, networks: Iterable[Upscaler], deadline: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._all = tuple(networks)
        self._networks = {network.scale: network for network in reversed(self._all)}
        self.deadline = deadline  # seconds
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="super-resolution")
        self._running: Future[Upscaled] | None = None
        self._clock = clock
        self._asked = 0, math.inf  # of what was late: pixels, and the deadline
        self._late = 0  # in a row
        self._pause, self._paused_until = 0.0, -math.inf

    def upscale(self, rgb: np.ndarray, factor: int, method: str = "sr") -> Upscaled:
        """(H, W, 3) uint8 RGB, `factor` times larger; `method` "bicubic" leaves the network out."""
        pixels = rgb.shape[0] * rgb.shape[1] * factor**2
        problem = None if method == "bicubic" else self._why_not(factor, pixels)
        if method == "bicubic" or problem:
            return _bicubic(rgb, factor, problem)
        network = self._networks[factor]
        self._running = self._pool.submit(network.upscaled, rgb)
        try:
            made = self._running.result(self.deadline)
        except FutureTimeoutError:
            return _bicubic(rgb, factor, self._too_late(pixels))
        except Exception as error:  # whatever a runtime throws must not blank the screen
            return _bicubic(rgb, factor, f"failed: {' '.join(str(error).split())}")
        self._in_time()
        return made

    def close(self) -> None:
        """Wait for the network to finish and let all go."""
        self._pool.shutdown()
        for network in self._all:
            network.close()

    def _too_late(self, pixels: int) -> str:
        self._late += 1
        self._asked = pixels, self.deadline
        if self._late < _ONCE_IS_CHANCE:
            return f"late: more than {1e3 * self.deadline:.0f} ms"
        self._pause = min(2 * self._pause or _FIRST_PAUSE, _LONGEST_PAUSE)
        self._paused_until = self._clock() + self._pause
        return self._too_slow()

    def _too_slow(self) -> str:
        return f"too slow: late {self._late} times in a row; tried again after {self._pause:.0f} s"

    def _in_time(self) -> None:
        self._late, self._pause, self._paused_until = 0, 0.0, -math.inf

    def _why_not(self, factor: int, pixels: int) -> str | None:
        if factor not in self._networks:
            scales = ", ".join(map(str, sorted(self._networks)))
            return f"frame reduced {factor} times, no model enlarges that much, only {scales} times"
        before, deadline = self._asked
        if pixels < before or self.deadline > deadline:
            self._in_time()  # never had it so much time for a pixel: it may be
        busy = self._running is not None and not self._running.done()
        if self._pause and (busy or self._clock() < self._paused_until):
            return self._too_slow()
        return "late: still busy with an earlier picture" if busy else None


def _bicubic(rgb: np.ndarray, factor: int, problem: str | None) -> Upscaled:
    return BicubicUpscaler(factor).upscaled(rgb)._replace(problem=problem)
