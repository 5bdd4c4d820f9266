"""Says of each goal whether the committed results keep it; exit status 1 where one is not kept."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.documents.results import verdicts
from benchmarks.harness.evidence import RESULTS
from edgesr_ros.errors import InputError


def main(argv: Sequence[str] | None = None) -> int:
    """Print a line for each goal; status 2 for a mistake of the user."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.documents.goals", description=__doc__)
    parser.add_argument(
        "--results",
        type=Path,
        default=RESULTS,
        metavar="DIR",
        help="of results (default: the committed)",
    )
    try:
        found = verdicts(parser.parse_args(argv).results)
    except InputError as error:
        print(f"benchmarks.documents.goals: {error}", file=sys.stderr)
        return 2
    for verdict in found:
        print(f"{'met    ' if verdict.met else 'NOT MET'}  {verdict.claim.name:13}  {verdict.text()}")
    missed = sum(not verdict.met for verdict in found)
    print(f"{len(found) - missed} of {len(found)} goals are met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
