"""A camera of the operator's page: its topics in, JPEG for pages and recording out."""

from collections.abc import Callable
from time import monotonic
from typing import Any, NamedTuple

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.publisher import Publisher
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Bool, Header

from edgesr_ros.errors import InputError
from edgesr_ros.frames.message import image_to_array
from edgesr_ros.nodes.messages import as_array, is_picture, nanoseconds, pairs_of, to_time
from edgesr_ros.nodes.node import COMPRESSED, LATCHED, EdgesrNode
from edgesr_ros.nodes.worker import NewestWins
from edgesr_ros.operator.camera import CameraFeed, Picture
from edgesr_ros.operator.server import Server
from edgesr_ros.operator.settings import OperatorSettings
from edgesr_ros.quality.facts import PictureFacts

# As compressed_image_transport writes them.
_COLOUR, _GREY = "rgb8; jpeg compressed bgr8", "mono8; jpeg compressed mono8"

# Keeps a message under a topic, while there is a recording.
Keep = Callable[[str, Any], None]


class _Job(NamedTuple):
    picture: Picture
    again: bool  # it has been shown before


class OperatorCamera:
    """Subscribes what a ground station publishes, and encodes each picture once for all viewers.

    Args:
        node: subscribes.
        base: what the camera's topics begin with: a name and a slash, or nothing.
        heard: there is work while one of these is heard.
        server: takes pictures.
        keep: takes what is to be recorded, and under which topic.
        recording: whether anything is.

    Attributes:
        feed: the pictures and what is known of them.
    """

    def __init__(
        self,
        node: EdgesrNode[OperatorSettings],
        name: str,
        base: str,
        heard: list[Publisher],
        server: Server,
        keep: Keep,
        recording: Callable[[], bool],
    ) -> None:
        self.feed = CameraFeed(name, monotonic())
        self._node, self._server, self._keep, self._recording = node, server, keep, recording
        self._topics = {topic: f"{base}{topic}" for topic in ("image_sr", "image_sr/facts", "stale")}
        self._worker = NewestWins[_Job](
            self._encode, skipped=lambda: node.diagnostics.drop("superseded"), failed=node.frame_failed
        )
        for kind, topic, callback, qos in (
            (DiagnosticArray, "image_sr/facts", self._on_facts, COMPRESSED),
            (Bool, "stale", self._on_stale, LATCHED),
        ):
            node.subscribe(kind, f"{base}{topic}", callback, qos, while_heard=heard, optional=True)
        node.subscribe(Image, f"{base}image_received", self._on_received, while_heard=heard, optional=True)
        # After what belongs to it: of messages that wait together, the executor takes these first.
        node.subscribe(Image, self._topics["image_sr"], self._on_picture, while_heard=heard)

    def again(self) -> None:
        """Show the newest picture once more; from any thread."""
        if (picture := self.feed.again()) is not None:
            self._worker.put(_Job(picture, True))

    def close(self) -> None:
        """End the thread."""
        self._worker.close()

    def _on_facts(self, message: DiagnosticArray) -> None:
        try:
            facts = PictureFacts.from_pairs(pairs_of(message))
        except InputError as error:
            self._node.bad_input(error)
            return
        self.feed.facts(nanoseconds(message.header.stamp), facts, monotonic())
        self._keep(self._topics["image_sr/facts"], message)

    def _on_stale(self, message: Bool) -> None:
        self.feed.announced(message.data)
        if message.data:  # the last picture stays: with its facts, if they came after it
            self.again()
        self._keep(self._topics["stale"], message)

    def _on_received(self, message: Image) -> None:
        try:
            self.feed.received(nanoseconds(message.header.stamp), image_to_array(message))
        except InputError as error:
            self._node.bad_input(error)

    def _on_picture(self, message: Image) -> None:
        self._node.diagnostics.count("frames_in")
        try:
            pixels = image_to_array(message)
        except InputError as error:
            self._node.diagnostics.drop("malformed")
            self._node.bad_input(error)
            return
        header = message.header
        picture = self.feed.picture(
            nanoseconds(header.stamp), header.frame_id, pixels, notice=not is_picture(message)
        )
        self._worker.put(_Job(picture, False))

    def _encode(self, job: _Job) -> None:
        recorded = self._recording() and not job.again and not job.picture.notice
        wanted = self._server.wanted(self.feed.name) | ({False} if recorded else set())
        quality = self._node.parameters.current.jpeg_quality
        for compared in wanted:
            with self._node.diagnostics.stage("encode"):
                frame, jpeg = self.feed.frame(job.picture, compared, quality)
            self._server.show(frame)
            if recorded and not compared:
                self._record(job.picture, jpeg)
        self._node.diagnostics.count("frames_out", not job.again)

    def _record(self, picture: Picture, jpeg: bytes) -> None:
        header = Header(stamp=to_time(picture.stamp_ns), frame_id=picture.frame_id)
        form = _COLOUR if picture.pixels.ndim == 3 else _GREY
        message = CompressedImage(header=header, format=form, data=as_array(jpeg))
        self._keep(f"{self._topics['image_sr']}/compressed", message)
