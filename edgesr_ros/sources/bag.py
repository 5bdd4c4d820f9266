"""Recordings of ROS 1 and 2 as sources of frames, without a ROS installation."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from edgesr_ros.errors import InputError
from edgesr_ros.sources.bag_files import Topic
from edgesr_ros.sources.bag_parts import open_bag
from edgesr_ros.sources.bag_pictures import PICTURE_TYPES, Rank, rank
from edgesr_ros.sources.bag_topic import TopicReading
from edgesr_ros.sources.frame_source import FrameSource, SourceFrame

_SLOWEST_HZ = 1 / 3600  # of a camera; below, the clock was set while recording


class BagSource(FrameSource):
    """The frames of one image topic, as `TopicReading` gives them.

    Without `topic` it is the best of those that can be decoded: colour before grey before depth, and then
    the first.

    Raises:
        InputError: the bag cannot be read, holds no images (on this topic), or none can be decoded.
    """

    def __init__(self, path: Path, topic: str | None = None) -> None:
        self._path = path
        self._files = open_bag(path)
        self._counts = Counter[Topic]()
        for file in self._files:
            self._counts.update(file.counts)
        self._topic, first, others = self._choose(topic)
        self._reading = self._read(self._topic)
        count = self._counts[self._topic]
        seconds = sum(file.seconds for file in self._files)
        rate = (count - 1) / seconds if count > 1 and seconds > 0 else 0.0
        self.rate_hz = rate if rate > _SLOWEST_HZ else None
        height, width = first.array.shape[:2]
        self.description = (
            f"bag {path.name}, topic {self._topic.name}: {count} frames, {width}x{height} {first.encoding}, "
            + (f"{rate:.4g} Hz" if self.rate_hz else "rate unknown")
            + (f"; other images on {', '.join(others)}" if others else "")
        )

    def _choose(self, name: str | None) -> tuple[Topic, SourceFrame, list[str]]:
        """The topic to play, its first frame, and the names of the others with images."""
        images = [t for t, count in self._counts.items() if t.msgtype in PICTURE_TYPES and count]
        if not images:
            held = ", ".join(sorted({topic.name for topic in self._counts})) or "no topic at all"
            raise InputError(f"{self._path}: no images in this bag (it holds {held})")
        names = sorted({topic.name for topic in images})
        if name and name not in names:
            raise InputError(f"{self._path}: no images on topic {name}, expected one of {', '.join(names)}")
        firsts: list[tuple[Rank, Topic, SourceFrame]] = []
        errors: list[InputError] = []
        for topic in images:
            if name in (None, topic.name):
                try:
                    found = next(self._read(topic).frames())
                    firsts.append((rank(found.message, found.frame.array), topic, found.frame))
                except InputError as error:
                    errors.append(error)
        if not firsts:
            raise errors[0]
        _, best, frame = min(firsts, key=lambda first: first[0])
        return best, frame, [other for other in names if other != best.name]

    def _read(self, topic: Topic) -> TopicReading:
        return TopicReading(self._path, self._files, topic)

    def __iter__(self) -> Iterator[SourceFrame]:
        self._reading = self._read(self._topic)
        return (found.frame for found in self._reading.frames())

    def notes(self) -> list[str]:
        return [file.note for file in self._files if file.note] + self._reading.notes()
