"""The robot's side: camera frames in, as many small compressed frames out as the link carries."""

import sys
import threading
import time
from copy import deepcopy
from typing import Annotated, Literal, NamedTuple

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from msgspec import Meta
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from edgesr_ros.errors import InputError
from edgesr_ros.frames.camera_info import scale_camera_info
from edgesr_ros.frames.codecs import FrameFormat, encode
from edgesr_ros.frames.message import image_to_array
from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.link.pacer import Pacer
from edgesr_ros.link.report import ArrivalReport
from edgesr_ros.nodes.messages import as_array, nanoseconds, pairs_of
from edgesr_ros.nodes.node import COMPRESSED, LATCHED, EdgesrNode, run
from edgesr_ros.nodes.parameters import FIXED
from edgesr_ros.nodes.worker import NewestWins
from edgesr_ros.schema import Struct

_SHORTEST_WAIT = 1e-3  # seconds, so that a deadline of this very moment is not asked for in a loop
_CAMERA_INFO_PERIOD = 1.0  # seconds; it hardly changes and costs as much as a tenth of a small frame


class OnboardParameters(Struct):
    """Parameters of `onboard`; defaults in config/onboard.yaml."""

    scale: Annotated[Literal[1, 2, 4, 8], Meta(description="Both sides of the picture are divided by this.")]
    codec: Annotated[Literal["webp", "jpeg", "png"], Meta(description="How reduced frames are compressed.")]
    quality: Annotated[int, Meta(ge=1, le=100, description="Quality of WebP or JPEG; PNG ignores it.")]
    max_rate: Annotated[float, Meta(ge=0, description="Most frames per second to send, Hz; 0: no limit.")]
    window_frames: Annotated[
        int, Meta(ge=1, le=16, description="Most frames on the way at once.", extra_json_schema=FIXED)
    ]
    rate_bytes_per_s: Annotated[
        float,
        Meta(
            ge=0,
            description="Budget in bytes per second while no receiver reports arrivals; 0: no limit.",
            extra_json_schema=FIXED,
        ),
    ]


class _Frame(NamedTuple):
    header: Header
    array: np.ndarray  # (H, W, 3) RGB or (H, W) grey, uint8


class Onboard(EdgesrNode[OnboardParameters]):
    """image_raw → image_lr/compressed: scale, encode, pace; never queues, never blocks a callback."""

    NAME = "onboard"
    PARAMETERS = OnboardParameters

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        settings = self.parameters.current
        self._pacer = Pacer(settings.window_frames, settings.rate_bytes_per_s or None)
        self._pacer_lock = threading.Lock()
        self._next_send = 0.0  # by max_rate, on the monotonic clock
        self._next_camera_info = 0.0
        self._frames = self.publisher(CompressedImage, "image_lr/compressed", COMPRESSED)
        self._camera_info = self.publisher(CameraInfo, "image_lr/camera_info", LATCHED)
        self._worker = NewestWins[_Frame](
            self._send,
            skipped=lambda: self.diagnostics.drop("paced"),
            failed=self.frame_failed,
            ready=self._wait,
        )
        heard = [self._frames]
        self.subscribe(Image, "image_raw", self._on_image, while_heard=heard)
        self.subscribe(CameraInfo, "camera_info", self._on_camera_info, while_heard=heard, optional=True)
        self._reports = self.subscribe(
            DiagnosticArray, "link_report", self._on_report, COMPRESSED, optional=True
        )

    def close(self) -> None:
        self._worker.close()

    def _on_image(self, message: Image) -> None:
        self.diagnostics.count("frames_in")
        try:
            self._worker.put(_Frame(message.header, image_to_array(message)))
        except InputError as error:
            self.diagnostics.drop("malformed")
            self.bad_input(error)

    def _on_camera_info(self, message: CameraInfo) -> None:
        now = time.monotonic()
        if now < self._next_camera_info:
            return
        self._next_camera_info = now + _CAMERA_INFO_PERIOD
        scale = self.parameters.current.scale
        info = deepcopy(message)
        scale_camera_info(info, 1 / scale, 1 / scale, -(-message.width // scale), -(-message.height // scale))
        self._camera_info.publish(info)

    def _on_report(self, message: DiagnosticArray) -> None:
        try:
            report = ArrivalReport.from_pairs(pairs_of(message))
        except InputError as error:
            self.bad_input(InputError(f"link_report: {error}"))
            return
        with self._pacer_lock:
            self._pacer.acknowledged(time.monotonic(), report.stamp_ns)
        self._worker.wake()

    def _wait(self) -> float:
        """Seconds until the next frame may be sent."""
        now = time.monotonic()
        with self._pacer_lock:
            if self._reports.has_publisher():
                self._pacer.expect_reports()
            deadline = self._pacer.next_deadline(now)
        pacing = 0.0 if deadline is None else max(deadline - now, _SHORTEST_WAIT)
        return max(pacing, self._next_send - now)

    def _send(self, frame: _Frame) -> None:
        settings = self.parameters.current
        with self.diagnostics.stage("reduce"):
            reduced = reduce_frame(frame.array, settings.scale)
        try:
            with self.diagnostics.stage("encode"):
                data = encode(reduced, settings.codec, settings.quality)
        except InputError as error:  # larger than the codec can hold; a smaller one may follow
            self.diagnostics.drop("malformed")
            self.bad_input(error)
            return
        height, width = frame.array.shape[:2]
        form = FrameFormat(
            encoding="mono8" if frame.array.ndim == 2 else "rgb8",
            codec=settings.codec,
            full_width=width,
            full_height=height,
        )
        message = CompressedImage(header=frame.header, format=form.text(), data=as_array(data))
        now = time.monotonic()
        if settings.max_rate:
            # From the time that was due, not from now: lateness of one frame must not lower the rate.
            period = 1 / settings.max_rate
            self._next_send = max(self._next_send, now - period) + period
        with self._pacer_lock:
            self._pacer.sent(now, nanoseconds(frame.header.stamp), len(data))
            rate, trip = self._pacer.delivery_rate, self._pacer.round_trip
        self._frames.publish(message)
        self.diagnostics.count("frames_out")
        self.diagnostics.count("bytes_out", len(data))
        self.diagnostics.show(delivery_rate_bytes_per_s=rate, round_trip_s=trip)


def main() -> int:
    """Entry point of the executable."""
    return run(Onboard)


if __name__ == "__main__":
    sys.exit(main())
