"""Bicubic in place of a network that fails or is late: the operator's screen never stays black."""

import math
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress

import numpy as np

from edgesr_ros.upscaling.base import Upscaled, Upscaler
from edgesr_ros.upscaling.bicubic import BicubicUpscaler, LiveBicubicUpscaler
from edgesr_ros.upscaling.pace import SAMPLE_HEIGHT, SAMPLE_WIDTH, TRIALS, NetworkPace, sample_of


class FallbackUpscaler:
    """Super-resolution within a deadline and before the next frame, else bicubic.

    Whether there is time for it is foretold by the time that the network took for the pixels of others. One
    that is too slow is left alone with frames of that size, before any of them is late, and timed again now
    and then on a part of one, in the background. Frames of a new, large size are bicubic until it was so
    timed.

    A network that overruns all the same cannot be stopped: it finishes in the background, its picture is
    thrown away, and the pictures that come meanwhile are enlarged bicubically.

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
        self._paces = {scale: NetworkPace() for scale in self._networks}
        self.deadline = deadline  # seconds
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="super-resolution")
        self._running: Future[Upscaled] | Future[None] | None = None
        self._clock = clock

    def upscale(self, rgb: np.ndarray, factor: int, method: str = "sr", period: float = math.inf) -> Upscaled:
        """(H, W, 3) uint8 RGB, `factor` times larger.

        Args:
            rgb: the frame.
            factor: by which it was reduced.
            method: "bicubic" leaves the network out.
            period: s between the frames that come.
        """
        network = self._networks.get(factor)
        if method == "bicubic" or (network and network.backend == BicubicUpscaler.backend):
            return _bicubic(rgb, factor, None)
        if problem := self._why_not(rgb, factor, period):
            return _bicubic(rgb, factor, problem)
        self._running = running = self._pool.submit(self._enlarge, rgb, factor, self._clock())
        try:
            return running.result(self.deadline)
        except FutureTimeoutError:
            return _bicubic(rgb, factor, f"late: more than {1e3 * self.deadline:.0f} ms")
        except Exception as error:  # whatever a runtime throws must not blank the screen
            return _bicubic(rgb, factor, f"failed: {' '.join(str(error).split())}")

    def close(self) -> None:
        """Wait for the network to finish and let all go."""
        self._pool.shutdown()
        for network in self._all:
            network.close()

    def _enlarge(self, rgb: np.ndarray, factor: int, began: float) -> Upscaled:
        made = self._networks[factor].upscaled(rgb)
        self._paces[factor].took(_pixels(rgb), self._clock() - began)
        return made

    def _time(self, sample: np.ndarray, factor: int, began: float) -> None:
        seconds: list[float] = []
        try:
            for _ in range(TRIALS):
                self._networks[factor].upscaled(sample)
                began, before = self._clock(), began
                seconds.append(began - before)
        except Exception:  # on a frame it is told
            seconds.clear()
        self._paces[factor].timed(self._clock(), _pixels(sample), seconds)

    def _why_not(self, rgb: np.ndarray, factor: int, period: float) -> str | None:
        if factor not in self._networks:
            scales = ", ".join(map(str, sorted(self._networks)))
            return f"frame reduced {factor} times, no model enlarges that much, only {scales} times"
        pace, pixels, now = self._paces[factor], _pixels(rgb), self._clock()
        small = pixels <= SAMPLE_WIDTH * SAMPLE_HEIGHT
        if not (small or self._busy or pace.known):
            self._running = timing = self._pool.submit(self._time, sample_of(rgb), factor, now)
            with suppress(FutureTimeoutError):
                timing.result(self.deadline)
        if pace.fits(pixels, self.deadline, period) or (small and not pace.known):
            return "late: still busy with an earlier picture" if self._busy else None
        if not pace.known:
            return f"late: {SAMPLE_WIDTH}x{SAMPLE_HEIGHT} take more than {1e3 * self.deadline:.0f} ms"
        if not self._busy and pace.due(now):
            self._running = self._pool.submit(self._time, sample_of(rgb), factor, now)
        size = f"{rgb.shape[1]}x{rgb.shape[0]}"
        return f"too slow: {size} would take about {1e3 * pace.expected(pixels):.0f} ms"

    @property
    def _busy(self) -> bool:
        return self._running is not None and not self._running.done()


def _pixels(rgb: np.ndarray) -> int:
    return rgb.shape[0] * rgb.shape[1]


def _bicubic(rgb: np.ndarray, factor: int, problem: str | None) -> Upscaled:
    return LiveBicubicUpscaler(factor).upscaled(rgb)._replace(problem=problem)
