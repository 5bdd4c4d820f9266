"""H.264 over SRT by the protocol's own tool, one process for each end of the link.

`python -m edgesr_ros.live.peers.srt robot|ground FOLDER SETTING`, the setting as JSON. PyAV's wheel has no
SRT, so that `srt-live-transmit` carries the transport stream: it takes and gives UDP within each namespace.
"""

import io
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import av
import cv2
import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.experiment.plan import Camera, Srt
from edgesr_ros.link.namespaces import ADDRESSES
from edgesr_ros.live.peers.bar_code import number_in
from edgesr_ros.live.peers.process import Setting, run_end
from edgesr_ros.live.peers.record import Recorder
from edgesr_ros.live.peers.y4m import as_fraction, read_y4m
from edgesr_ros.live.screens import Looks

TOOL = "srt-live-transmit"
_PORT, _LOCAL_PORT = 9000, 9001
_PACKET = 1316  # bytes: seven of a transport stream's, as SRT sends them
_BUFFER_FRAMES = 2  # that x264 may be ahead or behind of its rate
_END = 2.0  # s that the tool has for it


def check_srt() -> None:
    """Whether what it needs is installed.

    Raises:
        InputError: it is not; names the package.
    """
    if shutil.which(TOOL) is None:
        raise InputError(f"kind: srt: expected `{TOOL}` (Debian's package srt-tools)")


def robot(_folder: Path, setting: Setting[Srt], record: Recorder, going: Callable[[], bool]) -> None:
    """The end with the camera: each frame encoded and sent when it is taken."""
    camera, contender = setting.camera, setting.contender
    to = f"srt://{ADDRESSES['ground']}:{_PORT}?mode=caller&latency={contender.latency_ms}"
    frames = read_y4m(Path(setting.recording), camera.width, camera.height)
    with _tool(f"udp://127.0.0.1:{_LOCAL_PORT}", to) as tool, _Sink() as sink:
        _wait_for_connection(tool)
        with av.open(sink, "w", format="mpegts", options=_MUXED) as container:
            stream = container.add_stream("libx264", rate=as_fraction(camera.rate_hz))
            _configure(stream.codec_context, camera, contender)
            start, number = time.monotonic(), 0
            while going():
                time.sleep(max(0.0, start + number / camera.rate_hz - time.monotonic()))
                yuv = next(frames)
                record.camera(time.time_ns(), number_in(yuv[: camera.height]))
                frame = av.VideoFrame.from_ndarray(yuv, format="yuv420p")
                frame.pts, frame.time_base = number, 1 / as_fraction(camera.rate_hz)
                for packet in stream.encode(frame):
                    container.mux(packet)
                    record.sent(time.time_ns(), packet.size)
                number += 1


def ground(_folder: Path, setting: Setting[Srt], record: Recorder, going: Callable[[], bool]) -> None:
    """The end with the screen, which shows what FFmpeg's decoder makes of what came, damage and all."""
    camera = setting.camera
    source = f"srt://:{_PORT}?mode=listener&latency={setting.contender.latency_ms}"
    looks, screen = Looks(setting.samples_per_s), list[tuple[int, np.ndarray]]()

    def look() -> None:
        if looks.due():
            record.screen(time.time_ns(), screen)

    with _Source(going, look) as arriving, _tool(source, f"udp://127.0.0.1:{_LOCAL_PORT}"):
        for yuv in _decoded(arriving):
            at_ns, position = time.time_ns(), number_in(yuv[: camera.height])
            record.arrived(at_ns)
            record.shown(at_ns, position)
            screen[:] = [*screen[-1:], (position, cv2.cvtColor(yuv, cv2.COLOR_YUV2RGB_I420))]


def _decoded(arriving: "_Source") -> Iterator[np.ndarray]:
    """Pictures of a transport stream: (height * 3 / 2, width) uint8 each."""
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    decoder.options = {"flags": "low_delay"}
    try:
        with av.open(arriving, format="mpegts", options=_DEMUXED) as container:
            for packet in container.demux(video=0):
                if not packet.size:
                    return
                with suppress(av.InvalidDataError):  # what was lost is missing: the old picture stays
                    for frame in decoder.decode(av.Packet(bytes(packet))):
                        yield frame.reformat(format="yuv420p").to_ndarray()
    except av.FFmpegError as error:
        if not arriving.ended:
            raise InputError(f"the transport stream cannot be read ({error})") from None


# A frame goes into packets at once, and out of them when its last one is there: FFmpeg's own defaults would
# wait for the beginning of the next frame, twice.
_MUXED = {"flush_packets": "1", "max_delay": "0", "omit_video_pes_length": "0"}
_DEMUXED = {"fflags": "nobuffer+noparse", "probesize": "4096", "analyzeduration": "0"}


def _configure(context: av.VideoCodecContext, camera: Camera, contender: Srt) -> None:
    """x264 as live senders run it: without delay, with even sizes, mended by a refresh once a second."""
    context.width, context.height, context.pix_fmt = camera.width, camera.height, "yuv420p"
    context.thread_count = 1
    rate = round(1000 * contender.kbps)
    context.bit_rate = rate
    context.options = {
        "preset": "veryfast",
        "tune": "zerolatency",
        "g": str(round(camera.rate_hz)),
        "x264-params": "intra-refresh=1",
        "maxrate": str(rate),
        "bufsize": str(round(_BUFFER_FRAMES * rate / camera.rate_hz)),
    }


class _Sink(io.RawIOBase):
    """Takes a transport stream and sends it in packets that SRT takes whole."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        for start in range(0, len(data), _PACKET):
            self._socket.sendto(data[start : start + _PACKET], ("127.0.0.1", _LOCAL_PORT))
        return len(data)

    def close(self) -> None:
        self._socket.close()
        super().close()


class _Source(io.RawIOBase):
    """Gives a transport stream as it comes, and nothing more when it is time to end.

    Args:
        going: tells that it is not.
        meanwhile: called often, also while nothing comes.

    Attributes:
        ended: it was time.
    """

    def __init__(self, going: Callable[[], bool], meanwhile: Callable[[], None]) -> None:
        self._going, self._meanwhile = going, meanwhile
        self.ended = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", _LOCAL_PORT))
        self._socket.settimeout(0.01)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:  # noqa: ARG002 - FFmpeg's buffer is larger than a datagram
        while self._going():
            self._meanwhile()
            try:
                return self._socket.recv(65536)
            except TimeoutError:
                continue
        self.ended = True
        return b""

    def close(self) -> None:
        self._socket.close()
        super().close()


def _wait_for_connection(tool: subprocess.Popen[str]) -> None:
    """Until the other end listens: the first packets hold the only key frame."""
    assert tool.stdout is not None
    said = ""
    for said in tool.stdout:
        if "connected" in said:
            return
    raise InputError(f"{TOOL} ended: {said.strip()}")


@contextmanager
def _tool(source: str, to: str) -> Iterator[subprocess.Popen[str]]:
    """The tool from one address to another, ended on leaving. It says little, and tries again by itself."""
    command = [TOOL, f"-chunk:{_PACKET}", "-loglevel:error", source, to]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(run_end({"robot": robot, "ground": ground}, Setting[Srt]))
