"""A recipe's steps one after the other, each from weights to weights; what is made is not made again."""

import hashlib
from pathlib import Path

import msgspec

from edgesr_ros.schema import Struct, read_json, write_json
from edgesr_ros.training.steps.step import Run, Step
from edgesr_ros.training.weights import load_network, trained
from edgesr_ros.upscaling.card import file_sha256

RECORD = "step.json"


class Record(Struct):
    """What a step that has come to its end leaves in its folder, beside what it made."""

    key: str  # of all that decides its result
    parents: dict[str, str]  # path below WORK of each file that it started from → sha256
    files: dict[str, str]  # path below WORK of each file that it made → sha256
    weights: str  # path below WORK of those that the next step starts from
    said: tuple[str, ...]  # lines for the user


def run_recipe(run: Run) -> list[str]:
    """Make all that a recipe makes: its first step in WORK/<recipe>, each later one in a folder below that.

    Returns:
        A line for each thing that was made, now or before.

    Raises:
        InputError: something that a step needs is missing or wrong; what was made until then stays.
    """
    weights = None
    if run.recipe.start:
        weights = trained(run.work, run.recipe.start)
        load_network(weights, run.spec)  # or it is said here that they are another's
    lines: list[str] = []
    for number, step in enumerate(run.recipe.steps, 1):
        record = _make(step, run, weights, run.folder(number))
        weights = run.work / record.weights
        lines += record.said
    return lines


def _make(step: Step, run: Run, weights: Path | None, folder: Path) -> Record:
    """Run a step, unless its folder has the record of the same step from the same files."""
    files = [*([weights] if weights else []), *(trained(run.work, name) for name in step.parents)]
    parents = _hashes(files, run.work)
    deciding = (run.spec, run.recipe.seed, run.recipe.patches, step, parents)
    key = hashlib.sha256(msgspec.json.encode(deciding)).hexdigest()
    record = _read(folder / RECORD)
    valid = record is not None and record.key == key and _unchanged(record, run.work)
    run.ranks.meet()  # all have looked before one writes
    if valid and record:
        return record
    if step.together or run.ranks.first:
        made = step.run(run, weights, folder, parents)
        if run.ranks.first:
            record = Record(
                key=key,
                parents=parents,
                files=_hashes(made.files, run.work),
                weights=_below(made.weights, run.work),
                said=made.said,
            )
            write_json(folder / RECORD, record)
    run.ranks.meet()
    return read_json(folder / RECORD, Record)


def _read(path: Path) -> Record | None:
    return read_json(path, Record) if path.is_file() else None


def _unchanged(record: Record, work: Path) -> bool:
    files = {name: work / name for name in record.files}
    return all(path.is_file() and file_sha256(path) == record.files[name] for name, path in files.items())


def _hashes(files: tuple[Path, ...] | list[Path], work: Path) -> dict[str, str]:
    return {_below(path, work): file_sha256(path) for path in files}


def _below(path: Path, work: Path) -> str:
    return path.relative_to(work).as_posix()
