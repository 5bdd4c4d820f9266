"""What a JPEG claims and whether all of its picture is there (ITU-T T.81, annex B)."""

import io
from typing import NamedTuple

import numpy as np
from PIL import Image

END = b"\xff\xd9"  # EOI

_SOI, _EOI, _SOS, _DRI = 0xD8, 0xD9, 0xDA, 0xDD
_RESTARTS = range(0xD0, 0xD8)
_SIZES = frozenset(range(0xC0, 0xD0)) - {
    0xC4,
    0xC8,
    0xCC,
}  # starts of frame; not tables, reserved, arithmetic
_SEQUENTIAL = (0xC0, 0xC1)
_UNIT = 8  # pixels of a block's side
# Ends that a picture may be given, each longer than its last blocks can be. Of some codes one of them may by
# chance mean nothing, or what another means.
_ENDS = tuple(256 * end for end in (bytes(8), bytes.fromhex("e5dbf76eb92dd67b"), 8 * b"\x55", 8 * b"\x9c"))
_LAST = 8  # bytes at the end that a whole picture needs some of


class _Segment(NamedTuple):
    marker: int
    first: int  # of its contents, behind its length
    end: int


class _Walk(NamedTuple):
    """What lies behind SOI, in order.

    Attributes:
        segments: those that were met.
        restarts: restart markers in scans.
        end: where EOI begins; None: it is not there.
        scans_end: where the last scan's data end.
    """

    segments: list[_Segment]
    restarts: int
    end: int | None
    scans_end: int


def jpeg_size(data: bytes) -> tuple[int, int]:
    """(width, height) of the first start of frame.

    Raises:
        ValueError, IndexError: there is none before the pixels or the end.
    """
    place = 2
    while True:
        segment = _segment(data, place)
        if segment.marker in _SIZES:
            return _frame_size(data, segment)
        if segment.marker in (_EOI, _SOS):
            raise ValueError
        place = segment.end


def jpeg_whole(data: bytes) -> bool:
    """Whether EOI stands where the last scan ends, whatever follows; one in a thumbnail does not count."""
    return _walk(data).end is not None


def jpeg_with_end(data: bytes) -> bytes | None:
    """The file with the EOI that alone is missing; None: some of the picture is, or it cannot be known.

    Some cameras leave EOI out. Whether the picture is whole shows by decoding: it must not change with what
    follows the data, and it must change without their last few bytes, or else something else follows. Only a
    file of one sequential scan is believed: of others a scan may be missing.
    """
    try:
        body = _one_scan(data)
    except (IndexError, ValueError, ZeroDivisionError):  # a damaged header
        return None
    if body is None:
        return None
    shorter = body.rstrip(b"\0")[:-_LAST]
    picture = _decoded(body + _ENDS[0] + END)
    if picture is None or any(picture != _decoded(body + end + END) for end in _ENDS[1:]):
        return None
    return body + END if any(picture != _decoded(shorter + end + END) for end in _ENDS) else None


def _one_scan(data: bytes) -> bytes | None:
    """The file up to where the data of its only scan end; None: it has another form, or is cut short."""
    walk = _walk(data)
    frames = [segment for segment in walk.segments if segment.marker in _SIZES]
    scans = [segment for segment in walk.segments if segment.marker == _SOS]
    if walk.end is not None or len(scans) != 1 or len(frames) != 1 or frames[0].marker not in _SEQUENTIAL:
        return None
    (frame,), (scan,) = frames, scans
    components = data[frame.first + 5]
    if scan.end > len(data) or walk.segments[-1] != scan or data[scan.first] != components:
        return None
    if walk.restarts < _restarts_needed(data, walk.segments):
        return None
    body = data[: walk.scans_end].rstrip(b"\0")
    zeros = walk.scans_end - len(body)
    if zeros == 1 or (zeros and body.endswith(b"\xff")):  # of the picture: 0xFF in it has a zero behind it
        return body + b"\0"
    return body.removesuffix(b"\xff")  # more are padding; 0xFF alone is the beginning of EOI


def _segment(data: bytes, place: int) -> _Segment:
    """The segment whose marker begins at `place`. IndexError: cut short; ValueError: no marker there."""
    while data[place + 1] == 0xFF and data[place] == 0xFF:  # fill bytes
        place += 1
    if data[place] != 0xFF or data[place + 1] in (0x00, _SOI):
        raise ValueError
    marker = data[place + 1]
    if marker == _EOI:
        return _Segment(marker, place + 2, place + 2)
    if len(data) < place + 4:
        raise IndexError
    return _Segment(marker, place + 4, place + 2 + int.from_bytes(data[place + 2 : place + 4], "big"))


def _frame_size(data: bytes, segment: _Segment) -> tuple[int, int]:
    if len(data) < segment.first + 5:
        raise IndexError
    height, width = (
        int.from_bytes(data[segment.first + at : segment.first + at + 2], "big") for at in (1, 3)
    )
    return width, height


def _walk(data: bytes) -> _Walk:
    segments: list[_Segment] = []
    restarts, place = 0, 2
    while True:
        try:
            segment = _segment(data, place)
        except (IndexError, ValueError):
            return _Walk(segments, restarts, None, place)
        if segment.marker == _EOI:
            return _Walk(segments, restarts, place, place)
        segments.append(segment)
        place = max(segment.end, place + 2)
        if segment.marker != _SOS:
            continue
        while True:  # to the marker that ends the scan
            place = data.find(b"\xff", place)
            if place < 0 or place + 1 >= len(data):
                return _Walk(segments, restarts, None, len(data))
            if data[place + 1] in _RESTARTS:
                restarts += 1
            elif data[place + 1] == 0xFF:
                place += 1
                continue
            elif data[place + 1] != 0x00:
                break
            place += 2


def _restarts_needed(data: bytes, segments: list[_Segment]) -> int:
    """How many restart markers a whole scan of all components has."""
    interval = 0
    for segment in segments:
        if segment.marker == _DRI:
            interval = int.from_bytes(data[segment.first : segment.first + 2], "big")
        elif segment.marker in _SIZES:
            width, height = _frame_size(data, segment)
            factors = data[segment.first + 7 : segment.end : 3]  # horizontal and vertical, four bits each
            across, down = (max(factors) >> 4) * _UNIT, (max(factor & 15 for factor in factors)) * _UNIT
            if len(factors) == 1:  # a scan of one component is made of its own blocks
                across = down = _UNIT
            units = -(-width // across) * -(-height // down)
    return (units - 1) // interval if interval else 0


def _decoded(data: bytes) -> bytes | None:
    """All pixels; through Pillow, since libjpeg inside OpenCV writes to stderr what it stumbles over."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            return np.asarray(image).tobytes()
    except (OSError, ValueError, SyntaxError):
        return None
