"""A JPEG as the camera made it: what need not be encoded again where the link carries it as it is."""

from typing import NamedTuple

import numpy as np

from edgesr_ros.codecs.format import FrameFormat
from edgesr_ros.codecs.stills import check, decode

_START = b"\xff\xd8\xff"
_MOSAIC = "bayer_"  # as image_transport's compressed plugin begins the format of one that it did not convert


class CameraJpeg(NamedTuple):
    """A JPEG file of full size.

    Attributes:
        data: the file; its header has been checked, its pixels have not.
        format: what it is, for the receiver.
    """

    data: bytes
    format: FrameFormat

    @classmethod
    def of(cls, data: bytes, text: str) -> "CameraJpeg | None":
        """What a CompressedImage's data and format hold; None: something else, or a sensor's mosaic as grey.

        Raises:
            InputError: a JPEG that is cut short, with a damaged header, or of too many pixels.
        """
        if not data.startswith(_START) or text.startswith(_MOSAIC):
            return None
        data, width, height = check(data)
        grey = text.startswith("mono")
        form = FrameFormat(
            encoding="mono8" if grey else "rgb8", codec="jpeg", full_width=width, full_height=height
        )
        return cls(data, form)

    def picture(self) -> np.ndarray:
        """Decoded: (H, W, 3) RGB or (H, W) grey, uint8.

        Raises:
            InputError: the file is damaged.
        """
        return decode(self.data, keep_grey=self.format.encoding == "mono8")
