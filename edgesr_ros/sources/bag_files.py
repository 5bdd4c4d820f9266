"""The files of recordings, whatever their storage, as topics and raw messages."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from rosbags import rosbag1, rosbag2
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from edgesr_ros.errors import InputError

# Definitions from here, not from the bag: many bags carry none, and these never changed in ROS 2.
_FOREIGN = {
    "ffmpeg_image_transport_msgs/msg/FFMPEGPacket": (
        "std_msgs/Header header\nint32 width\nint32 height\nstring encoding\n"
        "uint64 pts\nuint8 flags\nbool is_bigendian\nuint8[] data"
    ),
    "foxglove_msgs/msg/CompressedVideo": (
        "builtin_interfaces/Time timestamp\nstring frame_id\nuint8[] data\nstring format"
    ),
    "foxglove_msgs/msg/CompressedImage": (
        "builtin_interfaces/Time timestamp\nstring frame_id\nuint8[] data\nstring format"
    ),
    "foxglove_msgs/msg/RawImage": (
        "builtin_interfaces/Time timestamp\nstring frame_id\nuint32 width\nuint32 height\n"
        "string encoding\nuint32 step\nuint8[] data"
    ),
}
_ROS1, _ROS2 = (get_typestore(store) for store in (Stores.ROS1_NOETIC, Stores.ROS2_JAZZY))
for _name, _definition in _FOREIGN.items():
    _ROS1.register(get_types_from_msg(_definition, _name))
    _ROS2.register(get_types_from_msg(_definition, _name))

# What mends a file that cannot be read, by what its reader says of it.
_REMEDIES = {
    "not indexed": "'rosbag reindex' mends it",
    "index looks damaged": "'rosbag reindex' mends it",
    "database": "'sqlite3 FILE .recover | sqlite3 mended.db3' may save what is whole",
}


class Topic(NamedTuple):
    """A topic of a recording, with a type as ROS 2 writes it: sensor_msgs/msg/Image."""

    name: str
    msgtype: str


class RawMessage(NamedTuple):
    """A message as it is stored."""

    topic: Topic
    received_ns: int  # when it was recorded, since 1970
    data: bytes
    serialization: str  # cdr or ros1

    def read(self) -> Any:
        """The message with its fields.

        Raises:
            InputError: the bytes are none of its type.
        """
        try:
            if self.serialization == "ros1":
                return _ROS1.deserialize_ros1(self.data, self.topic.msgtype)
            return _ROS2.deserialize_cdr(self.data, self.topic.msgtype)
        except Exception as error:  # rosbags lets errors of struct, Unicode, NumPy and its own through
            raise InputError(f"not a {self.topic.msgtype} ({reason_of(error)})") from None


class BagFile(ABC):
    """A recording, or one file of it.

    Attributes:
        counts: the messages of each topic.
        seconds: from the first message to the last.
        note: what is wrong with it, in a line; None where nothing is.
    """

    counts: Counter[Topic]
    seconds: float
    note: str | None = None

    @abstractmethod
    def messages(self, topics: Collection[Topic]) -> Iterator[RawMessage]:
        """Those of some topics in the order of their recording.

        Raises:
            InputError: the file breaks off, or is damaged from here on.
        """


class RosbagsFile(BagFile):
    """What rosbags reads: ROS 1 bags; rosbag2 folders, and single .db3 and .mcap files of them.

    Raises:
        InputError: the file or folder cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._serialization = "ros1" if path.suffix == ".bag" else "cdr"
        self.counts = Counter()
        with self._opened() as reader:
            for connection in reader.connections:
                self.counts[Topic(connection.topic, connection.msgtype)] += connection.msgcount
            self.seconds = reader.duration / 1e9 if sum(self.counts.values()) else 0.0

    def messages(self, topics: Collection[Topic]) -> Iterator[RawMessage]:
        with self._opened() as reader:
            wanted = [c for c in reader.connections if Topic(c.topic, c.msgtype) in topics]
            if not wanted:
                return  # for rosbags none means all
            for connection, received_ns, data in reader.messages(wanted):
                topic = Topic(connection.topic, connection.msgtype)
                yield RawMessage(topic, received_ns, bytes(data), self._serialization)

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        kind = rosbag1.Reader if self._serialization == "ros1" else rosbag2.Reader
        with _readable(self._path), kind(self._path) as reader:
            yield reader


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # rosbags lets errors of sqlite, zstd, struct, YAML and more through
        reason = reason_of(error)
        remedies = [remedy for sign, remedy in _REMEDIES.items() if sign in reason]
        hint = f"; {remedies[0].replace('FILE', path.name)}" if remedies else ""
        kind = "ROS 1 bag" if path.suffix == ".bag" else "rosbag2"
        raise InputError(f"{path}: cannot be read as a {kind} ({reason}{hint})") from None


def reason_of(error: Exception) -> str:
    """What an error of a library says, in one line."""
    return " ".join(str(error).split()) or type(error).__name__
