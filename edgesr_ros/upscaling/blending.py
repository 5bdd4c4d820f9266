"""Network interpolation while pictures flow: a new network is built in the background and takes over."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.upscaling.auto import AutoUpscaler
from edgesr_ros.upscaling.base import ChangingUpscaler, Upscaler
from edgesr_ros.upscaling.bicubic import BicubicUpscaler
from edgesr_ros.upscaling.blend import Blend, ModelPair, find_pair
from edgesr_ros.upscaling.catalog import AUTO, load_bicubic, load_upscaler
from edgesr_ros.upscaling.onnx_devices import onnx_runner


class BlendingUpscaler(ChangingUpscaler):
    """A model that slides towards its pixel-trained sibling while pictures flow.

    A new α is built in a thread of its own and takes over between two pictures; until then, and where it
    cannot be built, the old one goes on. Of several that are requested during a build the newest is built.

    Args:
        base: the model at α = 0; closed with this one.
        pair: finds the pair that `base` belongs to; first called when α leaves 0.
        threads: CPU threads of the network's runtime.
        alpha: to begin with; built before the constructor returns.
        device: what the networks between the two compute on, one of `catalog.DEVICES`; "auto": the CPU.

    What made a picture comes with it (`upscaled`): model, backend and α, and as its `problem` why the α that
    was requested last could not be built.

    Raises:
        InputError: the network cannot be built at `alpha`.
    """

    def __init__(
        self,
        base: Upscaler,
        pair: Callable[[], ModelPair],
        threads: int,
        alpha: float = 0.0,
        device: str = AUTO,
    ) -> None:
        super().__init__(base)
        self._runner = onnx_runner(device)
        self._base, self._find_pair, self._threads = base, pair, threads
        self._pair: ModelPair | None = None
        self._blend: Blend | None = None
        self._in_use = self._build(alpha)
        self._requested = self._tried = alpha
        self._builder = ThreadPoolExecutor(1, thread_name_prefix="blend")

    def request(self, alpha: float) -> None:
        """Ask for another α, 0..1; returns at once."""
        if alpha != self._requested:
            self._requested = alpha
            self._builder.submit(self._catch_up)

    def close(self) -> None:
        """Wait for the build in work, end its thread, and give back both networks."""
        self._builder.shutdown(cancel_futures=True)
        for upscaler in {self._base, self._in_use}:
            upscaler.close()

    def _current(self, rgb: np.ndarray) -> Upscaler:  # noqa: ARG002 - it is the same for all pictures
        return self._in_use  # which the builder may replace any time

    def _catch_up(self) -> None:
        """Build what was requested last, unless an earlier call has found it already."""
        alpha = self._requested
        if alpha == self._tried:
            return
        self._tried = alpha
        try:
            self._in_use = self._build(alpha)
            self.problem = None
        except Exception as error:  # whatever it is, the pictures go on
            self.problem = f"interpolation {alpha:g}: {' '.join(str(error).split())}"

    def _build(self, alpha: float) -> Upscaler:
        if alpha == 0:
            return self._base
        if self._pair is None or self._blend is None:
            self._pair = self._find_pair()
            self._blend = Blend(self._pair)
        network = self._runner(self._pair.gan, self._pair.card, self._threads, self._blend.at(alpha))
        network.alpha = alpha
        return network


def load_networks(
    model: str,
    others: Mapping[int, str],
    backend: str,
    threads: int,
    alpha: float = 0.0,
    fidelity_model: str = "",
    log: Callable[[str], None] = print,
    device: str = AUTO,
) -> list[BlendingUpscaler]:
    """A model, then those for frames of other reductions.

    Args:
        others: by scale, the models for it; empty: none. A bicubic `model` has none: who chose it wants
            nothing invented.
        backend: one of `catalog.BACKENDS`, or "auto": the fastest here (`AutoUpscaler`).
        fidelity_model: the pixel-trained sibling of `model`; empty: by its name, as of the others.
        log: takes a line on what "auto" has chosen.
        device: one of `catalog.DEVICES`; "auto": that of the backend, or the fastest.

    Raises:
        InputError: a model cannot be loaded, or is not of the scale that it is for.
    """

    def load(name: str, fidelity: str) -> BlendingUpscaler:
        if backend == AUTO:
            base: Upscaler = load_bicubic(name) or AutoUpscaler(name, threads, log, device)
        else:
            base = load_upscaler(name, backend, threads, device)
        return BlendingUpscaler(base, partial(find_pair, name, fidelity, backend), threads, alpha, device)

    networks = [load(model, fidelity_model)]
    for scale, name in others.items():
        if name and scale != networks[0].scale and networks[0].backend != BicubicUpscaler.backend:
            networks.append(load(name, ""))
            if networks[-1].scale != scale:
                raise InputError(f"model_x{scale}: {name} enlarges {networks[-1].scale} times")
    return networks
