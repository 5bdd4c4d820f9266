"""A recording's files, in the order in which they follow each other."""

from pathlib import Path

from edgesr_ros.errors import InputError
from edgesr_ros.sources.bag_files import BagFile, RosbagsFile
from edgesr_ros.sources.files import BAG_SUFFIXES, by_number
from edgesr_ros.sources.mcap_stream import McapStream


def open_bag(path: Path) -> list[BagFile]:
    """The parts of a recording in the order in which they follow each other.

    `path` is a file with one of `BAG_SUFFIXES`, or a folder of such files. A folder's metadata.yaml is
    believed where it is there, whole, and right; else its files are read in the order of their numbers.

    Raises:
        InputError: nothing of it can be read.
    """
    if not path.is_dir():
        return [_open_file(path)]
    metadata = path / "metadata.yaml"
    try:
        if metadata.is_file():
            return [RosbagsFile(path)]
        error = None
    except InputError as wrong:
        error = wrong
    parts: list[BagFile] = []
    notes: list[str] = [] if error is None else [str(error)]
    for file in sorted((child for child in path.iterdir() if child.suffix in BAG_SUFFIXES), key=by_number):
        try:
            parts.append(_open_file(file))
        except InputError as wrong:
            error = error or wrong
            notes.append(str(wrong))
    if not parts and not metadata.is_file():
        raise InputError(
            f"{path}: no metadata.yaml in this rosbag2 (recording cut short? 'ros2 bag reindex' mends it), "
            f"and {error}"
        )
    if not parts:
        assert error is not None  # of the metadata
        raise error
    if notes:
        parts[0].note = "; ".join([*notes, *([parts[0].note] if parts[0].note else [])])
    return parts


def _open_file(path: Path) -> BagFile:
    try:
        return RosbagsFile(path)
    except InputError as error:
        if path.suffix != ".mcap":
            raise
        try:
            return McapStream(path)  # has no end, or no profile, or holds other serializations beside ours
        except InputError:
            raise error from None
