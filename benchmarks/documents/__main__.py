"""Writes doc/results.md, doc/parameters.md, the plot of speed and the README's headlines, or checks them."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.claims.speed.plot import PLOT, write_plot
from benchmarks.documents.headline import headline_table
from benchmarks.documents.parameters import parameters_page
from benchmarks.documents.results import results_page
from benchmarks.harness.markdown import fill
from edgesr_ros.errors import InputError
from edgesr_ros.schema import read_text, write_text

_ROOT = Path(__file__).resolve().parents[2]
README = _ROOT / "README.md"
RESULTS_PAGE = _ROOT / "doc" / "results.md"
PARAMETERS_PAGE = _ROOT / "doc" / "parameters.md"


def documents() -> dict[Path, str]:
    """What each document should hold.

    Raises:
        InputError: a file of results is missing or is none of ours, or the README has no place for the table.
    """
    return {
        RESULTS_PAGE: results_page(),
        PARAMETERS_PAGE: parameters_page(),
        README: fill(read_text(README), {"headline": headline_table()}),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.documents", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; status 1 if a document is out of date"
    )
    given = parser.parse_args(argv)
    try:
        wanted = documents()
        if not given.check:
            for path, text in wanted.items():
                write_text(path, text)
            write_plot(PLOT)
            return 0
        stale = [path for path, text in wanted.items() if not path.is_file() or read_text(path) != text]
    except InputError as error:
        print(f"benchmarks.documents: {error}", file=sys.stderr)
        return 2
    for path in stale:
        print(f"{path.relative_to(_ROOT)} is out of date: make figures", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
