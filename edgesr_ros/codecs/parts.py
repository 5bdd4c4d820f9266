"""Frames that travel as several messages, each in a packet of its own.

A message that IP makes fragments of is lost with any of them. Of parts only those that were lost are missing:
they are sent again, or made from parity (parity.py).
"""

import re
import struct
from typing import NamedTuple

from edgesr_ros.errors import InputError

MOST_PARTS = 255  # of a frame

_PART = re.compile(r"part (\d{1,3})/(\d{1,3}) frame_n(\d{1,19})")
_LONGEST_FORMAT = 255  # bytes
_HEAD = struct.Struct(">qB")  # stamp, length of the format


class Message(NamedTuple):
    """A CompressedImage without its frame_id.

    Attributes:
        stamp_ns: of its header.
        format: what the bytes are.
        data: a frame, or a part of one.
    """

    stamp_ns: int
    format: str
    data: bytes

    @property
    def size(self) -> int:
        """Bytes of data and format."""
        return len(self.data) + len(self.format)

    def pack(self) -> bytes:
        """All of it in one piece."""
        text = self.format.encode()
        return _HEAD.pack(self.stamp_ns, len(text)) + text + self.data

    @staticmethod
    def unpack(packed: bytes) -> "Message":
        """The inverse of `pack`.

        Raises:
            InputError: it is cut short, or no text.
        """
        try:
            stamp_ns, length = _HEAD.unpack_from(packed)
            end = _HEAD.size + length
            if len(packed) < end:
                raise ValueError
            return Message(stamp_ns, packed[_HEAD.size : end].decode(), packed[end:])
        except (struct.error, ValueError):
            raise InputError(f"frame of {len(packed)} bytes that came in parts is damaged") from None


class Part(NamedTuple):
    """Which part of which frame a message is.

    Attributes:
        number: of the frame.
        place: from 0.
        total: of the frame's parts.
    """

    number: int
    place: int
    total: int

    @property
    def text(self) -> str:
        """The message's format, for example `part 2/3 frame_n41`: it names no codec.

        So ground stations from before there were parts refuse it in one line, and show no half a frame.
        """
        return f"part {self.place + 1}/{self.total} frame_n{self.number}"

    @staticmethod
    def of(text: str) -> "Part | None":
        """Which part a format says; None: the message is no part."""
        found = _PART.fullmatch(text)
        if found is None:
            return None
        place, total, number = (int(group) for group in found.groups())
        return Part(number, place - 1, total) if 1 <= place <= total <= MOST_PARTS else None


def split(message: Message, number: int, most: int) -> list[Message]:
    """The frame of this number as messages of at most `most` bytes of data and format.

    One that is small enough stays as it is, and so does one of more than 255 parts, or of a format that is
    longer than 255 bytes.
    """
    if message.size <= most or len(message.format) > _LONGEST_FORMAT:
        return [message]
    packed = message.pack()
    longest = most - len(Part(number, MOST_PARTS - 1, MOST_PARTS).text)
    count = -(-len(packed) // longest) if longest > 0 else MOST_PARTS + 1
    if count > MOST_PARTS:
        return [message]
    step = -(-len(packed) // count)  # alike: parity is as large as the largest
    return [
        Message(message.stamp_ns, Part(number, index, count).text, packed[index * step : (index + 1) * step])
        for index in range(count)
    ]
