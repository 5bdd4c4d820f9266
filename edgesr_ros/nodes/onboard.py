"""The robot's side: camera frames in, as many and as good compressed frames out as the link carries."""

import secrets
import sys
import time
from copy import deepcopy
from typing import NamedTuple

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.ends.robot import Packet, Robot, RobotSettings
from edgesr_ros.errors import InputError
from edgesr_ros.frames.camera_info import scale_camera_info
from edgesr_ros.frames.message import image_to_array
from edgesr_ros.nodes.clock_exchange import ClockAnswers
from edgesr_ros.nodes.messages import as_array, nanoseconds, pairs_of, with_pairs
from edgesr_ros.nodes.node import COMPRESSED, LATCHED, EdgesrNode, run
from edgesr_ros.nodes.worker import NewestWins

_CAMERA_INFO_PERIOD = 1.0  # seconds; it hardly changes and costs as much as a tenth of a small frame


class _Frame(NamedTuple):
    header: Header
    array: np.ndarray  # (H, W, 3) RGB or (H, W) grey, uint8


class Onboard(EdgesrNode[RobotSettings]):
    """image_raw → image_lr/compressed: scale, encode, pace; never queues, never blocks a callback."""

    NAME = "onboard"
    PARAMETERS = RobotSettings

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self._robot = Robot(
            self.parameters.current,
            first_number=secrets.randbits(20),
            clock=time.monotonic,
            log=self.get_logger().warning,
        )
        self._next_camera_info = 0.0
        self._scale: int = self.parameters.current.scale  # of the last frame sent
        self._frames = self.publisher(CompressedImage, "image_lr/compressed", COMPRESSED)
        self._camera_info = self.publisher(CameraInfo, "image_lr/camera_info", LATCHED)
        self._clock_answers = ClockAnswers(self)
        self._rate_control = self.publisher(DiagnosticArray, "rate_control", COMPRESSED)
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
        self._robot.frame(time.monotonic())
        self._clock_answers.frame(nanoseconds(message.header.stamp))
        try:
            self._worker.put(_Frame(message.header, image_to_array(message)))
        except InputError as error:
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
            report = ArrivalReport.from_pairs(pairs_of(message))
        except InputError as error:
            self.bad_input(InputError(f"link_report: {error}"))
            return
        self._clock_answers.answer(report.arrival_ns)
        self._robot.reported(time.monotonic(), report)
        self._worker.wake()

    def _wait(self) -> float:
        self._robot.settings = self.parameters.current
        if self._reports.has_publisher():
            self._robot.expect_reports()
        return self._robot.wait(time.monotonic())

    def _send(self, frame: _Frame) -> None:
        try:
            with self.diagnostics.stage("encode"):
                packet = self._robot.encode(time.monotonic(), frame.array)
        except InputError as error:
            self.diagnostics.drop("malformed")
            self.bad_input(error)
            return
        data = as_array(packet.data)
        message = CompressedImage(header=frame.header, format=packet.format.text(), data=data)
        self._robot.sent(time.monotonic(), nanoseconds(frame.header.stamp), packet)
        self._frames.publish(message)
        self.diagnostics.count("frames_out")
        self.diagnostics.count("bytes_out", len(data))
        if packet.scale != self._scale:
            self._scale, self._next_camera_info = packet.scale, 0.0
        self._tell(frame.header, packet)

    def _tell(self, header: Header, packet: Packet) -> None:
        """What was decided, as numbers that PlotJuggler can draw, and on /diagnostics."""
        figures = {
            key: value if isinstance(value, str) else f"{value:.6g}"
            for key, value in packet.decision._asdict().items()
            if value is not None
        }
        figures |= {
            "sent_bytes": str(len(packet.data)),
            "scale": str(packet.scale),
            "codec": packet.encoder,
            "quality": str(packet.quality),
        }
        self.diagnostics.show(**figures)
        if self._rate_control.get_subscription_count():
            self._rate_control.publish(with_pairs(header, "rate_control", figures))


def main() -> int:
    """Entry point of the executable."""
    return run(Onboard)


if __name__ == "__main__":
    sys.exit(main())
