"""`edgesr experiment`: ways to send a camera's picture over bad links, compared on the same frames."""

import argparse
import signal
from pathlib import Path
from typing import NoReturn

from edgesr_ros.cli.demo import default_clip
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.plan import Experiment, read_experiment
from edgesr_ros.experiment.report import write_report
from edgesr_ros.experiment.rows import Row
from edgesr_ros.experiment.runner import Outcome, simulate
from edgesr_ros.live.processes import ENDINGS
from edgesr_ros.schema import write_json

HELP = "compare ways to send a camera's picture over bad links, by what the operator sees"

CLIP = "clip"  # the recording that comes with a package
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
    add_jobs(parser)


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """Declare `--jobs`."""
    parser.add_argument(
        "--jobs",
        type=int,
        choices=range(1, 65),
        default=1,
        metavar="N",
        help="processes that simulate, a link at a time each (default: 1)",
    )


def run(arguments: argparse.Namespace) -> None:
    """Run the experiment; a line for each run as soon as it is over."""
    changes = {key: getattr(arguments, key) for key in ("links", "recordings", "seconds")}
    experiment = read_experiment(arguments.experiment, changes)
    output = arguments.output.expanduser()
    print_head()
    try:
        if experiment.time == "real":
            outcome = _live(experiment, output)
        else:
            outcome = simulate(experiment, sources(experiment), done=print_row, jobs=arguments.jobs)
    except InputError as error:
        raise InputError(f"{arguments.experiment}: {error}") from None
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

    for number in ENDINGS:
        signal.signal(number, _interrupt_once)
    return run_live(experiment, sources(experiment), output / "logs", done=print_row)


def _interrupt_once(*_: object) -> NoReturn:
    """End as by Ctrl-C; `ros2 launch` asks again, and users do: that must not cut the cleaning up short."""
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)  # what the cleaning up starts ignores them too
    raise KeyboardInterrupt


def sources(experiment: Experiment) -> dict[str, str]:
    """The path of each recording, by its short name.

    Raises:
        InputError: two have the same, or the demo's clip is wanted and not installed.
    """
    found: dict[str, str] = {}
    for index, recording in enumerate(experiment.recordings):
        path = default_clip() if recording == CLIP else recording
        if (name := Path(path).stem) in found:
            raise InputError(f"recordings[{index}]: expected names that differ, got {name} twice")
        found[name] = path
    return found


def print_head() -> None:
    """What the figures of `print_row` are."""
    print(
        f"{'link':20} {'recording':16} {'contender':20} used  shown/s  age p95  on screen  overload"
        "  bytes/frame   LPIPS"
    )


def print_row(row: Row) -> None:
    """The row as a line."""
    age, on_screen = (
        "-" if value is None else f"{value:.0f}" for value in (row.age_p95_ms, row.age_on_screen_p95_ms)
    )
    print(
        f"{row.link:20} {row.recording:16} {row.contender:20} {row.capacity_used:4.0%} {row.fps_shown:8.1f}"
        f" {age:>8} {on_screen:>10} {row.lost_overload:9.1%} {row.bytes_per_frame or 0:12.0f}"
        f" {row.lpips_on_screen:7.3f}",
        flush=True,
    )
