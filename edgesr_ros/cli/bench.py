"""`edgesr bench`: how fast models run here, side by side."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from edgesr_ros.errors import InputError
from edgesr_ros.schema import Struct, check_writable, write_json
from edgesr_ros.upscaling.card import InputSize
from edgesr_ros.upscaling.catalog import AUTO, DEVICES
from edgesr_ros.upscaling.contest import contest
from edgesr_ros.upscaling.cpu import cpu_name
from edgesr_ros.upscaling.speed import (
    NotMeasured,
    Runnable,
    SpeedRow,
    by_reason,
    inputs_of,
    not_loaded,
    runnables,
    shipped,
    speed_rows,
)

HELP = "measure how fast models enlarge frames here, each on every backend and device, side by side"

_TURNS, _QUICK_TURNS = 10, 3  # of a fifth of a second, for each model and size


class BenchResult(Struct):
    """The JSON file."""

    cpu: str
    threads: int
    rows: list[SpeedRow]
    not_measured: list[NotMeasured]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "models",
        nargs="*",
        metavar="MODEL",
        help="shipped name, path, or bicubic_x<factor> (default: every shipped network, and bicubic)",
    )
    parser.add_argument(
        "--input",
        type=_size,
        action="append",
        metavar="WxH",
        help="size of frames, may be repeated (default: 80x60 to 320x180, and what becomes 640x480)",
    )
    parser.add_argument(
        "--device",
        choices=DEVICES,
        default=AUTO,
        help="what networks compute on (default: all that is there)",
    )
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (default: %(default)s)")
    parser.add_argument(
        "--quick", action="store_true", help="under a minute: shorter, and only what becomes 640x480"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")


def run(arguments: argparse.Namespace) -> None:
    """Measure, and print a line for each model and size.

    Raises:
        InputError: nothing could be measured, or a model or an argument is wrong.
    """
    if arguments.threads < 1:
        raise InputError(f"--threads: expected at least 1, got {arguments.threads}")
    if arguments.json:
        check_writable(arguments.json)
    ways = _chosen(arguments.models, arguments.threads, arguments.device)
    wanted = {way.name: arguments.input or inputs_of(way.scale, arguments.quick) for way in ways}
    sizes = sorted({size for inputs in wanted.values() for size in inputs}, key=lambda size: size.pixels)
    result = BenchResult(cpu=cpu_name(), threads=arguments.threads, rows=[], not_measured=[])
    width = max(map(len, wanted))
    _say(f"starting {len(ways)} contenders")
    with contest([way.contender() for way in ways], arguments.threads) as running:
        result.not_measured.extend(not_loaded(running.problems))
        print(f"{result.cpu}, {result.threads} threads")
        print(f"{'contender':{width}}      input  ms median   ms p95      fps")
        for size in sizes:
            able = [
                name for name, inputs in wanted.items() if size in inputs and name not in running.problems
            ]
            _say(f"{size}: {len(able)} contenders in turn")
            found = running.measure(dict.fromkeys(able, size), _QUICK_TURNS if arguments.quick else _TURNS)
            measured, failed = speed_rows(ways, found, size, arguments.threads)
            for row in measured:
                figures = f"{row.ms_median:9.2f}  {row.ms_p95:7.2f}  {row.fps:7.1f}"
                print(f"{row.contender:{width}}  {row.input:>9}  {figures}", flush=True)
            result.rows.extend(measured)
            result.not_measured.extend(failed)
    reasons = by_reason(result.not_measured)
    for reason, names in reasons.items():
        print(f"not measured: {', '.join(names)}: {reason}")
    if arguments.json:
        write_json(arguments.json, result)
    if not result.rows:
        raise InputError(f"nothing could be measured: {'; '.join(reasons)}")


def _chosen(models: Sequence[str], threads: int, device: str) -> list[Runnable]:
    if not models:
        return shipped(threads, device)
    named = {way.name: way for model in models for way in runnables(model, threads, device)}
    return list(named.values())


def _size(given: str) -> InputSize:
    """An argument `<width>x<height>`."""
    if size := InputSize.of_text(given):
        return size
    raise argparse.ArgumentTypeError(f"expected a size such as 160x120, got {given!r}")


def _say(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)
