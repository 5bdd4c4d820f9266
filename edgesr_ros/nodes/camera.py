"""A camera as an input: raw or compressed, whichever it publishes."""

from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np
from rclpy.publisher import Publisher
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from edgesr_ros.codecs.camera_jpeg import CameraJpeg
from edgesr_ros.errors import InputError
from edgesr_ros.frames.message import ImageReader
from edgesr_ros.frames.visible_range import ValueRange
from edgesr_ros.nodes.inputs import Way
from edgesr_ros.nodes.memory import FREED
from edgesr_ros.nodes.node import COMPRESSED, FRAMES, LATCHED, EdgesrNode
from edgesr_ros.sources.bag_pictures import decoder_of

# (H, W, 3) RGB or (H, W) grey, uint8; or as the camera compressed it, which may spare the decoding.
Shot = np.ndarray | CameraJpeg

_HELD_BACK = 64  # packets, at most, that a video's decoder looks ahead


class Camera:
    """Subscribes to the frames of a camera: Image, or CompressedImage with stills, depth or video.

    Args:
        node: that subscribes.
        topic: of the frames.
        came: called for each message.
        frame: called for each frame, with the header of its message; a video may have fewer than messages.
        failed: called with what is wrong with a message that holds no picture.
        while_heard: as of `Input`.

    Attributes:
        shown: the range of values that the last frame shows, in the camera's unit; None: it had 8 bits.
    """

    def __init__(
        self,
        node: EdgesrNode,
        topic: str,
        came: Callable[[Header], None],
        frame: Callable[[Header, Shot], None],
        failed: Callable[[InputError], None],
        while_heard: Sequence[Publisher] = (),
    ) -> None:
        self._came, self._frame, self._failed = came, frame, failed
        self.shown: ValueRange | None = None
        self._reader = ImageReader()
        self._decoder = decoder_of("sensor_msgs/msg/CompressedImage")
        self._headers: OrderedDict[int, Header] = OrderedDict()
        self._number = 0  # of the compressed messages
        # Each packet of a video counts, so there is a queue for what is compressed.
        ways = {Image: Way(self._on_image, FRAMES), CompressedImage: Way(self._on_compressed, COMPRESSED)}
        node.subscribe_any(topic, ways, while_heard=while_heard, moving=True, latched=LATCHED)

    def _on_image(self, message: Image) -> None:
        self._came(message.header)
        FREED.picture(len(message.data))
        try:
            picture = self._reader.read(message)
        except InputError as error:
            self._failed(error)
            return
        self.shown = self._reader.shown
        self._frame(message.header, picture)

    def _on_compressed(self, message: CompressedImage) -> None:
        self._came(message.header)
        try:
            jpeg = CameraJpeg.of(bytes(message.data), message.format)
            shots = [(message.header, jpeg)] if jpeg else self._decoded(message)
            self.shown = None if jpeg else self._decoder.shown
        except InputError as error:
            self._failed(error)
            return
        for header, shot in shots:
            self._frame(header, shot)

    def _decoded(self, message: CompressedImage) -> list[tuple[Header, Shot]]:
        self._number += 1
        self._headers[self._number] = message.header
        if len(self._headers) > _HELD_BACK:
            self._headers.popitem(last=False)
        pictures = self._decoder.decode(message, self._number)
        return [(self._headers.pop(number, message.header), picture) for number, picture in pictures]


def picture_of(shot: Shot) -> np.ndarray:
    """(H, W, 3) RGB or (H, W) grey, uint8.

    Raises:
        InputError: the JPEG is damaged.
    """
    return shot.picture() if isinstance(shot, CameraJpeg) else shot
