"""rosbag2 recordings (sqlite3 and MCAP) as sources of frames, without a ROS installation."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.interfaces import Connection
from rosbags.rosbag2 import Reader
from rosbags.typesys import Stores, get_typestore

from edgesr_ros.codecs.still_reader import StillReader
from edgesr_ros.errors import InputError
from edgesr_ros.frames.message import ImageReader
from edgesr_ros.sources.frame_source import FrameSource, SourceFrame

_IMAGE, _COMPRESSED, _INFO = (
    f"sensor_msgs/msg/{name}" for name in ("Image", "CompressedImage", "CameraInfo")
)
# Definitions from here, not from the bag: many bags carry none, and these three never changed in ROS 2.
_TYPES = get_typestore(Stores.ROS2_JAZZY)


class BagSource(FrameSource):
    """The frames of one image topic, with the newest CameraInfo recorded beside it.

    Without `topic` it is the first whose pictures can be decoded (so a depth topic is passed over). Stamps
    are those of the message headers, or the time of recording where a header has none.

    Raises:
        InputError: the bag cannot be read, holds no images (on this topic), or its first is damaged.
    """

    def __init__(self, path: Path, topic: str | None = None) -> None:
        self._path = path
        if path.is_dir() and not (path / "metadata.yaml").is_file():
            raise InputError(
                f"{path}: no metadata.yaml in this rosbag2 (recording cut short? 'ros2 bag reindex' mends it)"
            )
        with _readable(path), Reader(path) as reader:
            connections = list(reader.connections)
            seconds = reader.duration / 1e9
        self._image, first = self._choose(connections, topic)
        count = self._image.msgcount
        self.rate_hz = (count - 1) / seconds if count > 1 and seconds > 0 else None
        height, width = first.array.shape[:2]
        size = f"{width}x{height} {first.encoding}"
        rate = f"{self.rate_hz:.4g} Hz" if self.rate_hz else "rate unknown"
        self.description = f"bag {path.name}, topic {self._image.topic}: {count} frames, {size}, {rate}"

    def _choose(self, connections: list[Connection], topic: str | None) -> tuple[Connection, SourceFrame]:
        """The image connection to play, and its first frame."""
        images = [c for c in connections if c.msgtype in (_IMAGE, _COMPRESSED) and c.msgcount]
        if not images:
            topics = ", ".join(sorted({c.topic for c in connections})) or "no topic at all"
            raise InputError(f"{self._path}: no images in this bag (it holds {topics})")
        chosen = [c for c in images if topic in (None, c.topic)]
        if not chosen:
            names = ", ".join(sorted({c.topic for c in images}))
            raise InputError(f"{self._path}: no images on topic {topic}, expected one of {names}")
        errors: list[InputError] = []
        for image in chosen:
            try:
                for frame in self._frames(image):
                    return image, frame
            except InputError as error:
                errors.append(error)
        raise errors[0] if errors else InputError(f"{self._path}: no image message in it can be found")

    def __iter__(self) -> Iterator[SourceFrame]:
        return self._frames(self._image)

    def _frames(self, image: Connection) -> Iterator[SourceFrame]:
        info_topic = _info_topic(image)
        read = _reader(image.msgtype)
        with _readable(self._path), Reader(self._path) as reader:
            infos = [c for c in reader.connections if (c.topic, c.msgtype) == (info_topic, _INFO)]
            wanted = [c for c in reader.connections if (c.topic, c.msgtype) == (image.topic, image.msgtype)]
            info = None
            if infos:  # also the frames before the first CameraInfo get one
                info = next(
                    (_TYPES.deserialize_cdr(raw, _INFO) for _, _, raw in reader.messages(infos)), None
                )
            number = 0
            for connection, received_ns, raw in reader.messages(wanted + infos):
                message: Any = _TYPES.deserialize_cdr(raw, connection.msgtype)
                if connection.msgtype == _INFO:
                    info = message
                    continue
                number += 1
                stamp = message.header.stamp
                try:
                    picture = read(message)
                except InputError as error:
                    raise InputError(f"{self._path}: {image.topic}, message {number}: {error}") from None
                stamp_ns = stamp.sec * 1_000_000_000 + stamp.nanosec or received_ns
                yield SourceFrame.of(stamp_ns, picture, message.header.frame_id, info)


def _reader(msgtype: str) -> Callable[[Any], np.ndarray]:
    """What makes pictures of the messages of one topic."""
    if msgtype == _IMAGE:
        return ImageReader().read
    stills = StillReader()
    return lambda message: stills.read(message.data, message.format)


def _info_topic(image: Connection) -> str:
    """`camera_info` beside the image topic, as image_transport names it."""
    base = image.topic.removesuffix("/compressed") if image.msgtype == _COMPRESSED else image.topic
    return f"{base.rpartition('/')[0]}/camera_info"


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # rosbags lets errors of sqlite, zstd, struct, YAML and more through
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path}: cannot be read as a rosbag2 ({reason})") from None
