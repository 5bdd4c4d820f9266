"""Contenders timed side by side: each in a process of its own, some runs at a time, in turn.

What else the machine does, or how warm it is, then slows all of them alike, and no contender's threads or
memory reach another's. While one has its turn the others wait for a message.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

Job = Callable[[], object]  # what is timed
Loaded = Callable[[Any], Job]  # from what is to be done, e.g. a size, to the job

_TURN = 0.2  # seconds
_SETTLING = 0.03  # seconds at a turn's start: caches are cold, threads of the one before may still spin
_WARM_UP = 2  # runs; onnxruntime plans its memory by the first, and touches it in the second
_PATIENCE = 120.0  # seconds for an answer
_END = 3.0  # seconds for a process to end
# How libraries of linear algebra are told their threads: before they are loaded.
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


class Contender(NamedTuple):
    """Something that can be timed; `load` is called in its process, so it must be picklable."""

    name: str
    load: Callable[[], Loaded]


class Times(NamedTuple):
    """Of each run in seconds; and why there are no more of them, in one line."""

    seconds: list[float]
    problem: str | None = None


class Contest:
    """The contenders' processes, loaded and waiting; see `contest`.

    Attributes:
        problems: by name, why a contender cannot take part.
    """

    def __init__(self, processes: Mapping[str, "_Process"]) -> None:
        self._processes = processes
        self.problems: dict[str, str] = {}
        for name, process in processes.items():
            try:
                process.answer()
            except _ContenderError as error:
                self.problems[name] = str(error)

    def measure(self, jobs: Mapping[str, Any], turns: int) -> dict[str, Times]:
        """Let contenders take `turns` turns of a fifth of a second each.

        One whose runs take longer than a turn has fewer turns, spread over the whole time.

        Args:
            jobs: by the contenders' names, what `Loaded` gets; it must be picklable.
        """
        found: dict[str, Times] = {}
        for name, job in jobs.items():
            found[name] = Times([], self.problems.get(name))
            if not found[name].problem:
                self._ask(name, _Prepare(job), found)
        spent = dict.fromkeys(jobs, 0.0)
        for turn in range(turns):
            for name in jobs:
                in_step = spent[name] <= (turn + 0.5) * _TURN  # with those of short runs
                if in_step and not found[name].problem:
                    began = time.perf_counter()
                    self._ask(name, _Turn(_TURN), found)
                    spent[name] += time.perf_counter() - began
        return found

    def _ask(self, name: str, request: "_Prepare | _Turn", found: dict[str, Times]) -> None:
        try:
            found[name].seconds.extend(self._processes[name].ask(request))
        except _ContenderError as error:
            found[name] = Times([], str(error))


@contextmanager
def contest(contenders: Sequence[Contender], threads: int) -> Iterator[Contest]:
    """Start the contenders' processes; all of them end with the `with` block.

    Args:
        contenders: of different names.
        threads: that linear algebra may use; of anything else the contenders decide.
    """
    processes: dict[str, _Process] = {}
    before = {name: os.environ.get(name) for name in _THREADS}
    try:
        os.environ.update(dict.fromkeys(_THREADS, str(threads)))
        for contender in contenders:
            processes[contender.name] = _Process(contender)
        yield Contest(processes)
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
        for process in processes.values():
            process.end()


class _ContenderError(Exception):
    """What is wrong with a contender, in one line."""


class _Prepare(NamedTuple):
    job: Any


class _Turn(NamedTuple):
    seconds: float


class _Process:
    """The parent's end of a contender."""

    def __init__(self, contender: Contender) -> None:
        context = get_context("spawn")  # not fork: threads of the parent's libraries would be missing
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, contender.load), daemon=True)
        self._process.start()
        theirs.close()  # so that the end of the process ends our waiting

    def ask(self, request: _Prepare | _Turn) -> list[float]:
        """Seconds that each run took.

        Raises:
            _ContenderError: it failed, ended, or does not answer.
        """
        try:
            self._connection.send(request)
        except OSError:
            raise self._ended() from None
        return self.answer()

    def answer(self) -> list[float]:
        """The answer to come, as of `ask`; the first one says that it is loaded."""
        try:
            if not self._connection.poll(_PATIENCE):
                self._process.kill()
                raise _ContenderError(f"no answer for {_PATIENCE:.0f} s")
            answer = self._connection.recv()
        except (EOFError, OSError):
            raise self._ended() from None
        if isinstance(answer, str):
            raise _ContenderError(answer)
        return answer

    def end(self) -> None:
        """End the process; if it must be, by force."""
        self._connection.close()
        self._process.join(_END)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()

    def _ended(self) -> _ContenderError:
        self._process.join(_END)
        status = self._process.exitcode
        if status is not None and status < 0:
            return _ContenderError(f"its process was ended by {signal.Signals(-status).name}")
        return _ContenderError(f"its process ended with status {status}")


def _serve(connection: Connection, load: Callable[[], Loaded]) -> None:
    """A contender's process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for output in (1, 2):  # what runtimes say of themselves has no place in a table
        os.dup2(nowhere, output)
    job: Job | None = None
    try:
        prepare = load()
        connection.send([])
        while True:
            request = connection.recv()
            try:
                if isinstance(request, _Prepare):
                    job = None  # gives back its memory first
                    job = prepare(request.job)
                    for _ in range(_WARM_UP):
                        job()
                    connection.send([])
                elif job:
                    connection.send(_take_turn(job, request.seconds))
            except Exception as error:  # of one job; others may do
                connection.send(_one_line(error))
    except EOFError:
        return
    except Exception as error:  # whatever a runtime throws is the contender's problem, not the contest's
        connection.send(_one_line(error))


def _take_turn(job: Job, seconds: float) -> list[float]:
    """Seconds of each run, one at least; of those after the settling time, if there are any."""
    began = time.perf_counter()
    settling: list[float] = []
    settled: list[float] = []
    while not (settling or settled) or time.perf_counter() - began < seconds:
        before = time.perf_counter()
        job()
        (settled if before - began >= _SETTLING else settling).append(time.perf_counter() - before)
    return settled or settling


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
