"""What the operator saw, as a rosbag2 of MCAP: written behind, so that a slow disk delays no picture."""

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from edgesr_ros.errors import InputError
from edgesr_ros.schema import check_writable

_WAITING = 200  # messages that wait for the disk, at most: some seconds


class RecordingState(NamedTuple):
    """How a recording goes."""

    path: str
    seconds: float
    pictures: int
    bytes: int
    dropped: int
    problem: str


class _Message(NamedTuple):
    topic: str
    kind: str  # e.g. std_msgs/msg/Bool
    at_ns: int
    data: bytes  # CDR


class Recording:
    """Writes serialized messages to a new bag until it is closed.

    Args:
        folder: of recordings; the bag's own folder within is named by the time.

    Attributes:
        problem: why nothing more is written; empty: all is well.

    Raises:
        InputError: the bag cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        from rosbags.rosbag2 import StoragePlugin, Writer  # a quarter of a second to load
        from rosbags.typesys import Stores, get_typestore

        check_writable(folder / "x")
        self.path = _free(folder / time.strftime("%Y-%m-%dT%H-%M-%S", time.gmtime()))
        self.problem = ""
        self._types = get_typestore(Stores.ROS2_JAZZY)
        self._bag = Writer(self.path, version=9, storage_plugin=StoragePlugin.MCAP)
        self._bag.open()
        self._connections: dict[str, Any] = {}
        self._messages: queue.Queue[_Message | None] = queue.Queue(_WAITING)
        self._began = time.monotonic()
        self._pictures = self._bytes = self._dropped = 0
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    def put(self, topic: str, kind: str, at_ns: int, data: bytes) -> None:
        """A message, from any thread; dropped, and counted, where the disk does not keep up."""
        try:
            self._messages.put_nowait(_Message(topic, kind, at_ns, data))
        except queue.Full:
            self._dropped += 1

    def state(self) -> RecordingState:
        """How it goes."""
        seconds = round(time.monotonic() - self._began, 1)
        return RecordingState(
            str(self.path), seconds, self._pictures, self._bytes, self._dropped, self.problem
        )

    def close(self) -> None:
        """Write what waits, and the bag's end; does not return before the disk has it."""
        self._messages.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (message := self._messages.get()) is not None:
            if not self.problem:
                with self._trouble_noted():
                    self._write(message)
        with self._trouble_noted():
            self._bag.close()

    @contextmanager
    def _trouble_noted(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # rosbags lets those of zstd, struct and its own through
            self.problem = self.problem or f"{self.path}: {' '.join(str(error).split())}"

    def _write(self, message: _Message) -> None:
        connection = self._connections.get(message.topic)
        if connection is None:
            connection = self._bag.add_connection(message.topic, message.kind, typestore=self._types)
            self._connections[message.topic] = connection
        self._bag.write(connection, message.at_ns, message.data)
        self._bytes += len(message.data)
        self._pictures += message.kind == "sensor_msgs/msg/CompressedImage"


def _free(path: Path) -> Path:
    """The path, or the first with a number behind it that is not taken."""
    for number in range(2, 1000):
        if not path.exists():
            return path
        path = path.with_name(f"{path.name.partition('_')[0]}_{number}")
    raise InputError(f"{path}: there are too many recordings of this second")
