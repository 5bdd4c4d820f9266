"""Pictures out: image_sr, the camera's calibration that follows their size, and whether they are stale."""

import threading
import time
from copy import deepcopy

import numpy as np
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Bool, Header

from edgesr_ros.control.staleness import Staleness
from edgesr_ros.frames.camera_info import scale_camera_info
from edgesr_ros.frames.message import fill_image, image_to_array
from edgesr_ros.frames.overlay import RED, WHITE, draw_label, notice
from edgesr_ros.nodes.messages import NO_PICTURE
from edgesr_ros.nodes.node import LATCHED, EdgesrNode

_NOTICE_AFTER = 2.5  # s of a viewer's waiting: a chain that starts up needs no excuse
_NOTICE_PERIOD = 1.0  # s


class PicturePublisher:
    """Publishes image_sr with image_sr/camera_info, and stale; safe to use from any thread.

    Args:
        node: that publishes.
        within: before the names of the topics.

    Attributes:
        publisher: of image_sr.
    """

    def __init__(self, node: EdgesrNode, within: str = "") -> None:
        self._node = node
        self.publisher = node.publisher(Image, f"{within}image_sr")
        self._camera_info = node.publisher(CameraInfo, f"{within}image_sr/camera_info")
        self._staleness = node.publisher(Bool, f"{within}stale", LATCHED)
        self._staleness.publish(Bool(data=False))
        self._fresh = Staleness(time.monotonic())
        self._info: CameraInfo | None = None
        self._message = Image()  # one for all pictures: publishing copies it
        self._last: tuple[Header, np.ndarray] | None = None
        self._notice_due: float | None = None  # while somebody waits for the first picture
        self._lock = threading.Lock()

    def on_camera_info(self, message: CameraInfo) -> None:
        """The calibration of the pictures as they were received."""
        self._info = message

    def show(self, header: Header, picture: np.ndarray, label: str | None) -> None:
        """Publish an (H, W, 3) RGB or (H, W) grey uint8 picture, if wanted with a label drawn."""
        with self._lock:
            self._fresh.shown(time.monotonic())
            self._last = (header, picture)
            self._publish(header, picture, label)

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
        label: str | None,
        colour: tuple[int, int, int] = WHITE,
    ) -> None:
        self._message.header = header
        fill_image(self._message, picture, "mono8" if picture.ndim == 2 else "rgb8")
        if label:
            draw_label(image_to_array(self._message), label, colour)
        self.publisher.publish(self._message)
        if (received_info := self._info) is not None and received_info.width:
            info = deepcopy(received_info)
            info.header = header
            factor = -(-picture.shape[1] // info.width)
            scale_camera_info(info, factor, factor, picture.shape[1], picture.shape[0])
            self._camera_info.publish(info)
