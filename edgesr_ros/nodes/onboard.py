"""The robot's side: camera frames in, as many and as good compressed frames out as the link carries."""

import secrets
import sys
import time
from copy import deepcopy
from typing import NamedTuple

from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import CameraInfo, CompressedImage
from std_msgs.msg import Header

from edgesr_ros.codecs.parts import Message
from edgesr_ros.control.brief import from_pairs
from edgesr_ros.control.stamps import StampWatch
from edgesr_ros.ends.robot import Packet, Robot
from edgesr_ros.ends.robot_settings import RobotSettings
from edgesr_ros.errors import InputError
from edgesr_ros.frames.camera_info import scale_camera_info
from edgesr_ros.frames.visible_range import ValueRange
from edgesr_ros.nodes.camera import Camera, Shot
from edgesr_ros.nodes.clock_exchange import ClockAnswers
from edgesr_ros.nodes.messages import as_array, nanoseconds, pairs_of, to_time, with_pairs
from edgesr_ros.nodes.node import COMPRESSED, FIGURES, LATCHED, EdgesrNode, run
from edgesr_ros.nodes.worker import NewestWins

_CAMERA_INFO_PERIOD = 1.0  # seconds; it hardly changes and costs as much as a tenth of a small frame


class _Frame(NamedTuple):
    header: Header
    shot: Shot
    shown: ValueRange | None  # of the camera's values, where they have more than 8 bits


class Onboard(EdgesrNode[RobotSettings]):
    """image_raw → image_lr/compressed: scale, encode, pace; never queues, never blocks a callback."""

    NAME = "onboard"
    PARAMETERS = RobotSettings

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        settings = self.parameters.current
        self._robot = Robot(settings, secrets.randbits(32), time.monotonic, self.get_logger().warning)
        self._scale, self._next_camera_info = settings.scale, 0.0  # the scale of the last frame sent
        self._frames = self.publisher(CompressedImage, "image_lr/compressed", COMPRESSED)
        self._camera_info = self.publisher(CameraInfo, "image_lr/camera_info", LATCHED)
        self._clock_answers = ClockAnswers(self)
        self._stamps = StampWatch()
        self._frame_id = ""  # of the last frame sent
        self._rate_control = self.publisher(DiagnosticArray, "rate_control", FIGURES)
        self._worker = NewestWins[_Frame](
            self._send,
            skipped=lambda: self.diagnostics.drop("paced"),
            failed=self.frame_failed,
            ready=self._wait,
        )
        heard = [self._frames]
        self._camera = Camera(self, "image_raw", self._came, self._on_frame, self._malformed, heard)
        self.subscribe(CameraInfo, "camera_info", self._on_camera_info, while_heard=heard, optional=True)
        self._reports = self.subscribe(
            DiagnosticArray, "link_report", self._on_report, COMPRESSED, optional=True
        )

    def close(self) -> None:
        self._worker.close()

    def _came(self, header: Header) -> None:
        self.diagnostics.count("frames_in")
        now, stamp_ns = time.monotonic(), nanoseconds(header.stamp)
        self._robot.frame(now)
        self._clock_answers.frame(stamp_ns)
        if wrong := self._stamps.frame(now, stamp_ns):
            topic = self.resolve_topic_name("image_raw")
            self.diagnostics.warn(f"{topic}: {wrong}; pictures have no age where stamps do not grow")

    def _on_frame(self, header: Header, shot: Shot) -> None:
        self._worker.put(_Frame(header, shot, self._camera.shown))

    def _malformed(self, error: InputError) -> None:
        self.diagnostics.drop("malformed")
        self.bad_input(error)

    def _on_camera_info(self, message: CameraInfo) -> None:
        now, scale = time.monotonic(), self._scale
        if now < self._next_camera_info:
            return
        self._next_camera_info = now + _CAMERA_INFO_PERIOD
        info = deepcopy(message)
        scale_camera_info(info, 1 / scale, 1 / scale, -(-message.width // scale), -(-message.height // scale))
        self._camera_info.publish(info)

    def _on_report(self, message: DiagnosticArray) -> None:
        try:
            report = from_pairs(pairs_of(message))
        except InputError as error:
            self.bad_input(InputError(f"link_report: {error}"))
            return
        self._clock_answers.answer(report.arrival_ns)
        self._robot.reported(time.monotonic(), report)
        self._publish(again := self._robot.again(time.monotonic()))
        self.diagnostics.count("sent_again", len(again))
        self._worker.wake()

    def _wait(self) -> float:
        self._robot.settings = self.parameters.current
        if self._reports.has_publisher():
            self._robot.expect_reports()
        return self._robot.wait(time.monotonic())

    def _send(self, frame: _Frame) -> None:
        try:
            with self.diagnostics.stage("encode"):
                packet = self._robot.encode(time.monotonic(), frame.shot)
        except InputError as error:
            self._malformed(error)
            return
        packet, self._frame_id = packet.showing(frame.shown), frame.header.frame_id
        self._publish(self._robot.sent(time.monotonic(), nanoseconds(frame.header.stamp), packet))
        self.diagnostics.count("frames_out")
        if packet.scale != self._scale:
            self._scale, self._next_camera_info = packet.scale, 0.0
        self._tell(frame.header, packet, frame.shown)

    def _publish(self, messages: list[Message]) -> None:
        for message in messages:
            header = Header(stamp=to_time(message.stamp_ns), frame_id=self._frame_id)
            data = as_array(message.data)
            self._frames.publish(CompressedImage(header=header, format=message.format, data=data))
            self.diagnostics.count("bytes_out", len(data))

    def _tell(self, header: Header, packet: Packet, shown: ValueRange | None) -> None:
        """What was decided, as numbers that PlotJuggler can draw, and on /diagnostics."""
        figures = packet.to_pairs()
        if shown is not None:
            figures |= {"range_low": f"{shown.low:.6g}", "range_high": f"{shown.high:.6g}"}
        self.diagnostics.show(**figures)
        if self._rate_control.get_subscription_count():
            self._rate_control.publish(with_pairs(header, "rate_control", figures))


def main() -> int:
    """Entry point of the executable."""
    return run(Onboard)


if __name__ == "__main__":
    sys.exit(main())
