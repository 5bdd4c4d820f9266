"""What follows each of our AV1 packets: what a receiver must know before it decodes one.

AV1 does not tell that a frame was lost: a decoder takes what it has in the place of the missing one, and
shows the damage. The trailer is a padding OBU (AV1, section 5.7), which other decoders skip.
"""

import zlib
from typing import NamedTuple

from edgesr_ros.codecs.frame_number import Dependence, FrameNumbers
from edgesr_ros.codecs.obu import PADDING
from edgesr_ros.errors import InputError

NUMBERS = FrameNumbers(1 << 16)  # 36 minutes at 30 Hz
FARTHEST = 255  # frames back that a frame may build on
MOST_PADDING = 63  # columns, or rows

_BODY = 7  # number 2, distance 1, checksum 2, stored and padding 2
_HEAD = bytes([PADDING << 3 | 2, _BODY])
SIZE = len(_HEAD) + _BODY  # bytes


class Av1Trailer(NamedTuple):
    """What a frame builds on, and what of it is padding.

    Attributes:
        number: of the frame.
        back: how many frames before it is the one that it builds on, 1..255; 0: it stands alone.
        grey: whether the frame has no colour.
        stored: whether later frames may build on it although newer ones were lost.
        right: columns of padding.
        bottom: rows of padding.
        halved: whether the library has halved the picture's sides, padding included; then the sides without
            padding are halved as well, and rounded up.
    """

    number: int
    back: int
    grey: bool
    stored: bool
    right: int
    bottom: int
    halved: bool = False

    @property
    def base(self) -> int | None:
        """Number of the frame that this one builds on."""
        return NUMBERS.after(self.number, -self.back) if self.back else None

    @property
    def dependence(self) -> Dependence:
        """What a decoder waits for."""
        return Dependence(self.number, self.base, self.stored)

    def to_bytes(self, packet: bytes) -> bytes:
        """The trailer of a packet, 9 bytes."""
        # The highest bit of the last byte is set: a padding OBU must not end in a zero.
        tail = (
            1 << 15 | self.halved << 14 | self.grey << 13 | self.stored << 12 | self.bottom << 6 | self.right
        )
        fields = self.number.to_bytes(2, "big") + bytes([self.back])
        last = (tail & 0xFF, tail >> 8)
        return _HEAD + fields + _checksum(packet, fields, bytes(last)) + bytes(last)

    @staticmethod
    def of(data: bytes) -> "Av1Trailer":
        """The trailer at the end of a packet, whose checksum is right.

        Raises:
            InputError: there is none: the packet is cut short, damaged, or not of ours.
        """
        packet, trailer = data[:-SIZE], data[-SIZE:]
        head, fields, checksum, last = trailer[:2], trailer[2:5], trailer[5:7], trailer[7:]
        if head != _HEAD or not packet:
            raise InputError(f"AV1: packet of {len(data)} bytes is cut short, or has no frame number")
        if checksum != _checksum(packet, fields, last):
            raise InputError(f"AV1: packet of {len(data)} bytes is damaged (checksum)")
        tail = last[1] << 8 | last[0]
        number = int.from_bytes(fields[:2], "big")
        grey, stored, halved = (bool(tail >> place & 1) for place in (13, 12, 14))
        return Av1Trailer(number, fields[2], grey, stored, tail & 63, tail >> 6 & 63, halved)


def _checksum(*parts: bytes) -> bytes:
    value = 0
    for part in parts:
        value = zlib.crc32(part, value)
    return (value & 0xFFFF).to_bytes(2, "big")
