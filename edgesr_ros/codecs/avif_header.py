"""What an AVIF file of one still picture claims, read from its boxes and from the AV1 stream itself.

Only the plain form is taken that encoders write for a still: `ftyp`, `meta` and `mdat`, with one item and
one size. AVIF may also hold tiles, layers, tracks, and items kept anywhere in the file: each of them is
another way to make a decoder allocate what the header does not say.
"""

from collections.abc import Iterator
from typing import NamedTuple

from edgesr_ros.codecs.obu import SEQUENCE_HEADER, obus

_STILL = 0b11  # still_picture and reduced_still_picture_header


class _Box(NamedTuple):
    """ISO/IEC 14496-12, section 4.2; `first` and `end` are those of the contents."""

    kind: bytes
    first: int
    end: int


def avif_size(data: bytes) -> tuple[int, int]:
    """(width, height) of the one `ispe` box, which the AV1 sequence headers must agree with.

    Raises:
        ValueError, IndexError: another kind of AVIF, or a damaged one.
    """
    meta, mdat = _meta_and_mdat(data)
    boxes = {box.kind: box for box in _boxes(data, meta.first + 4, meta.end)}
    if {b"iloc", b"iprp"} - boxes.keys() or not _is_one_item(data, boxes[b"iloc"], mdat):
        raise ValueError
    properties = [
        box
        for container in _boxes(data, boxes[b"iprp"].first, boxes[b"iprp"].end)
        if container.kind == b"ipco"
        for box in _boxes(data, container.first, container.end)
    ]
    places = [box.first for box in properties if box.kind == b"ispe"]
    if len(places) != 1:
        raise ValueError
    width, height = _number(data, places[0] + 4, 4), _number(data, places[0] + 8, 4)
    if {_sequence_size(data, first) for first in _sequence_headers(data, mdat)} != {(width, height)}:
        raise ValueError
    return width, height


def avif_whole(data: bytes) -> bool:
    """Whether the file goes on to the end of its last box."""
    try:
        return _meta_and_mdat(data)[1].end <= len(data)
    except (IndexError, ValueError):
        return False


def _number(data: bytes, first: int, count: int) -> int:
    """`count` bytes from `first` as an unsigned number; IndexError where they are missing."""
    if len(data) < first + count:
        raise IndexError
    return int.from_bytes(data[first : first + count], "big")


def _boxes(data: bytes, first: int, end: int) -> Iterator[_Box]:
    """The boxes that fill a span; the last one may end after it. ValueError for what is no box."""
    while first < end:
        size = _number(data, first, 4)
        if size < 8:  # 0 and 1 stand for "to the end" and 64 bits
            raise ValueError
        yield _Box(data[first + 4 : first + 8], first + 8, first + size)
        first += size


def _meta_and_mdat(data: bytes) -> tuple[_Box, _Box]:
    top = _boxes(data, 0, len(data))
    found = [next(top, None) for _ in range(3)]
    ftyp, meta, mdat = found
    if ftyp is None or meta is None or mdat is None:
        raise IndexError
    if (ftyp.kind, meta.kind, mdat.kind) != (b"ftyp", b"meta", b"mdat"):
        raise ValueError
    return meta, mdat


def _is_one_item(data: bytes, iloc: _Box, mdat: _Box) -> bool:
    """Whether the only item is all of `mdat`; ISO/IEC 14496-12, section 8.11.3, version 0.

    4 bytes of version and flags, sizes of offset and length (4) and of the base (0), number of items, then
    the item: its number, where its data lie, number of extents, offset and length.
    """
    version, sizes, items = (_number(data, iloc.first + at, count) for at, count in ((0, 4), (4, 2), (6, 2)))
    extents, offset, length = (
        _number(data, iloc.first + at, count) for at, count in ((12, 2), (14, 4), (18, 4))
    )
    plain = (version, sizes, items, extents) == (0, 0x4400, 1, 1)
    return plain and (offset, offset + length) == (mdat.first, mdat.end)


def _sequence_headers(data: bytes, mdat: _Box) -> Iterator[int]:
    """Where the contents of the sequence headers begin; AV1, sections 5.3.1 to 5.3.3."""
    for obu in obus(data, mdat.first, min(mdat.end, len(data))):
        if obu.kind == SEQUENCE_HEADER:
            yield obu.first


def _sequence_size(data: bytes, first: int) -> tuple[int, int]:
    """The size in a sequence header of a still picture; AV1, section 5.5.1."""
    bits = _number(data, first, 7)  # 3 + 2 + 5 + 4 + 4 bits, and sizes of at most 16 bits each: 50 of 56
    if bits >> 51 & 0b11 != _STILL:
        raise ValueError
    width_bits, height_bits = 1 + (bits >> 42 & 15), 1 + (bits >> 38 & 15)
    width = bits >> 38 - width_bits & (1 << width_bits) - 1
    height = bits >> 38 - width_bits - height_bits & (1 << height_bits) - 1
    return 1 + width, 1 + height
