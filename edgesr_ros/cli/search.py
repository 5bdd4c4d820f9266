"""`edgesr search`: find a network, or what one is trained against, by training many."""

import argparse
import os
from contextlib import closing

from edgesr_ros.cli.training_folders import add_folders
from edgesr_ros.errors import InputError

HELP = "search for a network by a recipe; run it again, here or elsewhere, to go on where it stopped"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("recipe", help="name in config/searches, or path of a YAML file")
    add_folders(parser)
    parser.add_argument(
        "--workers",
        type=int,
        default=1,
        help="processes that train here, beside those elsewhere that share WORK (default: %(default)s)",
    )
    parser.add_argument("--threads", type=int, help="CPU threads of each; default: the cores by the workers")


def run(arguments: argparse.Namespace) -> None:
    """Train trials until the recipe has as many as it wants; leaves search.json and its page."""
    try:
        import optuna  # noqa: F401
    except ImportError:
        raise InputError("Optuna is not installed (pip install -r requirements/train.txt)") from None
    from edgesr_ros import resources
    from edgesr_ros.training.search.reading import read_search
    from edgesr_ros.training.search.report import PAGE, write_report
    from edgesr_ros.training.search.worker import Setting, run_workers

    for name in ("workers", "threads"):
        if (given := getattr(arguments, name)) is not None and given < 1:
            raise InputError(f"--{name}: expected at least 1, got {given}")
    path = resources.find("config/searches", arguments.recipe, ".yaml")
    threads = arguments.threads or max(1, len(os.sched_getaffinity(0)) // arguments.workers)
    setting = Setting(
        path.stem, read_search(path), arguments.data, arguments.work, arguments.perceptual, threads
    )
    run_workers(setting, arguments.workers)
    with closing(setting.trials()) as trials, trials.alone():
        result = write_report(trials)
    if best := result.best_trial:
        score = best.scores[result.ends[-1]]
        print(f"page: {setting.folder / PAGE}")
        print(f"best: trial {best.number}, {result.best_by} {score:.4f}: {best.candidate}")
