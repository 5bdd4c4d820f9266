"""`backend: auto`: the fastest way to run a model here, measured on the frames that come, and remembered."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Lock
from typing import NamedTuple

import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.upscaling.backend_cache import BackendCache, Choice
from edgesr_ros.upscaling.base import ChangingUpscaler, Upscaler
from edgesr_ros.upscaling.catalog import AUTO, Way, ways_to_run
from edgesr_ros.upscaling.pace import sample_of

_SECONDS = 1.0  # to measure for; longer where networks are so slow that too few runs would fit
_RUNS = 5  # of each, at the least: other nodes and the stream itself disturb most of them
_HOPELESS_RUNS, _HOPELESS = 2, 3.0  # what took so many times as long as the fastest runs no more often
_ALONE = Lock()  # held while one measures: two at a time would slow down each other
_MOST_ERROR = 255**2 / 10 ** (40 / 10)  # mean square of what int8 may change: 40 dB


class _Tried(NamedTuple):
    way: Way
    upscaler: Upscaler
    picture: np.ndarray  # what it makes of the frame
    times: list[float]  # seconds

    @property
    def milliseconds(self) -> float:
        # The least: whatever else ran meanwhile has slowed down the others.
        return 1e3 * min(self.times)

    def __str__(self) -> str:
        return f"{self.upscaler.name} on {self.upscaler.backend} {self.milliseconds:.1f} ms"


class AutoUpscaler(ChangingUpscaler):
    """A model in the precision and on the backend that is fastest here and keeps the picture.

    Starts with what was best for the last frames of an earlier run, else with a good guess. When frames of a
    size come that was not measured yet, what is installed takes turns on one of them, or on a part of it
    (`sample_of`), for a second or more, in a thread of its own; the fastest within 40 dB of float32 takes
    over between two pictures.

    Args:
        model: a shipped name, which stands for its int8 files too, or the path of a file.
        threads: CPU threads of the network's runtime.
        log: takes a line that says what was chosen, and why.
        device: one of `catalog.DEVICES`; "auto": the fastest of them.

    Raises:
        InputError: unknown model, or nothing that is installed runs it.
    """

    def __init__(self, model: str, threads: int, log: Callable[[str], None], device: str = AUTO) -> None:
        self._ways, self._threads, self._log = ways_to_run(model, device), threads, log
        self._cache = BackendCache([way.card.sha256 for way in self._ways], threads, device)
        self._size: str | None = None  # of the frames that the one in use was chosen for
        self._in_use = self._start(device)
        super().__init__(self._in_use)
        self._closing = Event()
        self._chooser = ThreadPoolExecutor(1, thread_name_prefix="backend")

    def close(self) -> None:
        """Give up measuring, end its thread, and give back the network."""
        self._closing.set()
        self._chooser.shutdown(cancel_futures=True)
        self._in_use.close()

    def _current(self, rgb: np.ndarray) -> Upscaler:
        sample = sample_of(rgb)
        size = f"{sample.shape[1]}x{sample.shape[0]}"
        if size != self._size:
            self._size = size
            self._chooser.submit(self._choose, size, sample)
        return self._in_use  # which the chooser may replace any time

    def _start(self, device: str) -> Upscaler:
        if latest := self._cache.latest:
            size, choice = latest
            if remembered := self._load(choice):
                self._size = size
                return remembered
        problems = []
        for way in self._ways:
            try:
                return way.load(self._threads)
            except InputError as error:
                if device != AUTO or not way.gpu_missing:  # nobody has asked for a GPU
                    problems.append(str(error))
        raise InputError("; ".join(dict.fromkeys(problems)))

    def _load(self, choice: Choice) -> Upscaler | None:
        """What was chosen earlier, if it still runs."""
        for way in self._ways:
            if _choice_of(way) == choice:
                with suppress(InputError):
                    return way.load(self._threads)
        return None

    def _choose(self, size: str, rgb: np.ndarray) -> None:
        """Use the fastest way for frames such as this one, by what is remembered or by measuring."""
        try:
            choice = self._cache.of(size)
            upscaler = choice and self._load(choice)
            if not choice or not upscaler:
                with _ALONE:
                    tried = [] if self._closing.is_set() else self._measure(rgb)
                if self._closing.is_set():
                    return
                best = tried[0]
                others = ", ".join(map(str, tried[1:]))
                self._log(f"for {size}: {best}" + (f" (others: {others})" if others else ""))
                choice, upscaler = _choice_of(best.way), best.upscaler
            self._in_use = upscaler  # the one before may still be at work; it goes with its last user
            self._cache.remember(size, choice)
        except Exception as error:  # whatever it is, the pictures go on
            self._log(f"for {size}: no other backend: {' '.join(str(error).split())}")

    def _measure(self, rgb: np.ndarray) -> list[_Tried]:
        """What runs here and keeps the picture, the fastest first."""
        tried = []
        for way in self._ways:
            with suppress(InputError):  # not installed, or not for frames of this size
                upscaler = way.load(self._threads)
                tried.append(_Tried(way, upscaler, upscaler.upscale(rgb), []))
        tried = [one for one in tried if _keeps_the_picture(one, tried)]
        self._time(tried, rgb)
        return sorted(tried, key=lambda one: min(one.times, default=np.inf))

    def _time(self, tried: list[_Tried], rgb: np.ndarray) -> None:
        end = time.perf_counter() + _SECONDS
        racing = tried
        while racing and (time.perf_counter() < end or len(racing[0].times) < _RUNS):
            for one in racing:
                if self._closing.is_set():
                    return
                began = time.perf_counter()
                one.upscaler.upscale(rgb)
                one.times.append(time.perf_counter() - began)
            if len(racing[0].times) >= _HOPELESS_RUNS:
                slowest = _HOPELESS * min(min(one.times) for one in racing)
                racing = [one for one in racing if min(one.times) <= slowest]


def _choice_of(way: Way) -> Choice:
    return Choice(file=way.path.name, backend=way.runner.backend)


def _keeps_the_picture(one: _Tried, tried: list[_Tried]) -> bool:
    """Whether it makes the picture of the float32 model, if there is one."""
    exact = next((c for c in tried if c.way.card.precision == "float32"), one)
    difference = one.picture.astype(np.float32) - exact.picture
    return bool(np.mean(difference**2) <= _MOST_ERROR)
