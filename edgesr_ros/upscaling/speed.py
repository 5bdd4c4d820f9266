"""How fast upscalers are: who may be measured, on which frames, and what comes out."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from edgesr_ros.schema import Struct
from edgesr_ros.upscaling.base import Upscaler
from edgesr_ros.upscaling.bicubic import BicubicUpscaler
from edgesr_ros.upscaling.card import InputSize
from edgesr_ros.upscaling.catalog import AUTO, Way, list_models, load_bicubic, load_upscaler, ways_to_run
from edgesr_ros.upscaling.contest import Contender, Job, Loaded, Times
from edgesr_ros.upscaling.edgetpu import EdgeTpuUpscaler, edgetpu_problems

Precision = Literal["float32", "float16", "int8"]

_FULL = InputSize(width=640, height=480)
_INPUTS = tuple(InputSize(width=w, height=h) for w, h in ((80, 60), (160, 120), (240, 135), (320, 180)))
_SEED = 0


class SpeedRow(Struct):
    """How fast a contender enlarges frames of a size."""

    contender: str
    model: str
    backend: str
    precision: Precision | None  # null: no network
    input: str  # <width>x<height>
    threads: int
    ms_median: float
    ms_p95: float
    fps: float  # by the median
    pictures: int  # that were timed
    gmac: float | None  # 10^9 multiply-accumulates of the network for a picture; null: not known


class NotMeasured(Struct):
    """A contender that could not be measured, and why."""

    contender: str
    input: str | None  # on frames of which size; null: on none
    reason: str


class Runnable(NamedTuple):
    """A way to enlarge pictures that is not loaded yet; `load` must be picklable."""

    model: str
    backend: str
    precision: Precision | None
    scale: int
    macs_per_pixel: int | None  # of the network, for each pixel of the small picture; None: not known
    load: Callable[[], Upscaler]

    @property
    def name(self) -> str:
        """Of the contender."""
        return self.model if self.backend == BicubicUpscaler.backend else f"{self.model} ({self.backend})"

    def contender(self) -> Contender:
        """Makes a picture of noise of an `InputSize` larger."""
        return Contender(self.name, partial(_load, self.load))


def runnables(model: str, threads: int, device: str = AUTO) -> list[Runnable]:
    """All ways to run a model, in int8 too where it is shipped so; on Edge TPU and GPU only if that can work.

    Of a `device` that is named all are there, or nobody would hear why it cannot work. Bicubic is the CPU's.

    Raises:
        InputError: as `ways_to_run`.
    """
    if bicubic := load_bicubic(model):
        load = partial(load_upscaler, bicubic.name)
        return [Runnable(bicubic.name, bicubic.backend, None, bicubic.scale, None, load)]
    is_file = Path(model).expanduser().is_file()  # told apart from what is shipped by its path
    return [
        _runnable(way, model if is_file else way.card.name, threads)
        for way in _possible_ways(ways_to_run(model, device), device)
    ]


def shipped(threads: int, device: str = AUTO) -> list[Runnable]:
    """Each shipped network in each precision on each backend, and on the CPU bicubic of their scales.

    They come by scale. Of the same network with other weights (`_psnr`, `_link`) one stands for all: they
    take the same time. What no runtime runs on a `device` that is named is left out.
    """
    chosen: dict[tuple[int, str, str, str], Runnable] = {}
    for model in sorted(list_models(), key=len):  # what has no suffix comes first
        if not load_bicubic(model):
            for way in _possible_ways(ways_to_run(model), device):
                card = way.card
                key = (card.scale, card.network, card.precision, way.runner.backend)
                chosen.setdefault(key, _runnable(way, card.name, threads))
    scales = sorted({scale for scale, *_ in chosen})
    if device not in (AUTO, BicubicUpscaler.device):
        scales = []
    bicubic = [way for scale in scales for way in runnables(f"bicubic_x{scale}", threads)]
    return sorted((*bicubic, *(chosen[key] for key in sorted(chosen))), key=lambda way: way.scale)


def inputs_of(scale: int, quick: bool) -> list[InputSize]:
    """Sizes of frames to measure: what becomes 640x480; unless `quick`, others too."""
    full = InputSize(width=_FULL.width // scale, height=_FULL.height // scale)
    return [full] if quick else sorted({*_INPUTS, full}, key=lambda size: size.pixels)


def not_loaded(problems: Mapping[str, str]) -> list[NotMeasured]:
    """Those that take no part, from `Contest.problems`."""
    return [NotMeasured(contender=name, input=None, reason=reason) for name, reason in problems.items()]


def by_reason(failed: Iterable[NotMeasured]) -> dict[str, list[str]]:
    """From reason to contenders, each with the size of the frames that it failed on."""
    found: dict[str, list[str]] = {}
    for one in failed:
        name = f"{one.contender} at {one.input}" if one.input else one.contender
        found.setdefault(one.reason, []).append(name)
    return found


def speed_rows(
    ways: Iterable[Runnable], found: Mapping[str, Times], size: InputSize, threads: int
) -> tuple[list[SpeedRow], list[NotMeasured]]:
    """What `Contest.measure` found, of those who took part; and of those who failed."""
    measured, failed = [], []
    for way in (way for way in ways if way.name in found):
        seconds, problem = found[way.name]
        if problem:
            failed.append(NotMeasured(contender=way.name, input=str(size), reason=problem))
            continue
        median, p95 = (float(value) for value in np.percentile(seconds, (50, 95)))
        measured.append(
            SpeedRow(
                contender=way.name,
                model=way.model,
                backend=way.backend,
                precision=way.precision,
                input=str(size),
                threads=threads,
                ms_median=round(1e3 * median, 3),
                ms_p95=round(1e3 * p95, 3),
                fps=round(1 / median, 2),
                pictures=len(seconds),
                gmac=round(way.macs_per_pixel * size.pixels / 1e9, 4) if way.macs_per_pixel else None,
            )
        )
    return measured, failed


def _possible_ways(ways: Iterable[Way], device: str) -> list[Way]:
    """Those on a device that is named; of "auto" those whose device is there."""
    return [way for way in ways if way.runner.device == device or (device == AUTO and not _hopeless(way))]


def _hopeless(way: Way) -> bool:
    """Whether its device is not there; what is missing for the CPU is worth a word."""
    if way.runner is EdgeTpuUpscaler:
        return bool(edgetpu_problems(way.path))
    return way.gpu_missing


def _runnable(way: Way, name: str, threads: int) -> Runnable:
    card, load = way.card, partial(way.load, threads)
    return Runnable(name, way.runner.backend, card.precision, card.scale, card.macs_per_pixel, load)


def _load(load: Callable[[], Upscaler]) -> Loaded:
    """In the contender's process: from a size to the enlarging of noise."""
    upscaler = load()

    def prepare(size: InputSize) -> Job:
        noise = np.random.default_rng(_SEED).integers(0, 256, (size.height, size.width, 3), np.uint8)
        return partial(upscaler.upscale, noise)

    return prepare
