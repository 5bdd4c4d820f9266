"""SVT-AV1 by its C interface: what no wrapper of it in Python offers is decided there.

Namely the rate of each single frame, and which earlier frame it is predicted from. The configuration stays
opaque: it is set by names, as on the command line of SvtAv1EncApp.
"""

import ctypes
import threading
import weakref
from collections.abc import Mapping
from functools import cache
from itertools import pairwise

import numpy as np

from edgesr_ros.codecs.svt_library import (
    BY_ITSELF,
    CLEAR,
    KEY,
    PRESET,
    RATE,
    SCALING,
    STORE,
    TRIED,
    USE,
    Buffer,
    Encoded,
    Library,
    Node,
    Planes,
    Scaling,
    SvtError,
    close_encoder,
    open_library,
    same_priority,
)

RATE_CONTROLLED, CONSTANT = 2, 0  # its setting "rc": constant bit rate, constant quantizer
SMALLEST = 64  # pixels of each side that the library takes
_ALIGNED = 16  # pixels: where it may halve them, the library gives out sides that are multiples of 8
COARSEST = 63  # quantizer
NOMINAL_HZ = 30  # it counts in bits per second; only the share of one frame matters here
ANCHORS = 3  # frames that are kept beside the newest ones, of the 4 that the library can

_FIXED_SCALING = 1  # RESIZE_FIXED
_SIXTEENTHS = {1: 8, 2: 16}  # denominators over 8; 14 crashes 4.2.0
_RESIZE_BY_EVENT = {"resize-mode": 4}

_CONFIGURATION_BYTES = 16_384  # 2,100 in 4.2
_TEMPORAL_DELIMITER = b"\x12\0"  # the OBU that each packet begins with; AV1, section 7.5


@cache
def load() -> Library:
    """The library of PyAV's wheel.

    Raises:
        SvtError: as `open_library`, or it does not do what it is asked.
    """
    library = open_library()
    _try_out(library)
    return library


def _try_out(library: Library) -> None:
    """Raises SvtError where structures are not laid out as here: what goes in must come back."""
    picture = np.full(SMALLEST * SMALLEST * 3 // 2, 128, np.uint8)
    encoder = SvtEncoder(SMALLEST, SMALLEST, 12, {"rc": RATE_CONTROLLED, "tbr": 100}, library)
    packets = [encoder.encode(picture) for _ in range(2)]
    encoder.close()
    good = all(packet.data.startswith(_TEMPORAL_DELIMITER) for packet in packets)
    if not good or [packet.key for packet in packets] != [True, False]:
        raise SvtError(f"AV1: SVT-AV1 {library.version} does not answer as {TRIED[-1]}* does")


class SvtEncoder:
    """Planar 4:2:0 pictures of one size → packets, one each, at once and in the thread that calls.

    Any thread may call, one at a time: the others wait.

    Args:
        width: even, as `height`; at least `SMALLEST`.
        preset: 0 (slowest) to 13.
        settings: further ones, by the names of SvtAv1EncApp's options.
        library: of `load`.

    Raises:
        SvtError: the library refuses a setting.
    """

    def __init__(
        self, width: int, height: int, preset: int, settings: Mapping[str, int], library: Library
    ) -> None:
        self._functions = library.functions
        self._width, self._height = width, height
        self._count = 0
        self._lock = threading.Lock()
        handle = ctypes.c_void_p()
        configuration = ctypes.create_string_buffer(_CONFIGURATION_BYTES)
        with same_priority():
            failed = self._functions.svt_av1_enc_init_handle(ctypes.byref(handle), configuration)
        self._check(failed, "init_handle")
        # From here on the handle must be given back, also where what follows is refused.
        self._handle = handle
        self._sound = threading.Event()
        self._close = weakref.finalize(self, close_encoder, self._functions, handle, self._sound)
        usual = {
            "width": width,
            "height": height,
            "fps-num": NOMINAL_HZ,
            "fps-denom": 1,
            "input-depth": 8,
            "preset": preset,
            "lp": 1,  # everything in the thread that calls
            "rtc": 1,
            "pred-struct": 1,  # low delay
            "hierarchical-levels": 0,
            "lookahead": 0,
            "keyint": -1,  # no key frame unless one is asked for
            "scd": 0,
            "enable-force-key-frames": 1,
            "color-range": 0,  # 16 to 235
            "matrix-coefficients": 6,  # BT.601
        }
        steered = library.steered and settings.get("rc") == RATE_CONTROLLED
        for name, value in {**usual, **(_RESIZE_BY_EVENT if steered else {}), **settings}.items():
            self._set(configuration, name, value)
        if steered:  # it refuses anchors without
            self._allow_anchors(configuration)
        self._check(self._functions.svt_av1_enc_set_parameter(handle, configuration), "set_parameter")
        self._check(self._functions.svt_av1_enc_init(handle), "init")
        self._sound.set()

    def _set(self, configuration: ctypes.Array[ctypes.c_char], name: str, value: int) -> None:
        failed = self._functions.svt_av1_enc_parse_parameter(
            configuration, name.encode(), str(value).encode()
        )
        self._check(failed, f"{name} {value}")

    def _allow_anchors(self, configuration: ctypes.Array[ctypes.c_char]) -> None:
        """`max_managed_refs` has no name: it is the byte after `enable_intrabc`, which has one."""
        images = []
        for value in (0, 1):
            self._set(configuration, "enable-intrabc", value)
            images.append(configuration.raw)
        places = [place for place, (one, other) in enumerate(zip(*images, strict=True)) if one != other]
        if len(places) != 1 or configuration.raw[places[0] + 1] != 0:
            raise SvtError("AV1: SVT-AV1's configuration is laid out in another way than in 4.2")
        configuration[places[0] + 1] = bytes([ANCHORS])

    def encode(
        self,
        picture: np.ndarray,
        *,
        key: bool = False,
        rate: int | None = None,
        quantizer: int = 0,
        preset: int | None = None,
        scale: int | None = None,
        store: int | None = None,
        clear: int | None = None,
        use: int | None = None,
    ) -> Encoded:
        """One picture → one packet.

        From `rate` on only where the library is steered; `store`, `clear` and `use` take the number that the
        caller gives the anchor, each of them one once.

        Args:
            picture: (height * width * 3 / 2,) uint8, contiguous: luma, then both chroma planes.
            key: this one stands alone.
            rate: from this frame on, bit/s at `NOMINAL_HZ`; None: as before.
            quantizer: from this frame on, where the rate is not controlled.
            preset: from this frame on; None: as before.
            scale: of the sides, from this frame on, 1 or 2: divided by the library; None: as before.
            store: keep this frame as an anchor.
            clear: keep that anchor no longer.
            use: predict this frame from that anchor alone.

        Raises:
            SvtError: the library refuses; the encoder is of no use any more.
        """
        nodes: list[tuple[int, ctypes.Array | ctypes.Structure]] = []
        if rate is not None or quantizer:
            nodes.append((RATE, (ctypes.c_uint32 * 2)(quantizer, rate or 0)))
        if preset is not None:
            nodes.append((PRESET, (ctypes.c_int8 * 1)(preset)))
        if scale is not None:
            nodes.append((SCALING, Scaling(_FIXED_SCALING, _SIXTEENTHS[scale], _SIXTEENTHS[scale])))
        anchors = ((STORE, store), (CLEAR, clear), (USE, use))
        nodes += [(kind, (ctypes.c_uint32 * 1)(number)) for kind, number in anchors if number is not None]
        with self._lock:
            if not self._close.alive:
                raise SvtError("AV1: the encoder is closed")
            try:
                return self._encode(picture, key, nodes)
            except SvtError:
                self._sound.clear()
                raise

    def _encode(
        self, picture: np.ndarray, key: bool, nodes: list[tuple[int, ctypes.Array | ctypes.Structure]]
    ) -> Encoded:
        luma, chroma = self._width * self._height, self._width * self._height // 4
        if picture.dtype != np.uint8 or picture.size != luma + 2 * chroma or not picture.flags.c_contiguous:
            raise ValueError(
                f"picture is {picture.dtype} {picture.shape}, expected {luma + 2 * chroma} bytes"
            )
        first = picture.ctypes.data
        half = self._width // 2
        planes = Planes(first, first + luma, first + luma + chroma, self._width, half, half)
        chain = [Node(kind, ctypes.addressof(data), ctypes.sizeof(data), None) for kind, data in nodes]
        for node, after in pairwise(chain):
            node.next = ctypes.addressof(after)
        buffer = Buffer(
            size=ctypes.sizeof(Buffer),
            data=ctypes.addressof(planes),
            filled=picture.size,
            allocated=picture.size,
            nodes=ctypes.addressof(chain[0]) if chain else None,
            pts=self._count,
            type=KEY if key else BY_ITSELF,
        )
        self._check(
            self._functions.svt_av1_enc_send_picture(self._handle, ctypes.byref(buffer)), "send_picture"
        )
        out = ctypes.POINTER(Buffer)()
        failed = self._functions.svt_av1_enc_get_packet(self._handle, ctypes.byref(out), 0)
        self._check(failed, "get_packet")
        packet = out.contents
        data = ctypes.string_at(packet.data, packet.filled)
        encoded = Encoded(data, min(packet.avg_qp, COARSEST), packet.type == KEY)
        pts = packet.pts
        self._functions.svt_av1_enc_release_out_buffer(ctypes.byref(out))
        if pts != self._count:
            raise SvtError(f"AV1: SVT-AV1 answers picture {self._count} with {pts}")
        self._count += 1
        return encoded

    def close(self) -> None:
        """Give everything back; again and again does no harm."""
        with self._lock:
            self._close()

    @staticmethod
    def _check(failed: int, call: str) -> None:
        if failed:
            raise SvtError(f"AV1: SVT-AV1 refuses {call} ({failed & 0xFFFFFFFF:#010x})")


def padded(side: int) -> int:
    """The side that is given to the library for one of so many pixels."""
    return max(-(-side // _ALIGNED) * _ALIGNED, SMALLEST)
