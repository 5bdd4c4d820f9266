"""The encoders of H.264 that PyAV's FFmpeg has: x264, and those of hardware, which are less at our command.

Whichever it is, a frame makes one packet at once, as an Annex B byte stream (ITU-T H.264) whose key frames
bring their parameter sets along.
"""

import re
from fractions import Fraction
from functools import cache
from typing import NamedTuple

import av
import numpy as np
from av.codec.codec import UnknownCodecError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from av.video.reformatter import Colorspace

from edgesr_ros.errors import InputError

AUTO, SOFTWARE = "auto", "software"
X264 = "libx264"
IDR = re.compile(rb"\x00\x00\x01[\x25\x45\x65]")  # start code and header of a key frame's slice

_NOMINAL_HZ = 30  # encoders count in bits per second; only the share of one frame matters here
_NEVER = 1 << 30  # frames from key frame to key frame: x264's infinity
_FORMATS = ("yuv420p", "nv12")
_PARAMETERS = re.compile(rb"\x00\x00\x01[\x27\x47\x67]")  # sequence parameter set
_SEI = re.compile(rb"\x00?\x00\x00\x01\x06.*?(?=\x00\x00\x01|\x00\x00\x00\x01)", re.DOTALL)
_QP_UNIT = 118  # FFmpeg tells the quantizer in steps of its FF_QP2LAMBDA
_TRIED_AT = (640, 480)  # hardware refuses pictures that are much smaller
_TRIED_FRAMES, _TRIED_BYTES = 3, 4000
# Low delay and key frames on demand, where an encoder has a word for them.
_OPTIONS = {
    "h264_nvenc": {
        "preset": "p4",
        "tune": "ull",
        "rc": "cbr",
        "delay": "0",
        "zerolatency": "1",
        "forced-idr": "1",
    },
    "h264_qsv": {"async_depth": "1", "look_ahead": "0", "forced_idr": "1"},
    "h264_amf": {"usage": "ultralowlatency", "rc": "cbr", "forced_idr": "1"},
}


class EngineError(Exception):
    """An encoder cannot be opened, or does not do what is needed; one line."""


class Packet(NamedTuple):
    """An encoded frame."""

    data: bytes
    quantizer: float | None  # mean, 0 (best) to 51; None: the encoder does not tell


class Size(NamedTuple):
    """Bytes of packets."""

    mean: int
    largest: int

    @property
    def bit_rate(self) -> int:
        """Bits per second in the mean; never less than x264 can count."""
        return max(self.mean * 8 * _NOMINAL_HZ, 1000)

    @property
    def buffer_bits(self) -> int:
        """Of the largest packet, in whole kilobits as x264 counts; never 0, which were no limit."""
        return max(round(self.largest * 8 / 1000), 1) * 1000


@cache
def steered() -> bool:
    """Whether the largest size can be changed while frames flow: PyAV 17 cannot yet."""
    return hasattr(VideoCodecContext, "rc_buffer_size")


@cache
def encoder_names() -> tuple[str, ...]:
    """The encoders of H.264 that this PyAV has, whether or not they can be opened on this machine."""
    wanted = av.codec.Codec(X264, "w").id
    found = []
    for name in sorted(av.codecs_available):
        try:
            codec = av.codec.Codec(name, "w")
        except UnknownCodecError:
            continue
        # FFmpeg finds one by the name of its format, too, which is not the encoder's own.
        if codec.id == wanted and codec.name == name and _format_of(codec) is not None:
            found.append(name)
    return tuple(found)


def check_name(asked: str) -> None:
    """Refuse what is no encoder at all.

    Raises:
        InputError: it is neither `auto`, `software` nor one of `encoder_names`.
    """
    if asked not in (AUTO, SOFTWARE, *encoder_names()):
        known = ", ".join((AUTO, SOFTWARE, *encoder_names()))
        raise InputError(f"encoder: PyAV {av.__version__} has no {asked!r}, expected one of {known}")


def usable_encoder(asked: str) -> str:
    """The name of the encoder to use; one of hardware is tried, once for all.

    Args:
        asked: `auto`: one of hardware where any works here, else x264; `software`: x264; or one of
            `encoder_names`.

    Raises:
        InputError: as `check_name`, or it does not work on this machine.
    """
    check_name(asked)
    if asked == SOFTWARE:
        return X264
    if asked == AUTO:
        return next((name for name in encoder_names() if name != X264 and _refusal(name) is None), X264)
    if (reason := _refusal(asked)) is not None:
        usable = ", ".join([AUTO, SOFTWARE, *(name for name in encoder_names() if _refusal(name) is None)])
        raise InputError(f"encoder: {asked} cannot be used here ({reason}), expected one of {usable}")
    return asked


@cache
def _refusal(name: str) -> str | None:
    """Why an encoder does not do what is needed on this machine; None: it does."""
    width, height = _TRIED_AT
    grey = av.VideoFrame.from_ndarray(np.full((height, width), 128, np.uint8), format="gray")
    try:
        engine = Engine(name, width, height, Size(_TRIED_BYTES, _TRIED_BYTES), sweep=0)
        for number in range(_TRIED_FRAMES):
            key = number == _TRIED_FRAMES - 1
            if IDR.search(engine.encode(grey, key=key).data) is None and (key or number == 0):
                return "it makes no key frame when asked"
    except EngineError as error:
        return str(error)
    return None


class Engine:
    """An encoder, open. All frames but the first build on the one before, unless a key frame is asked for.

    Args:
        name: one of `encoder_names`.
        width: of the frames, even, as `height`.
        aim: size of the packets, or a quality: x264's constant rate factor, which no other encoder takes.
        sweep: so many frames after its last beginning a column of intra blocks begins to sweep over the
            picture; 0: none does. Of x264 alone.

    Raises:
        EngineError: it cannot be opened, or not for this size.
    """

    def __init__(self, name: str, width: int, height: int, aim: Size | float, sweep: int) -> None:
        context = av.CodecContext.create(name, "w")
        assert isinstance(context, VideoCodecContext)
        context.width, context.height = width, height
        context.pix_fmt = _format_of(context.codec)
        context.colorspace = Colorspace.ITU601
        context.framerate = Fraction(_NOMINAL_HZ)
        context.time_base = 1 / context.framerate
        context.thread_count = 1
        context.max_b_frames = 0
        self.is_x264 = name == X264
        options = _x264_options(sweep) if self.is_x264 else dict(_OPTIONS.get(name, {}))
        options["g"] = str(sweep or _NEVER)
        if isinstance(aim, Size):
            context.bit_rate = aim.bit_rate
            # A constant rate: what x264 calls an average one makes good for minutes for what was spent at
            # another, or, where that is forbidden (ratetol), stays a quarter above what is asked for.
            options |= {"maxrate": str(aim.bit_rate), "bufsize": str(aim.buffer_bits)}
        else:
            options["crf"] = f"{aim:g}"
        context.options = options
        try:
            context.open(strict=False)
        except (av.FFmpegError, ValueError) as error:
            raise EngineError(f"it cannot be opened: {getattr(error, 'strerror', None) or error}") from None
        self._context, self._count = context, 0

    def resize(self, size: Size) -> None:
        """Another size of the packets, of x264: others take none, or make a key frame of each."""
        self._context.bit_rate = size.bit_rate
        if steered():
            self._context.max_bit_rate = size.bit_rate
            self._context.rc_buffer_size = size.buffer_bits

    def encode(self, frame: av.VideoFrame, *, key: bool) -> Packet:
        """A frame → its packet.

        Raises:
            EngineError: the encoder fails, or keeps the frame back.
        """
        frame.pts = self._count
        frame.pict_type = PictureType.I if key else PictureType.NONE
        self._count += 1
        try:
            packets = self._context.encode(frame)
        except (av.FFmpegError, ValueError) as error:
            raise EngineError(f"it fails: {getattr(error, 'strerror', None) or error}") from None
        if not packets:
            raise EngineError("it keeps frames back, expected a packet for each at once")
        data = b"".join(bytes(packet) for packet in packets)
        if IDR.search(data):
            data = _SEI.sub(b"", data)  # only x264's settings as a text of 700 bytes
            if _PARAMETERS.search(data) is None:
                data = bytes(self._context.extradata or b"") + data
            if _PARAMETERS.search(data) is None:
                raise EngineError("its key frames have no parameter sets")
        return Packet(data, _quantizer(packets[-1]))


def _format_of(codec: av.codec.Codec) -> str | None:
    """Of the pictures that an encoder takes; some do not say which, and take either; None: none of ours."""
    formats = [form.name for form in codec.video_formats or ()]
    return next((form for form in _FORMATS if form in formats or not formats), None)


def _x264_options(sweep: int) -> dict[str, str]:
    options = {
        "preset": "veryfast",
        "tune": "zerolatency",
        "sc_threshold": "0",  # no key frames at cuts
        "forced-idr": "1",
    }
    if sweep:
        # Intra blocks must not look at neighbours that a receiver in recovery does not have right.
        options |= {"intra-refresh": "1", "x264-params": "constrained-intra=1"}
    return options


def _quantizer(packet: av.Packet) -> float | None:
    stats = bytes(packet.get_sidedata("quality_stats"))
    return int.from_bytes(stats[:4], "little") / _QP_UNIT if len(stats) >= 4 else None
