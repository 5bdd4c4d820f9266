"""Pictures out: image_sr and the camera's calibration that follows their size."""

import threading
from copy import deepcopy

import cv2
import numpy as np
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from edgesr_ros.frames.camera_info import scale_camera_info
from edgesr_ros.frames.message import Encoding, fill_image
from edgesr_ros.frames.overlay import RED, draw_label
from edgesr_ros.nodes.node import EdgesrNode


class PicturePublisher:
    """Publishes image_sr with image_sr/camera_info; safe to use from any thread.

    Attributes:
        publisher: of image_sr.
    """

    def __init__(self, node: EdgesrNode) -> None:
        self.publisher = node.publisher(Image, "image_sr")
        self._camera_info = node.publisher(CameraInfo, "image_sr/camera_info")
        self._info: CameraInfo | None = None
        self._last: tuple[Header, np.ndarray, Encoding] | None = None
        self._lock = threading.Lock()

    def on_camera_info(self, message: CameraInfo) -> None:
        """The calibration of the pictures as they were received."""
        self._info = message

    @property
    def shown(self) -> bool:
        """Whether there has been a picture."""
        return self._last is not None

    def show(self, header: Header, picture: np.ndarray, encoding: Encoding, label: str | None) -> None:
        """Publish an (H, W, 3) uint8 RGB picture in the camera's encoding, if wanted with a label drawn."""
        with self._lock:
            self._last = (header, picture, encoding)
            self._publish(header, draw_label(picture, label) if label else picture, encoding)

    def show_stale(self) -> None:
        """The last picture again, so marked that nobody takes it for a live one."""
        with self._lock:
            header, picture, encoding = self._last  # type: ignore[misc]
            self._publish(header, draw_label(picture, "STALE: no fresh picture", RED), encoding)

    def _publish(self, header: Header, picture: np.ndarray, encoding: Encoding) -> None:
        if encoding == "mono8":
            picture = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        message = Image(header=header)
        fill_image(message, picture, encoding)
        self.publisher.publish(message)
        if (received_info := self._info) is not None and received_info.width:
            info = deepcopy(received_info)
            info.header = header
            factor = -(-picture.shape[1] // info.width)
            scale_camera_info(info, factor, factor, picture.shape[1], picture.shape[0])
            self._camera_info.publish(info)
