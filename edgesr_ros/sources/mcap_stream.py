"""MCAP files that have lost their end, or are of no profile that rosbags knows."""

import os
import struct
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO

from edgesr_ros.errors import InputError
from edgesr_ros.sources.bag_files import BagFile, RawMessage, Topic, reason_of

# A chunk's record: kind; its length, times, size and sum; the length of its compression's name, and that of …
_CHUNK = struct.Struct("<B36xI")
_CHUNK_KIND = 6
_RECORDS_LENGTH = 8  # … the records in it, in bytes


class McapStream(BagFile):
    """An MCAP file read from its beginning to where it breaks off, also without the index at its end.

    Raises:
        InputError: not an MCAP file, or not one whole message of ROS in it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.counts = Counter()
        first_ns, last_ns = 1 << 64, 0
        try:
            for message in self._messages():
                self.counts[message.topic] += 1
                first_ns, last_ns = min(first_ns, message.received_ns), max(last_ns, message.received_ns)
        except Exception as error:  # what is cut anywhere fails in any way
            self.note = f"{path}: breaks off after {self.counts.total()} messages ({reason_of(error)})"
        if not self.counts:
            raise InputError(self.note or f"{path}: no message of ROS in it (serialized as cdr or ros1)")
        self.seconds = (last_ns - first_ns) / 1e9

    def messages(self, topics: Collection[Topic]) -> Iterator[RawMessage]:
        left = self.counts.total()
        for message in self._messages():
            if message.topic in topics:
                yield message
            left -= 1
            if not left:  # what comes then breaks off
                return

    def _messages(self) -> Iterator[RawMessage]:
        from mcap.records import Channel, Message, Schema  # few recordings need it

        channels: dict[int, tuple[Topic, str]] = {}
        schemas: dict[int, str] = {}
        for record in self._records():
            if isinstance(record, Schema):
                package, _, name = record.name.rpartition("/")  # ROS 1 writes sensor_msgs/Image
                schemas[record.id] = f"{package.removesuffix('/msg')}/msg/{name}"
            elif isinstance(record, Channel):
                topic = Topic(record.topic, schemas.get(record.schema_id, ""))
                channels[record.id] = (topic, record.message_encoding)
            elif isinstance(record, Message):
                topic, serialization = channels[record.channel_id]
                if serialization in ("cdr", "ros1"):
                    yield RawMessage(topic, record.log_time, record.data, serialization)

    def _records(self) -> Iterator[object]:
        """All that are whole, and then the error that the file ends by, if it has no end of its own."""
        from mcap.stream_reader import StreamReader

        with self._path.open("rb") as file:
            whole = 0
            try:
                for record in StreamReader(file).records:
                    whole = file.tell()
                    yield record
            except Exception:
                file.seek(whole)
                if _enter_chunk(file):
                    yield from StreamReader(file, skip_magic=True).records
                raise


def _enter_chunk(file: BinaryIO) -> bool:
    """Go on to the records inside a chunk that is cut off; false where there is none, or it is compressed."""
    head = file.read(_CHUNK.size)
    if len(head) < _CHUNK.size:
        return False
    kind, compression_length = _CHUNK.unpack(head)
    file.seek(_RECORDS_LENGTH, os.SEEK_CUR)
    return (kind, compression_length) == (_CHUNK_KIND, 0)
