"""Files that a camera's driver or image_transport sends, one a message → pictures."""

from array import array

import numpy as np

from edgesr_ros.codecs.format import camera_encoding
from edgesr_ros.codecs.stills import MAX_PIXELS, decode_values
from edgesr_ros.frames.bayer import demosaic
from edgesr_ros.frames.encodings import bayer_pattern
from edgesr_ros.frames.visible_range import Kind, ValueRange, VisibleRange


class StillReader:
    """Makes pictures of the CompressedImages of one camera whose frames stand alone.

    The codec is what the bytes say. The format tells what compressed_image_transport put into the file as it
    was: a mosaic, which gets its colours here, or distances and other values of 16 bits, which are scaled to
    a range that follows them (`VisibleRange`).

    Args:
        max_pixels: of a picture; larger ones are refused before anything is allocated for them.

    Attributes:
        shown: the range of the last picture, in the camera's unit; None: it had 8 bits and is as it was.
    """

    def __init__(self, max_pixels: int = MAX_PIXELS) -> None:
        self.shown: ValueRange | None = None
        self._max_pixels = max_pixels
        self._range = VisibleRange()

    def read(self, data: bytes | memoryview | array, text: str) -> np.ndarray:
        """A message's data as (H, W, 3) uint8 RGB, or (H, W) uint8 where there is no colour.

        Args:
            data: a WebP, JPEG, PNG or AVIF file; of a compressedDepth message what follows its header of 12
                bytes.
            text: the message's format, for example `bayer_rggb8; jpeg compressed `; may be empty.

        Raises:
            InputError: as `decode`.
        """
        values = decode_values(data, self._max_pixels)
        encoding = camera_encoding(text)
        pattern = bayer_pattern(encoding) if values.ndim == 2 else None
        self.shown = None
        if values.dtype != np.uint8:
            kind: Kind = "grey"
            if values.ndim == 3 or pattern:
                kind = "colour"
            elif encoding.startswith("16uc"):
                kind = "measurement"
            values = self._range.show(values, kind)
            self.shown = self._range.newest
        return demosaic(values, pattern) if pattern else values
