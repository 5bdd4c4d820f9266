"""One topic of a recording, read once from its beginning: frames, and what was wrong on the way."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.sources.bag_files import BagFile, RawMessage, Topic
from edgesr_ros.sources.bag_pictures import Pictures, decoder_of
from edgesr_ros.sources.frame_source import SourceFrame
from edgesr_ros.sources.skipped import Skipped

_INFO = "sensor_msgs/msg/CameraInfo"
_TRANSPORTS = ("/compressed", "/compressedDepth", "/ffmpeg")  # what image_transport hangs to a topic's name
_AHEAD = 64  # messages of which a codec may still hold back the pictures; what is older will never come


class TopicFrame(NamedTuple):
    """A frame, and the message that it came by."""

    message: Any
    frame: SourceFrame


class _Waiting(NamedTuple):
    """A message whose picture may still come."""

    message: Any
    received_ns: int
    info: Any | None

    def shown(self, picture: np.ndarray) -> TopicFrame:
        header = getattr(self.message, "header", self.message)  # Foxglove's types have no header around it
        stamp = getattr(header, "stamp", None) or header.timestamp
        stamp_ns = stamp.sec * 1_000_000_000 + stamp.nanosec or self.received_ns
        frame = SourceFrame.of(stamp_ns, picture, header.frame_id, self.info, self.received_ns)
        return TopicFrame(self.message, frame)


class TopicReading:
    """Frames in the order of showing.

    Messages that give no picture, and what follows where a file breaks off, are left out and noted.

    Stamps are those of the message headers, or the time of recording where a header has none. Each frame has
    the newest CameraInfo recorded beside the topic, those before the first have that one.

    Args:
        path: of the recording, for errors.
        files: its parts.
    """

    def __init__(self, path: Path, files: Sequence[BagFile], topic: Topic) -> None:
        self._path, self._files, self._topic = path, files, topic
        self._infos = Topic(_info_topic(topic.name), _INFO)
        self._waiting: dict[int, _Waiting] = {}
        self._skipped = Skipped("messages")
        self._read = 0
        self._broken: list[str] = []

    def frames(self) -> Iterator[TopicFrame]:
        """To be called once.

        Raises:
            InputError: at the end, if no message could be decoded.
        """
        decoder = decoder_of(self._topic.msgtype)
        shown = 0
        first_error: str | None = None
        for number, (raw, info) in enumerate(self._messages(), start=1):
            self._read = number
            try:
                message = raw.read()
                self._waiting[number] = _Waiting(message, raw.received_ns, info)
                pictures = decoder.decode(message, number)
            except InputError as error:
                self._waiting.pop(number, None)
                self._skip(number, error)
                first_error = first_error or f"message {number}: {error}"
                continue
            for frame in self._shown(pictures):
                shown += 1
                yield frame
            while self._waiting and (oldest := next(iter(self._waiting))) <= number - _AHEAD:
                del self._waiting[oldest]
                self._skip(oldest, "no picture came of it")
        try:
            held_back = decoder.flush()
        except InputError as error:
            held_back = []
            first_error = first_error or str(error)
        for frame in self._shown(held_back):
            shown += 1
            yield frame
        for number in self._waiting:
            self._skip(number, "no picture came of it")
        if not shown:
            reason = first_error or "; ".join(self._broken) or "no message of it can be found"
            raise InputError(f"{self._path}: {self._topic.name}, {reason}{self._others()}")

    def notes(self) -> list[str]:
        """What was wrong as far as it was read, a line each."""
        skipped = f"{self._topic.name}: {self._skipped.text(self._read)}"
        return [*self._broken, *([skipped] if self._skipped.count else [])]

    def _others(self) -> str:
        others = self._skipped.count - 1
        return f"; nor can any of the {others} others be decoded" if others > 0 else ""

    def _skip(self, number: int, reason: object) -> None:
        self._skipped.add(f"message {number}", reason)

    def _shown(self, pictures: Pictures) -> Iterator[TopicFrame]:
        for number, picture in pictures:
            if (waiting := self._waiting.pop(number, None)) is not None:
                yield waiting.shown(picture)

    def _messages(self) -> Iterator[tuple[RawMessage, Any | None]]:
        """The topic's messages, each with its CameraInfo."""
        info = next((read for raw in self._stored(self._infos) if (read := _read(raw)) is not None), None)
        for raw in self._stored(self._topic, self._infos):
            if raw.topic == self._infos:
                info = _read(raw) or info
            else:
                yield raw, info

    def _stored(self, *topics: Topic) -> Iterator[RawMessage]:
        self._broken.clear()
        for file in self._files:
            count = 0
            try:
                for raw in file.messages(topics):
                    count += raw.topic == self._topic
                    yield raw
            except InputError as error:
                self._broken.append(f"{error}, after {count} messages of {self._topic.name}")


def _info_topic(image: str) -> str:
    """`camera_info` beside the image topic, as image_transport names it."""
    for transport in _TRANSPORTS:
        image = image.removesuffix(transport)
    return f"{image.rpartition('/')[0]}/camera_info"


def _read(raw: RawMessage) -> Any | None:
    try:
        return raw.read()
    except InputError:
        return None  # a picture is worth playing without it
