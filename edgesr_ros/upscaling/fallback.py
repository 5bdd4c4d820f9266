"""Bicubic in place of a network that fails or is late: the operator's screen never stays black."""

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError

import numpy as np

from edgesr_ros.upscaling.base import Upscaled, Upscaler
from edgesr_ros.upscaling.bicubic import BicubicUpscaler


class FallbackUpscaler:
    """Super-resolution within a deadline, else bicubic.

    A network that overruns cannot be stopped: it finishes in the background, its picture is thrown away,
    and the pictures that come meanwhile are enlarged bicubically.

    Args:
        networks: by their scales what enlarges a frame; of one scale the first counts. Closed with this one.
        deadline: seconds.
    """

    def __init__(self, networks: Iterable[Upscaler], deadline: float) -> None:
        self._all = tuple(networks)
        self._networks = {network.scale: network for network in reversed(self._all)}
        self.deadline = deadline  # seconds
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="super-resolution")
        self._running: Future[Upscaled] | None = None

    def upscale(self, rgb: np.ndarray, factor: int, method: str = "sr") -> Upscaled:
        """(H, W, 3) uint8 RGB, `factor` times larger; `method` "bicubic" leaves the network out."""
        problem = None if method == "bicubic" else self._why_not(factor)
        if method == "bicubic" or problem:
            return _bicubic(rgb, factor, problem)
        network = self._networks[factor]
        self._running = self._pool.submit(network.upscaled, rgb)
        try:
            return self._running.result(self.deadline)
        except FutureTimeoutError:
            return _bicubic(rgb, factor, f"late: more than {1e3 * self.deadline:.0f} ms")
        except Exception as error:  # whatever a runtime throws must not blank the screen
            return _bicubic(rgb, factor, f"failed: {' '.join(str(error).split())}")

    def close(self) -> None:
        """Wait for the network to finish and let all go."""
        self._pool.shutdown()
        for network in self._all:
            network.close()

    def _why_not(self, factor: int) -> str | None:
        if factor not in self._networks:
            scales = ", ".join(map(str, sorted(self._networks)))
            return f"frame reduced {factor} times, no model enlarges that much, only {scales} times"
        if self._running is not None and not self._running.done():
            return "late: still busy with an earlier picture"
        return None


def _bicubic(rgb: np.ndarray, factor: int, problem: str | None) -> Upscaled:
    return BicubicUpscaler(factor).upscaled(rgb)._replace(problem=problem)
