"""A claim: its name, what is told of it, and its file of results."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

from benchmarks.harness.evidence import (
    RESULTS,
    Result,
    RowsT,
    SettingsT,
    command_text,
    this_machine,
    this_revision,
)
from benchmarks.harness.goals import Goal
from edgesr_ros.errors import InputError
from edgesr_ros.schema import read_json, write_json


@dataclass(frozen=True)
class Claim(Generic[SettingsT, RowsT]):
    """What stands in doc/results.md under one heading, and the script that measures it."""

    name: str  # of its module in `benchmarks.claims`, and of its file of results
    title: str
    about: str  # Markdown: what was done, and what to know of the figures
    reading: str  # Markdown, a line: how to read the table
    result: type[Result[SettingsT, RowsT]]
    table: Callable[[Result[SettingsT, RowsT]], str]  # Markdown: tables, and sentences made of the figures
    goals: Sequence[Goal[Result[SettingsT, RowsT]]] = ()

    @property
    def module(self) -> str:
        """What `python -m` runs."""
        return f"benchmarks.claims.{self.name}"

    def read(self, results: Path = RESULTS) -> Result[SettingsT, RowsT]:
        """The figures in a folder of results.

        Raises:
            InputError: the file is missing or is none of ours.
        """
        return read_json(results / f"{self.name}.json", self.result)

    def arguments(self, description: str | None) -> argparse.ArgumentParser:
        """A parser with the arguments of every claim."""
        parser = argparse.ArgumentParser(prog=f"python -m {self.module}", description=description)
        parser.add_argument(
            "--quick", action="store_true", help="a short run, to try the script; no evidence"
        )
        parser.add_argument(
            "--json",
            type=Path,
            metavar="FILE",
            help=f"where the figures go (default: benchmarks/results/{self.name}.json; none for --quick)",
        )
        return parser

    def run(
        self,
        parser: argparse.ArgumentParser,
        work: Callable[[argparse.Namespace], object],
        argv: Sequence[str] | None = None,
    ) -> int:
        """Do the work as it is asked for; exit status 0, or 2 with one line for a mistake of the user.

        Args:
            parser: of `arguments`, with what the claim adds.
            work: measures and writes.
            argv: None: what the process was given.
        """
        given = parser.parse_args(argv)
        given.command = command_text(self.module, sys.argv[1:] if argv is None else argv)
        try:
            work(given)
        except InputError as error:
            print(f"{self.module}: {error}", file=sys.stderr)
            return 2
        return 0

    def write(self, given: argparse.Namespace, settings: SettingsT, rows: RowsT) -> Path | None:
        """Write what `work` found; of a quick run only where the user says, lest it replace the evidence.

        Returns:
            Where it was written.

        Raises:
            InputError: the file cannot be written.
        """
        if (path := given.json) is None and not given.quick:
            path = RESULTS / f"{self.name}.json"
        if path is not None:
            result = self.result(
                machine=this_machine(),
                revision=this_revision(),
                command=given.command,
                settings=settings,
                rows=rows,
            )
            write_json(path, result)
            print(path)
        return path
