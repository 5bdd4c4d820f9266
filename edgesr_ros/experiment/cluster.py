"""An experiment's runs on the workers of a Dask cluster (https://distributed.dask.org), an optional extra.

The plan and the links go along by value. Recordings, and models and ladders that are no shipped ones, lie
where every worker finds them by the same path: they may be large, and what a cluster holds of them is lost
with its worker. A worker first says whether it has the same of everything: this package, the libraries that
make pixels, and the frames of the recordings. What it was at when it was lost the scheduler gives to another.
"""

import hashlib
import logging
import pickle
import platform
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from msgspec.structs import replace

from edgesr_ros import resources
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.bench import Benches, Found, Setup, Task
from edgesr_ros.experiment.plan import Experiment, Ours
from edgesr_ros.upscaling.card import file_sha256

if TYPE_CHECKING:
    from distributed import Client

_PATIENCE = 10  # seconds until scheduler and first worker must have answered
_LIBRARIES = ("av", "cv2", "numpy", "onnxruntime", "PIL")  # another version may make other bytes or pixels
_DIGITS = 8  # of a hash, where it is told


class Versions(NamedTuple):
    """Of what makes the figures."""

    package: str  # SHA-256 of modules, settings and models' cards
    libraries: dict[str, str]  # by the names of modules; "none" where one is not installed

    @staticmethod
    def here() -> "Versions":
        """Those of this process."""
        package, share = Path(__file__).parents[1], resources.share()
        files = [(path.relative_to(package), path) for path in package.rglob("*.py")]
        for pattern in ("config/**/*", "models/*.json"):
            files += [(path.relative_to(share), path) for path in share.glob(pattern) if path.is_file()]
        digest = hashlib.sha256()
        for name, path in sorted(files):
            digest.update(f"{name} {file_sha256(path)}\n".encode())
        libraries = {name: _version(name) for name in _LIBRARIES}
        return Versions(digest.hexdigest(), libraries)

    def problem(self, expected: "Versions") -> str | None:
        """In one line what is another here than expected."""
        if self.package != expected.package:
            found, wanted = self.package[:_DIGITS], expected.package[:_DIGITS]
            return f"expected the edgesr_ros of whom it works for ({wanted}), has another ({found})"
        for name, version in expected.libraries.items():
            if self.libraries[name] != version:
                return f"expected {name} {version}, has {self.libraries[name]}"
        return None


def _version(module: str) -> str:
    try:
        return str(import_module(module).__version__)
    except ImportError:
        return "none"


class Order(NamedTuple):
    """What a worker is told, and what it must have for that."""

    name: str  # tells orders apart
    setup: Setup
    versions: Versions
    files: dict[str, str]  # SHA-256 of models and ladders by their paths
    frames: dict[str, str]  # … and of the frames of each recording, by its name

    @staticmethod
    def of(setup: Setup, here: Benches) -> "Order":
        """To do what `here` does; paths become whole ones, because a worker has another working folder."""
        experiment = _by_whole_paths(setup.experiment)
        sources = {name: str(Path(source).expanduser().resolve()) for name, source in setup.sources.items()}
        return Order(
            name=f"edgesr-{uuid4().hex}",
            setup=setup._replace(experiment=experiment, sources=sources),
            versions=Versions.here(),
            files={path: file_sha256(Path(path)) for path in _files(experiment)},
            frames={name: bench.footage.sha256() for name, bench in here.by_recording.items()},
        )


@contextmanager
def on_cluster(
    address: str, setup: Setup, here: Benches
) -> Iterator[Callable[[list[Task]], Iterator[Found]]]:
    """What runs tasks on a cluster and gives what they found in their order.

    Args:
        address: of the scheduler, as `tcp://10.0.0.1:8786`.
        here: made of `setup`, in this process.

    Raises:
        InputError: there is no such scheduler, or no worker; one lacks a file or has another version of
            something; a run has ended several workers.
    """
    order = Order.of(setup, here)
    with _connected(address) as client:
        _check_workers(client, order.versions)
        yield lambda tasks: _run_all(client, address, order, tasks)


@contextmanager
def _connected(address: str) -> "Iterator[Client]":
    try:
        from distributed import Client
        from distributed import TimeoutError as TooLate  # in Python 3.10 another than the built-in one
    except ImportError:
        raise InputError("--scheduler: Dask is not installed (pip install distributed)") from None
    for name in ("distributed", "distributed.client"):  # it logs tracebacks where one line of ours says it
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"--scheduler {address}: expected a Dask scheduler there: {reason}") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=_PATIENCE)
        except TooLate:
            raise InputError(f"--scheduler {address}: it has no worker (dask worker {address})") from None
        yield client


def _check_workers(client: "Client", versions: Versions) -> None:
    """Raise InputError for the first of those that are there which has another version of something."""
    for worker, answer in client.run(_problem_there, pickle.dumps(versions), on_error="return").items():
        if isinstance(answer, ModuleNotFoundError):
            raise InputError(f"worker {worker}: {answer.name} is not installed there")
        if isinstance(answer, Exception):
            raise InputError(f"worker {worker}: {type(answer).__name__}: {' '.join(str(answer).split())}")
        if answer:
            raise InputError(f"worker {worker}: {answer}")


def _run_all(client: "Client", address: str, order: Order, tasks: list[Task]) -> Iterator[Found]:
    from distributed import KilledWorker

    told = pickle.dumps(order)
    futures = [
        client.submit(_run_there, told, order.name, *task, key=f"{order.name}-{task.link}-{task.recording}")
        for task in tasks
    ]
    for task, future in zip(tasks, futures, strict=True):
        try:
            yield future.result()
        except KilledWorker as error:
            raise InputError(
                f"{task.link} with {task.recording} has ended {error.allowed_failures + 1} workers, at last "
                f"{error.last_worker.address}: see its log"
            ) from None
        except CancelledError:
            raise InputError(f"--scheduler {address}: the scheduler is gone") from None


# What follows runs in the workers.

_ONE_AT_A_TIME = Lock()  # networks are not for two threads at once
_ready: tuple[str, Benches] | None = None  # for the order of that name


def _problem_there(versions: bytes) -> str | None:
    expected: Versions = pickle.loads(versions)
    return Versions.here().problem(expected)


def _run_there(told: bytes, name: str, recording: str, link: str) -> Found:
    global _ready  # noqa: PLW0603 - kept from task to task
    with _ONE_AT_A_TIME:
        if _ready is None or _ready[0] != name:
            _ready = None  # two would be too large
            _ready = name, _prepared(pickle.loads(told))
        return _ready[1].run(Task(recording, link))


def _prepared(order: Order) -> Benches:
    """Raises InputError: something is not as where the order comes from."""
    from distributed import get_worker

    try:
        if problem := Versions.here().problem(order.versions):
            raise InputError(problem)
        for path, sha256 in order.files.items():
            if not Path(path).is_file():
                raise InputError(f"{path}: no such file, expected by every worker")
            _expect(file_sha256(Path(path)), sha256, path)
        benches = Benches(order.setup)
        for name, bench in benches.by_recording.items():
            _expect(bench.footage.sha256(), order.frames[name], order.setup.sources[name])
    except InputError as error:
        where = f"worker {get_worker().address} on {platform.node()}"
        raise InputError(f"{where}: {error}") from None
    return benches


def _expect(found: str, expected: str, path: str) -> None:
    if found != expected:
        raise InputError(f"{path}: other content than where the experiment was started")


def _by_whole_paths(experiment: Experiment) -> Experiment:
    contenders = [
        replace(contender, ladder=_whole(contender.ladder)) if isinstance(contender, Ours) else contender
        for contender in experiment.contenders
    ]
    return replace(experiment, contenders=tuple(contenders), models=tuple(map(_whole, experiment.models)))


def _whole(name: str) -> str:
    given = Path(name).expanduser()
    return str(given.resolve()) if given.is_file() else name


def _files(experiment: Experiment) -> list[str]:
    """The models and ladders that are given by paths."""
    ladders = [contender.ladder for contender in experiment.contenders if isinstance(contender, Ours)]
    return [name for name in (*experiment.models, *ladders) if Path(name).is_file()]
