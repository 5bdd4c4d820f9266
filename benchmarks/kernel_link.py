"""The chain beside a stream of fixed rate over DDS and a kernel link, in real time (needs root)."""

import sys
import tempfile
from pathlib import Path

from benchmarks.evidence import arguments, save
from benchmarks.link import evidence
from edgesr_ros.cli.experiment import print_head, print_row, sources
from edgesr_ros.cli.live import run_live
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.plan import read_experiment
from edgesr_ros.experiment.report import write_report

_EXPERIMENT = "kernel"
_QUICK_SECONDS = 10.0


def main() -> int:
    """Entry point."""
    parser = arguments("kernel_link", __doc__)
    parser.add_argument("--recordings", nargs="+", help="videos, folders or bags; default: the demo's clip")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the page here")
    given = parser.parse_args()
    changes = {"recordings": given.recordings, "seconds": _QUICK_SECONDS if given.quick else None}
    try:
        experiment = read_experiment(_EXPERIMENT, changes)
        print_head()
        with tempfile.TemporaryDirectory() as logs:
            outcome = run_live(experiment, sources(experiment), Path(logs), print_row)
        save("kernel_link", given, evidence(outcome.results))
        if given.report:
            write_report(given.report, outcome.results, outcome.strips)
            print(given.report)
    except InputError as error:
        print(f"benchmarks.kernel_link: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
