"""A camera made of a recording: image folder, video, rosbag, or a USB camera."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Literal

from builtin_interfaces.msg import Time
from msgspec import Meta
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image

from edgesr_ros.errors import InputError
from edgesr_ros.frames.camera_info import copy_camera_info
from edgesr_ros.frames.message import fill_image
from edgesr_ros.nodes.memory import FREED
from edgesr_ros.nodes.messages import to_time
from edgesr_ros.nodes.node import EdgesrNode, run
from edgesr_ros.schema import FIXED, Struct
from edgesr_ros.sources.opening import SourceFrame, open_source
from edgesr_ros.sources.pacing import Pacing

_CLOCK_PERIOD = 0.01  # seconds of wall time between ticks of /clock
_DEFAULT_RATE = 10.0  # Hz, for image folders, which have no rate of their own
_LINGER = 0.5  # seconds in which the middleware delivers the last frame
_SETTLE = 1.0  # seconds in which those behind the first listener find each other
_START_TIMEOUT = 5.0  # seconds to wait for the first listener


class FramePlayerParameters(Struct):
    """Parameters of `frame_player`; defaults in config/frame_player.yaml."""

    source: Annotated[
        str,
        Meta(
            description="Image folder, video file, rosbag folder or file, or camera:0.",
            extra_json_schema=FIXED,
        ),
    ]
    topic: Annotated[str, Meta(description="Image topic of a bag; empty: its best.", extra_json_schema=FIXED)]
    rate: Annotated[
        float,
        Meta(ge=0, description="Frames per second; 0: the recording's own.", extra_json_schema=FIXED),
    ]
    stamps: Annotated[
        Literal["now", "recording"],
        Meta(description="Stamp frames afresh, or keep the recording's stamps.", extra_json_schema=FIXED),
    ]
    publish_clock: Annotated[
        bool, Meta(description="Publish the recording's time on /clock.", extra_json_schema=FIXED)
    ]
    loop: Annotated[bool, Meta(description="Start over at the end.", extra_json_schema=FIXED)]
    frame_id: Annotated[
        str, Meta(description="frame_id of the camera; empty: the recording's.", extra_json_schema=FIXED)
    ]


class FramePlayer(EdgesrNode[FramePlayerParameters]):
    """Publishes image_raw and camera_info at the recording's pace; ends with the recording."""

    NAME = "frame_player"
    PARAMETERS = FramePlayerParameters

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        settings = self.parameters.current
        if not settings.source:
            raise InputError(
                f"{self.get_name()}: parameter source: expected a folder, video, bag or camera:0"
            )
        self._source = open_source(settings.source, settings.topic or None)
        self.get_logger().info(f"playing {self._source.description}")
        self._images = self.publisher(Image, "image_raw")
        self._message = Image()  # one for all frames: publishing copies it
        self._camera_info = self.publisher(CameraInfo, "camera_info")
        self._notes_told = self._stamps_told = False
        self._clock_ticks = self.create_publisher(Clock, "/clock", 10) if settings.publish_clock else None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._play, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._thread.join()
        # The logger is shut down by now.
        self._tell_notes(lambda note: print(f"[WARN]: {note}", file=sys.stderr, flush=True))
        self._source.close()

    def _play(self) -> None:
        failure = None
        try:
            self._wait_for_listener()
            for frame, due in self._schedule():
                if not self._wait_until(due, frame):
                    return
                self._publish(frame)
        except InputError as error:
            failure = error
        except RuntimeError:
            if self.context.ok():
                raise
            return  # it was interrupted while it published
        self._tell_notes(self.get_logger().warning)
        self.diagnostics.publish()
        self._closed.wait(_LINGER)
        self.get_logger().info("end of the recording")
        self.end(failure)

    def _wait_for_listener(self) -> None:
        """Discovery takes a moment; the first frames of a recording should not be lost to it."""
        deadline = time.monotonic() + _START_TIMEOUT
        while not self._images.get_subscription_count() and time.monotonic() < deadline:
            if self._closed.wait(0.05):
                return
        self._closed.wait(_SETTLE)

    def _schedule(self) -> Iterator[tuple[SourceFrame, float]]:
        """Frames with the time at which each is due on the monotonic clock."""
        settings = self.parameters.current
        period = 1 / (settings.rate or self._source.rate_hz or _DEFAULT_RATE)
        due = time.monotonic()
        while True:
            pacing = Pacing()
            previous = None
            for frame in self._source:
                if previous is not None:
                    due += period if settings.rate else pacing.gap_s(previous, frame, period)
                    self._tell_stamps(pacing)
                previous = frame
                due = max(due, time.monotonic())  # late is late: no burst to catch up
                yield frame, due
            if not settings.loop:
                return
            self._tell_notes(self.get_logger().warning)
            due += period

    def _tell_notes(self, say: Callable[[str], object]) -> None:
        """Say once, after the first pass or what there was of it, what is wrong with the recording."""
        notes = [] if self._notes_told else self._source.notes()
        self._notes_told = True
        for note in notes:
            say(note)

    def _tell_stamps(self, pacing: Pacing) -> None:
        if pacing.note and not self._stamps_told:
            self._stamps_told = True
            self.get_logger().warning(pacing.note)

    def _wait_until(self, due: float, frame: SourceFrame) -> bool:
        """Sleep until `due`, ticking /clock towards the frame's stamp; false when the node closes."""
        while (left := due - time.monotonic()) > 0:
            if self._clock_ticks is not None:
                self._tick(frame.stamp_ns - round(left * 1e9))
            if self._closed.wait(min(left, _CLOCK_PERIOD if self._clock_ticks is not None else left)):
                return False
        return not self._closed.is_set()

    def _tick(self, nanoseconds: int) -> None:
        if self._clock_ticks is not None and nanoseconds >= 0:
            self._clock_ticks.publish(Clock(clock=to_time(nanoseconds)))

    def _publish(self, frame: SourceFrame) -> None:
        settings = self.parameters.current
        self._tick(frame.stamp_ns)
        message = self._message
        message.header.stamp = self._stamp(frame)
        message.header.frame_id = settings.frame_id or frame.frame_id
        with self.diagnostics.stage("publish"):
            FREED.picture(frame.array.nbytes)
            fill_image(message, frame.array, frame.encoding)
            self._images.publish(message)
        info = CameraInfo(header=message.header, width=message.width, height=message.height)
        if frame.camera_info is not None:
            copy_camera_info(frame.camera_info, info)
        self._camera_info.publish(info)
        self.diagnostics.count("frames_out")

    def _stamp(self, frame: SourceFrame) -> Time:
        if self.parameters.current.stamps == "recording":
            return to_time(frame.stamp_ns)
        return self.get_clock().now().to_msg()


def main() -> int:
    """Entry point of the executable."""
    return run(FramePlayer, publish_in_background=True)


if __name__ == "__main__":
    sys.exit(main())
