"""What the commands that run an experiment share: its recordings, `--jobs`, and a line for each run."""

import argparse
from pathlib import Path

from edgesr_ros.errors import InputError
from edgesr_ros.experiment.plan import Experiment
from edgesr_ros.experiment.rows import Row
from edgesr_ros.sources.clip import default_clip

CLIP = "clip"  # the recording that comes with a package


def add_jobs(parser: argparse._ActionsContainer) -> None:
    """Declare `--jobs`."""
    parser.add_argument(
        "--jobs",
        type=int,
        choices=range(1, 65),
        default=1,
        metavar="N",
        help="processes that simulate, a link at a time each (default: 1)",
    )


def sources(experiment: Experiment) -> dict[str, str]:
    """The path of each recording, by its short name.

    Raises:
        InputError: two have the same, or the default clip is wanted and not installed.
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
