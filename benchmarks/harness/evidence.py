"""The envelope of every `results/*.json`: what was found, where, of which code, and by which command."""

import os
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Generic, TypeVar

from edgesr_ros.schema import Struct
from edgesr_ros.upscaling.cpu import cpu_name

RESULTS = Path(__file__).resolve().parents[1] / "results"

SettingsT = TypeVar("SettingsT")
RowsT = TypeVar("RowsT")


class Machine(Struct):
    """Where it was measured: milliseconds mean nothing without it."""

    cpu: str
    cores: int  # that the process may use

    def __str__(self) -> str:
        return f"{self.cores} cores of {self.cpu}"


class Result(Struct, Generic[SettingsT, RowsT]):
    """A file of results."""

    machine: Machine
    revision: str  # of the code: a commit, and `-dirty` behind it where files differed from it
    command: str  # that repeats it; paths are shortened to their last part
    settings: SettingsT  # what holds for all rows
    rows: RowsT  # a list; a structure of lists where there are several kinds of rows


def this_machine() -> Machine:
    """The machine that runs us."""
    return Machine(cpu=cpu_name(), cores=len(os.sched_getaffinity(0)))


def this_revision() -> str:
    """The commit of the checkout that we lie in; `unknown` where it is none, or there is no git."""
    command = ["git", "-C", str(RESULTS), "describe", "--always", "--dirty", "--exclude", "*"]
    try:
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def command_text(module: str, argv: Sequence[str]) -> str:
    """How a module was run, without the paths of this machine, and without where its figures went.

    Args:
        module: its dotted name.
        argv: what it was given.
    """
    kept: list[str] = []
    words = (part for word in argv for part in (word.split("=", 1) if word.startswith("--") else [word]))
    for word in words:
        if word == "--json":
            next(words, None)
        else:
            kept.append(Path(word).name if "/" in word else word)
    return shlex.join(["python", "-m", module, *kept])
