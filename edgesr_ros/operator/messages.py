"""What page and server say to each other over the WebSocket.

The page sends JSON, an object with its kind in `do`. The server sends JSON with its kind in `is`, of which
the newest of each kind counts, and pictures: 4 bytes with the length of a header (little-endian), the header
as JSON (`PictureHeader`), a JPEG.
"""

import struct

import msgspec

from edgesr_ros.errors import InputError
from edgesr_ros.schema import Struct

MAX_BYTES = 4096  # of a message from a page
MAX_TEXT = 1000  # characters of a text in it

Value = bool | int | float | str  # of a parameter


class Request(Struct, tag_field="do"):
    """Base of what a page may ask for."""


class Hello(Request, tag="hello"):
    """The first message, without which nothing is sent."""

    token: str = ""


class Ping(Request, tag="ping"):
    """What is the time? `at` comes back as it is."""

    at: float


class Seen(Request, tag="seen"):
    """A picture is on the screen: the next may come."""

    camera: str
    id: int


class Watch(Request, tag="watch"):
    """Whether somebody looks at the page."""

    on: bool


class Compare(Request, tag="compare"):
    """Plain enlargement in place of super-resolution."""

    camera: str
    on: bool


class Focus(Request, tag="focus"):
    """This camera matters most."""

    camera: str


class Record(Request, tag="record"):
    """Begin or end a recording."""

    on: bool


class Set(Request, tag="set"):
    """Set a parameter of a node; the answer has the same `id`."""

    node: str
    name: str
    value: Value
    id: int


AnyRequest = Hello | Ping | Seen | Watch | Compare | Focus | Record | Set

_decoder = msgspec.json.Decoder(AnyRequest)
_encoder = msgspec.json.Encoder()


def read_request(data: str | bytes) -> AnyRequest:
    """A message of a page.

    Raises:
        InputError: it is none.
    """
    try:
        request = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise InputError(f"not a message of the page: {error}") from None
    texts = (value for value in msgspec.structs.astuple(request) if isinstance(value, str))
    if any(len(value) > MAX_TEXT for value in texts):
        raise InputError(f"not a message of the page: a text is longer than {MAX_TEXT} characters")
    return request


def to_text(kind: str, **values: object) -> str:
    """A message to a page."""
    return _encoder.encode({"is": kind, **values}).decode()


class PictureHeader(Struct):
    """What is known of a picture as it is sent.

    Attributes:
        id: grows from picture to picture of a camera.
        taken_ms: when it was taken, on the server's clock, which `pong` tells; None: its age is not known.
        uncertainty_ms: by how much that may be wrong, either way.
        method: sr, bicubic, none (it came at full size), or notice: it says why there is no picture.
        compared: plain enlargement, because the page asked for it.
        received: width and height of the frame that it was enlarged from; None: not known, or at full size.
    """

    camera: str
    id: int
    stamp_ns: str  # as text: JavaScript's numbers end at 2**53
    width: int
    height: int
    taken_ms: float | None = None
    uncertainty_ms: float | None = None
    method: str | None = None
    compared: bool = False
    model: str | None = None
    backend: str | None = None
    consistency_db: float | None = None
    bytes: int | None = None
    received: tuple[int, int] | None = None
    range_low: float | None = None
    range_high: float | None = None


class Frame(Struct):
    """A picture as it is sent: to all pages the same bytes."""

    camera: str
    id: int
    compared: bool
    data: bytes


def to_frame(header: PictureHeader, jpeg: bytes) -> Frame:
    """A picture's message."""
    text = _encoder.encode(header)
    data = b"".join((struct.pack("<I", len(text)), text, jpeg))
    return Frame(camera=header.camera, id=header.id, compared=header.compared, data=data)
