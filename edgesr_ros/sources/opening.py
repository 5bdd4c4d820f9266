"""One text → the source of frames that it names."""

from pathlib import Path

from edgesr_ros.errors import InputError
from edgesr_ros.sources.files import BAG_SUFFIXES
from edgesr_ros.sources.frame_source import FrameSource, SourceFrame
from edgesr_ros.sources.image_folder import FolderSource
from edgesr_ros.sources.video import VIDEO_SUFFIXES, CameraSource, VideoSource

__all__ = ["FrameSource", "SourceFrame", "open_source"]

_CAMERA = "camera:"
_METADATA = "metadata.yaml"
_ROSBAG2 = "rosbag2_bagfile_information"  # what the metadata of a rosbag2 begins with
# What cannot be played as it is, by suffix.
_REMEDIES = {
    ".zstd": "'zstd -d' unpacks it",
    ".active": "'rosbag reindex' mends it, after which it is a .bag",
}


def open_source(text: str, topic: str | None = None) -> FrameSource:
    """The frames of an image folder, a video file, a rosbag (folder, .db3, .mcap or .bag), or `camera:0`.

    `topic` chooses among the image topics of a bag; without it the best to watch is taken.

    Raises:
        InputError: no such thing, unreadable, or without images.
    """
    if text.startswith(_CAMERA):
        number = text.removeprefix(_CAMERA)
        if not number.isdecimal():
            raise InputError(f"{text}: expected a number after '{_CAMERA}', for example {_CAMERA}0")
        return CameraSource(int(number))
    path = Path(text).expanduser()
    if not path.exists():
        raise InputError(f"{text}: no such folder or file (image folder, video, rosbag), nor '{_CAMERA}0'")
    if _is_bag(path):
        from edgesr_ros.sources.bag import BagSource  # rosbags takes a quarter of a second to load

        return BagSource(path, topic or None)
    if topic:
        raise InputError(f"{text}: topic is {topic}, but only a rosbag2 has topics")
    if path.is_dir():
        return FolderSource(path)
    if remedy := _REMEDIES.get(path.suffix):
        raise InputError(f"{text}: cannot be played as it is; {remedy}")
    if path.suffix.lower() not in VIDEO_SUFFIXES:
        known = ", ".join(sorted(VIDEO_SUFFIXES | BAG_SUFFIXES))
        raise InputError(f"{text}: suffix is {path.suffix!r}, expected one of {known}, or a folder")
    return VideoSource(path)


def _is_bag(path: Path) -> bool:
    """Whether `path` is one, or a folder with parts or the metadata of one, not just any YAML file."""
    if not path.is_dir():
        return path.suffix in BAG_SUFFIXES
    if any(child.suffix in BAG_SUFFIXES for child in path.iterdir()):
        return True
    metadata = path / _METADATA
    return metadata.is_file() and _ROSBAG2.encode() in metadata.read_bytes()
