"""The chain beside a stream of fixed rate over DDS and a kernel link, in real time (needs root)."""

import sys
import tempfile
from pathlib import Path

from benchmarks.link import experiment_arguments, keep
from edgesr_ros.cli.experiment import print_head, print_row, sources
from edgesr_ros.cli.live import run_live
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.plan import read_experiment

_EXPERIMENT = "kernel"
_QUICK_SECONDS = 10.0


def main() -> int:
    """Entry point."""
    given = experiment_arguments("kernel_link", __doc__).parse_args()
    changes = {"recordings": given.recordings, "seconds": _QUICK_SECONDS if given.quick else None}
    try:
        experiment = read_experiment(_EXPERIMENT, changes)
        print_head()
        with tempfile.TemporaryDirectory() as logs:
            outcome = run_live(experiment, sources(experiment), Path(logs), print_row)
        keep("kernel_link", given, outcome)
    except InputError as error:
        print(f"benchmarks.kernel_link: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
