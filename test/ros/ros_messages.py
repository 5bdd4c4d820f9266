"""Messages for tests of the nodes."""

import numpy as np
from sensor_msgs.msg import CompressedImage, Image

from edgesr_ros.codecs.format import FrameFormat
from edgesr_ros.codecs.stills import encode
from edgesr_ros.frames.message import Encoding, fill_image
from edgesr_ros.nodes.messages import as_array, to_time


def image_message(array: np.ndarray, stamp_ns: int, frame_id: str = "camera") -> Image:
    """A stamped Image, rgb8 or mono8."""
    message = Image()
    message.header.stamp = to_time(stamp_ns)
    message.header.frame_id = frame_id
    fill_image(message, array, "mono8" if array.ndim == 2 else "rgb8")
    return message


def compressed_message(
    array: np.ndarray, stamp_ns: int, full: tuple[int, int], encoding: Encoding = "rgb8"
) -> CompressedImage:
    """A stamped CompressedImage as the onboard node sends it, as PNG; `full` is (width, height)."""
    message = CompressedImage()
    message.header.stamp = to_time(stamp_ns)
    message.header.frame_id = "camera"
    message.format = FrameFormat(
        encoding=encoding, codec="png", full_width=full[0], full_height=full[1]
    ).text()
    message.data = as_array(encode(array, "png", 100))
    return message


def stream_message(packet: bytes, stamp_ns: int, full: tuple[int, int]) -> CompressedImage:
    """A stamped packet of H.264 as the onboard node sends it; `full` is (width, height)."""
    message = CompressedImage()
    message.header.stamp = to_time(stamp_ns)
    message.header.frame_id = "camera"
    form = FrameFormat(encoding="rgb8", codec="h264", full_width=full[0], full_height=full[1])
    message.format = form.text()
    message.data = as_array(packet)
    return message
