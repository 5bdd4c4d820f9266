"""The chain beside a stream of fixed rate over DDS and a kernel link, in real time (needs root)."""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.claims.link import experiment_arguments, keep
from benchmarks.harness.evidence import status
from edgesr_ros.experiment.console import print_head, print_row, sources
from edgesr_ros.experiment.plan import read_experiment
from edgesr_ros.live.experiment import run_live

_EXPERIMENT = "kernel"
_QUICK_SECONDS = 10.0


def main() -> int:
    """Entry point."""
    given = experiment_arguments("kernel_link", __doc__).parse_args()
    return status("kernel_link", lambda: _run(given))


def _run(given: argparse.Namespace) -> None:
    changes = {"recordings": given.recordings, "seconds": _QUICK_SECONDS if given.quick else None}
    experiment = read_experiment(_EXPERIMENT, changes)
    print_head()
    with tempfile.TemporaryDirectory() as logs:
        keep("kernel_link", given, run_live(experiment, sources(experiment), Path(logs), print_row))


if __name__ == "__main__":
    sys.exit(main())
