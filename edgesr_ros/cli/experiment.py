"""`edgesr experiment`: ways to send a camera's picture over bad links, compared on the same frames."""

import argparse
from pathlib import Path

from edgesr_ros.errors import InputError
from edgesr_ros.experiment.console import add_jobs, print_head, print_row, sources
from edgesr_ros.experiment.plan import Experiment, read_experiment
from edgesr_ros.experiment.report import write_report
from edgesr_ros.experiment.runner import Outcome, simulate
from edgesr_ros.live.processes import end_as_by_ctrl_c
from edgesr_ros.schema import check_writable, write_json

HELP = "compare ways to send a camera's picture over bad links, by what the operator sees"

RESULTS, REPORT = "results.json", "report.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("experiment", metavar="FILE", help="shipped name, or a YAML file")
    parser.add_argument(
        "--output", type=Path, default=Path("experiment_output"), help="folder for what is found"
    )
    parser.add_argument("--links", nargs="+", help="instead of those in the file")
    parser.add_argument("--recordings", nargs="+", help="instead of those in the file")
    parser.add_argument("--seconds", type=float, help="of each run, instead of those in the file")
    where = parser.add_mutually_exclusive_group()
    add_jobs(where)
    where.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="of a Dask cluster whose workers simulate, e.g. tcp://10.0.0.1:8786; same figures as without",
    )


def run(arguments: argparse.Namespace) -> None:
    """Run the experiment; a line for each run as soon as it is over."""
    changes = {key: getattr(arguments, key) for key in ("links", "recordings", "seconds")}
    experiment = read_experiment(arguments.experiment, changes)
    output = arguments.output.expanduser()
    check_writable(output / RESULTS)
    print_head()
    try:
        if experiment.time == "real":
            if arguments.scheduler is not None:
                raise InputError("--scheduler: expected time: simulated, got time: real")
            outcome = _live(experiment, output)
        else:
            recordings = sources(experiment)
            outcome = simulate(experiment, recordings, print_row, arguments.jobs, arguments.scheduler)
    except InputError as error:
        raise InputError(f"{arguments.experiment}: {error}") from None
    for note in outcome.notes:
        print(note)
    write_json(output / RESULTS, outcome.results)
    write_report(output / REPORT, outcome.results, outcome.strips)
    print(output / RESULTS)
    print(output / REPORT)


def _live(experiment: Experiment, output: Path) -> Outcome:
    try:
        import rclpy  # noqa: F401 - simulated time needs no ROS
    except ImportError:
        raise InputError("time: real: expected a ROS 2 installation, found no rclpy") from None
    from edgesr_ros.live.experiment import run_live

    end_as_by_ctrl_c()
    return run_live(experiment, sources(experiment), output / "logs", done=print_row)
