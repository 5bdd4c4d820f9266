"""The library SVT-AV1, its structures, and what of it can be relied on.

The library is the one that PyAV's wheel brings. Structures are those of EbSvtAv1.h and EbSvtAv1Enc.h; they
are the same from 3.0 to 4.2, but what the library does is not, so only versions that were tried are taken.
"""

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import av

KEY, BY_ITSELF = 3, 0xFF  # EbAv1PictureType
SCALING, RATE, PRESET, STORE, CLEAR, USE = 1, 4, 7, 8, 9, 10  # PrivDataType
END_OF_STREAM = 1  # EB_BUFFERFLAG_EOS
TRIED = ("v4.1.", "v4.2.")

_MOST_LEFT = 8  # packets that are taken out before an encoder is closed; one in truth
_STEERED = "v4.2."  # takes another rate with each frame, and keeps frames as anchors


class SvtError(Exception):
    """The library refuses a call, or is not there; one line."""


class Buffer(ctypes.Structure):
    """EbBufferHeaderType: a picture that goes in, or a packet that comes out."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("data", ctypes.c_void_p),
        ("filled", ctypes.c_uint32),
        ("allocated", ctypes.c_uint32),
        ("nodes", ctypes.c_void_p),
        ("wrapper", ctypes.c_void_p),
        ("ticks", ctypes.c_uint32),
        ("dts", ctypes.c_int64),
        ("pts", ctypes.c_int64),
        ("layer", ctypes.c_uint8),
        ("qp", ctypes.c_uint32),
        ("avg_qp", ctypes.c_uint32),
        ("type", ctypes.c_int32),
        ("luma_sse", ctypes.c_uint64),
        ("cr_sse", ctypes.c_uint64),
        ("cb_sse", ctypes.c_uint64),
        ("flags", ctypes.c_uint32),
        ("luma_ssim", ctypes.c_double),
        ("cr_ssim", ctypes.c_double),
        ("cb_ssim", ctypes.c_double),
        ("metadata", ctypes.c_void_p),
    )


class Planes(ctypes.Structure):
    """EbSvtIOFormat: where the planes of a picture lie."""

    _fields_ = (
        ("luma", ctypes.c_void_p),
        ("cb", ctypes.c_void_p),
        ("cr", ctypes.c_void_p),
        ("luma_stride", ctypes.c_uint32),
        ("cr_stride", ctypes.c_uint32),
        ("cb_stride", ctypes.c_uint32),
    )


class Node(ctypes.Structure):
    """EbPrivDataNode: something asked for with a picture; a chain of them."""

    _fields_ = (
        ("type", ctypes.c_int32),
        ("data", ctypes.c_void_p),
        ("size", ctypes.c_uint32),
        ("next", ctypes.c_void_p),
    )


_LogCallback = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p
)
_SILENCE = _LogCallback(lambda *_: None)  # kept here, for the library calls it as long as it lives


class Scaling(ctypes.Structure):
    """EbRefFrameScale: in eighths and sixteenths of the picture's sides."""

    _fields_ = (
        ("mode", ctypes.c_uint8),
        ("denominator", ctypes.c_uint32),
        ("key_denominator", ctypes.c_uint32),
    )


class Encoded(NamedTuple):
    """A packet as the library gives it out.

    Attributes:
        data: one temporal unit.
        quantizer: 0 (best) to 63.
        key: whether it stands alone.
    """

    data: bytes
    quantizer: int
    key: bool


class Library(NamedTuple):
    """The library, loaded and tried.

    Attributes:
        functions: of C.
        version: such as "v4.2.0".
        steered: whether each frame can have a rate of its own, and a reference.
    """

    functions: ctypes.CDLL
    version: str
    steered: bool


def open_library() -> Library:
    """The library of PyAV's wheel, silent.

    Raises:
        SvtError: there is none, or another version.
    """
    found = sorted((Path(av.__file__).parents[1] / "av.libs").glob("libSvtAv1Enc*.so*"))
    if not found:
        raise SvtError(f"AV1: PyAV {av.__version__} brings no SVT-AV1, expected one of its wheels for Linux")
    try:
        functions = ctypes.CDLL(str(found[0]))
        functions.svt_av1_get_version.restype = ctypes.c_char_p
        version = functions.svt_av1_get_version().decode("ascii", "replace")
        if not version.startswith(TRIED):
            raise SvtError(f"AV1: SVT-AV1 is {version}, expected {' or '.join(TRIED)}*")
        functions.svt_av1_enc_release_out_buffer.restype = None
        functions.svt_av1_set_log_callback.restype = None
        functions.svt_av1_set_log_callback(_SILENCE, None)
    except (OSError, AttributeError) as error:
        raise SvtError(f"AV1: {found[0].name} cannot be loaded ({error})") from None
    return Library(functions, version, version.startswith(_STEERED))


@contextmanager
def same_priority() -> Iterator[None]:
    """The thread that calls has the scheduling afterwards that it had before.

    Where it may, as for root, SVT-AV1 gives the thread that opens an encoder real-time priority 99. It would
    keep that, and so would every thread and process that it starts: all others on the machine would wait.
    """
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)  # 0: of the thread
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, parameters)


def close_encoder(functions: ctypes.CDLL, handle: ctypes.c_void_p, sound: threading.Event) -> None:
    """The end of the stream goes first: without it the library complains, and may wait.

    After a call that was refused any further one may crash, but for the last.
    """
    if sound.is_set():
        end = Buffer(size=ctypes.sizeof(Buffer), flags=END_OF_STREAM, type=BY_ITSELF)
        functions.svt_av1_enc_send_picture(handle, ctypes.byref(end))
        for _ in range(_MOST_LEFT):
            out = ctypes.POINTER(Buffer)()
            if functions.svt_av1_enc_get_packet(handle, ctypes.byref(out), 1) or not out:
                break
            flags = out.contents.flags
            functions.svt_av1_enc_release_out_buffer(ctypes.byref(out))
            if flags & END_OF_STREAM:
                break
        functions.svt_av1_enc_deinit(handle)
    functions.svt_av1_enc_deinit_handle(handle)
