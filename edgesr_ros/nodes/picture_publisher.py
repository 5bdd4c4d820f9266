"""Pictures out: image_sr, what it was enlarged from, its calibration, and whether it is stale."""

import threading
import time
from copy import deepcopy

import numpy as np
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Bool, Header

from edgesr_ros.codecs.decoder import Received
from edgesr_ros.control.staleness import Staleness
from edgesr_ros.frames.camera_info import scale_camera_info
from edgesr_ros.frames.message import fill_image, image_to_array
from edgesr_ros.frames.overlay import RED, WHITE, draw_label, notice
from edgesr_ros.nodes.memory import FREED
from edgesr_ros.nodes.messages import NO_PICTURE
from edgesr_ros.nodes.node import LATCHED, EdgesrNode

_NOTICE_AFTER = 2.5  # s of a viewer's waiting: a chain that starts up needs no excuse
_NOTICE_PERIOD = 1.0  # s


class PicturePublisher:
    """Publishes image_sr with image_sr/camera_info, image_received and stale; safe to use from any thread.

    Args:
        node: that publishes.
        within: before the names of the topics.

    Attributes:
        publisher: of image_sr.
    """

    def __init__(self, node: EdgesrNode, within: str = "") -> None:
        self._node = node
        self.publisher = node.publisher(Image, f"{within}image_sr")
        self._received = node.publisher(Image, f"{within}image_received")
        self._camera_info = node.publisher(CameraInfo, f"{within}image_sr/camera_info")
        self._staleness = node.publisher(Bool, f"{within}stale", LATCHED)
        self._staleness.publish(Bool(data=False))
        self._fresh = Staleness(time.monotonic())
        self._info: CameraInfo | None = None
        self._message = Image()  # one for all pictures: publishing copies it
        self._last: tuple[Header, np.ndarray, tuple[int, int]] | None = None
        self._notice_due: float | None = None  # while somebody waits for the first picture
        self._lock = threading.Lock()

    def on_camera_info(self, message: CameraInfo) -> None:
        """The calibration of the pictures as they were received."""
        self._info = message

    def show(self, header: Header, picture: np.ndarray, label: str | None, full: tuple[int, int]) -> None:
        """Publish an (H, W, 3) RGB or (H, W) grey uint8 picture, if wanted with a label drawn.

        `full` is the (width, height) of the camera.
        """
        with self._lock:
            self._fresh.shown(time.monotonic())
            self._last = (header, picture, full)
            self._publish(*self._last, label)

    def compare(self, header: Header, received: Received) -> None:
        """Publish the frame that a picture was enlarged from, for who wants to see it without the network.

        One that came at full size is the picture itself, and is not published twice.
        """
        if received.factor > 1 and self._received.get_subscription_count():
            message = Image(header=header)
            fill_image(message, received.picture)
            self._received.publish(message)

    def check_staleness(self, stale_after: float, overlay: bool) -> bool:
        """Announce a change of staleness; whether a picture has just become stale.

        With `overlay` it is then shown again, so marked that nobody takes it for a live one.
        """
        with self._lock:
            if not self._fresh.check(time.monotonic(), stale_after):
                return False
            stale = self._fresh.stale
            self._staleness.publish(Bool(data=stale))
            if not stale or self._last is None:
                return False
            if overlay:
                self._publish(*self._last, "STALE: no fresh picture", RED)
        return True

    def explain(self, reason: str) -> None:
        """While there is no picture yet, show those who wait for it why; to be called now and then.

        Such a message has the frame_id `NO_PICTURE` and no camera info.
        """
        with self._lock:
            if self._last is not None or not self.publisher.get_subscription_count():
                self._notice_due = None
                return
            now = time.monotonic()
            if self._notice_due is None:
                self._notice_due = now + _NOTICE_AFTER
            if now < self._notice_due:
                return
            self._notice_due = now + _NOTICE_PERIOD
            message = Image()
            message.header = Header(stamp=self._node.get_clock().now().to_msg(), frame_id=NO_PICTURE)
            fill_image(message, notice(f"no picture yet: {reason}"))
            self.publisher.publish(message)

    def _publish(
        self,
        header: Header,
        picture: np.ndarray,
        full: tuple[int, int],
        label: str | None,
        colour: tuple[int, int, int] = WHITE,
    ) -> None:
        FREED.picture(picture.nbytes)
        self._message.header = header
        fill_image(self._message, picture, "mono8" if picture.ndim == 2 else "rgb8")
        if label:
            draw_label(image_to_array(self._message), label, colour)
        self.publisher.publish(self._message)
        if (received_info := self._info) is not None and received_info.width:
            info = deepcopy(received_info)
            info.header = header
            reduced = -(-full[0] // info.width)
            height, width = picture.shape[:2]
            scale_camera_info(info, reduced * width / full[0], reduced * height / full[1], width, height)
            self._camera_info.publish(info)
