"""All runs of an experiment in simulated time: in one process, several, or those of a cluster."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

from edgesr_ros.experiment.bench import Benches, Found, Setup, Strip, Task, threads_for
from edgesr_ros.experiment.cluster import on_cluster
from edgesr_ros.experiment.curves import measure_curves
from edgesr_ros.experiment.plan import Camera, Experiment, profiles
from edgesr_ros.experiment.rows import Results, Row

RunAll = Callable[[list[Task]], Iterator[Found]]  # runs tasks and gives what they found in their order


class Outcome(NamedTuple):
    """Figures, and pictures of them."""

    results: Results
    strips: list[Strip]
    notes: list[str]  # what was wrong with the recordings, a line each


def simulate(
    experiment: Experiment,
    sources: Mapping[str, str],
    done: Callable[[Row], None],
    jobs: int = 1,
    scheduler: str | None = None,
) -> Outcome:
    """Run an experiment in simulated time.

    Args:
        sources: each recording's path by its name in tables.
        done: told each row as soon as all contenders have been over its link.
        jobs: processes that simulate, each a link at a time.
        scheduler: address of a Dask scheduler whose workers simulate, in place of processes here.

    Raises:
        InputError: a link, recording or model cannot be read; or as `on_cluster`.
    """
    setup = Setup(experiment, profiles(experiment), sources, threads_for(jobs))
    here = Benches(setup)
    rows: list[Row] = []
    strips: list[Strip] = []
    with _workers(setup, here, jobs, scheduler) as run_all:
        for found in run_all([Task(name, link) for name in sources for link in here.links]):
            for row in found.rows:
                done(row)
            rows += found.rows
            strips.append(found.strip)
    curves = []
    if experiment.curves:
        for bench in here.by_recording.values():
            curves += measure_curves(bench.footage, bench.judge, experiment.seed)
    results = Results(
        description=experiment.description,
        camera=camera_text(experiment.camera),
        seed=experiment.seed,
        rows=rows,
        curves=curves,
    )
    notes = [note for bench in here.by_recording.values() for note in bench.footage.notes]
    return Outcome(results, strips, notes)


def _workers(setup: Setup, here: Benches, jobs: int, scheduler: str | None) -> AbstractContextManager[RunAll]:
    if scheduler is not None:
        return on_cluster(scheduler, setup, here)
    return _here_alone(here) if jobs == 1 else _processes(setup, jobs)


@contextmanager
def _here_alone(here: Benches) -> Iterator[RunAll]:
    yield lambda tasks: map(here.run, tasks)


_here: Benches  # of a worker


def _start_worker(setup: Setup) -> None:
    global _here  # noqa: PLW0603 - all that a process of a pool can keep
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the one that started us, and that ends us
    _here = Benches(setup)


def _run_there(task: Task) -> Found:
    return _here.run(task)


@contextmanager
def _processes(setup: Setup, jobs: int) -> Iterator[RunAll]:
    """Of this machine; they end with the context."""
    # Not forked: the networks' threads would not come along.
    with multiprocessing.get_context("spawn").Pool(jobs, _start_worker, (setup,)) as pool:
        yield lambda tasks: pool.imap(_run_there, tasks)


def camera_text(camera: Camera) -> str:
    """As a reader is told, for example `640x480 at 30 Hz`."""
    return f"{camera.width}x{camera.height} at {camera.rate_hz:g} Hz"
