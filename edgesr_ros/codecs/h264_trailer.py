"""What follows each of our H.264 packets: a number, to see what was lost, and what 4:2:0 cannot say.

H.264 numbers frames too, but wraps after as few as 16, so an outage may go unnoticed. The trailer is a NAL
unit of a type that the standard leaves to applications (7.4.1, types 24 to 31): other decoders skip it. Each
of its bytes has the high bit set, so none can be taken for a start code.
"""

from typing import NamedTuple

from edgesr_ros.codecs.frame_number import FrameNumbers
from edgesr_ros.errors import InputError

_HEAD = b"\0\0\1\x18"  # start code; type 24, not a reference
_NUMBER_BYTES = 3
_BITS = 7  # of each byte
NUMBERS = FrameNumbers(1 << _BITS * _NUMBER_BYTES)  # 19 hours at 30 Hz
_SIZE = len(_HEAD) + 1 + _NUMBER_BYTES


class Trailer(NamedTuple):
    """Number of a frame, and what else a receiver must know of it.

    Attributes:
        number: of the frame.
        odd_width: 1 where its last column is padding, else 0.
        odd_height: the same of its last row.
        swept: intra blocks sweep over the picture, so that a lost frame mends itself.
    """

    number: int
    odd_width: int
    odd_height: int
    swept: bool

    def to_bytes(self) -> bytes:
        """The trailer as a NAL unit with start code, 8 bytes."""
        values = [self.odd_width | self.odd_height << 1 | self.swept << 2]
        values += [self.number >> _BITS * place & 0x7F for place in range(_NUMBER_BYTES)]
        return _HEAD + bytes(0x80 | value for value in values)

    @staticmethod
    def of(data: bytes) -> "Trailer":
        """The trailer at the end of a packet.

        Raises:
            InputError: there is none: the packet is cut short, or not of ours.
        """
        head, values = data[-_SIZE : -_SIZE + len(_HEAD)], data[-_SIZE + len(_HEAD) :]
        if head != _HEAD or any(value < 0x80 for value in values):
            raise InputError(f"H.264: packet of {len(data)} bytes is cut short, or has no frame number")
        flags, *digits = (value & 0x7F for value in values)
        number = sum(digit << _BITS * place for place, digit in enumerate(digits))
        return Trailer(number, flags & 1, flags >> 1 & 1, bool(flags >> 2 & 1))
