"""What an AV1 stream says of itself before it is decoded: its OBUs, and the size in a sequence header.

Sections are those of the AV1 bitstream specification, version 1.0.0 with errata 1.
"""

from collections.abc import Iterator
from typing import NamedTuple

SEQUENCE_HEADER, TEMPORAL_DELIMITER, FRAME_HEADER, TILE_GROUP, METADATA, FRAME, PADDING = 1, 2, 3, 4, 5, 6, 15

_SIZE_AND_NO_LAYERS = 0x02  # of the bits 0x86: forbidden (0), extension (0), has_size (1); section 5.3.2


class Obu(NamedTuple):
    """An open bitstream unit; `first` and `end` are the places of its contents."""

    kind: int
    first: int
    end: int


def obus(data: bytes, first: int, end: int) -> Iterator[Obu]:
    """The OBUs that fill a span, each with its size (section 5.3.1); the last one may end after it.

    Raises:
        IndexError: the data end within a header.
        ValueError: an OBU without a size, with layers, or with a size of more than 5 bytes.
    """
    place = first
    while place < end:
        head = data[place]
        if head & 0x86 != _SIZE_AND_NO_LAYERS:
            raise ValueError
        size, shift, place = 0, 0, place + 1
        while True:  # leb128, section 4.10.5
            byte = data[place]
            size |= (byte & 0x7F) << shift
            shift, place = shift + 7, place + 1
            if byte < 0x80:
                break
            if shift > 28:
                raise ValueError
        yield Obu(head >> 3 & 15, place, place + size)
        place += size


def sequence_size(data: bytes, sequence: Obu) -> tuple[int, int]:
    """(width, height), at most 65536, that no frame of the sequence exceeds; section 5.5.1.

    Only the plain form is taken that live encoders write: moving pictures, one operating point, no timing.

    Raises:
        ValueError: another form, or a header that is cut short.
    """
    bits = _Bits(data[sequence.first : sequence.end])
    bits.take(3)  # seq_profile
    if bits.take(3):  # still_picture, reduced_still_picture_header, timing_info_present_flag
        raise ValueError
    delay = bits.take(1)  # initial_display_delay_present_flag
    if bits.take(5):  # operating_points_cnt_minus_1
        raise ValueError
    bits.take(12)  # operating_point_idc
    if bits.take(5) > 7:  # seq_level_idx
        bits.take(1)  # seq_tier
    if delay and bits.take(1):  # initial_display_delay_present_for_this_op
        bits.take(4)
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    return bits.take(width_bits) + 1, bits.take(height_bits) + 1


class _Bits:
    """Bits, the highest of a byte first; section 4.10.2."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise ValueError
        return self._value >> self._left & (1 << count) - 1
