"""The robot's side: camera frames in, as many and as good compressed frames out as the link carries."""

import secrets
import sys
import time

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.parameter import Parameter
from std_msgs.msg import String

from edgesr_ros.control.brief import from_pairs
from edgesr_ros.ends.cameras import Cameras
from edgesr_ros.ends.robot_settings import RobotSettings
from edgesr_ros.errors import InputError
from edgesr_ros.nodes.messages import pairs_by_camera
from edgesr_ros.nodes.node import COMPRESSED, EdgesrNode, run
from edgesr_ros.nodes.sending_camera import Frame, SendingCamera
from edgesr_ros.nodes.worker import NewestWins


class Onboard(EdgesrNode[RobotSettings]):
    """image_raw → image_lr/compressed: scale, encode, pace; never queues, never blocks a callback.

    With several cameras each has these topics below its name, and one thread encodes for all: their frames
    go out one after the other anyway.
    """

    NAME = "onboard"
    PARAMETERS = RobotSettings

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        settings = self.parameters.current
        log = self.get_logger().warning
        self._robot = Cameras(settings, lambda: secrets.randbits(32), time.monotonic, log)
        self._worker = NewestWins[Frame](
            lambda frame: frame.camera.send(frame),
            skipped=lambda: self.diagnostics.drop("paced"),
            failed=self.frame_failed,
            ready=self._wait,
            kind=lambda frame: frame.camera.name,
        )
        self._cameras = {
            name: SendingCamera(self, name, robot, self._worker.put, settings.scale, self._robot.rate)
            for name, robot in self._robot.robots.items()
        }
        self._reports = self.subscribe(
            DiagnosticArray, "link_report", self._on_report, COMPRESSED, optional=True
        )
        if settings.cameras:
            self.subscribe(String, "focus", self._on_focus, COMPRESSED, optional=True, shared=True)

    def close(self) -> None:
        self._worker.close()

    def _on_report(self, message: DiagnosticArray) -> None:
        try:
            told = pairs_by_camera(message, list(self._cameras))
            reports = {name: from_pairs(pairs) for name, pairs in told.items()}
        except InputError as error:
            self.bad_input(InputError(f"link_report: {error}"))
            return
        for name, report in reports.items():
            self._cameras[name].answer(report)
        self._robot.reported(time.monotonic(), reports)
        for name in reports:
            self._cameras[name].send_again()
        self._worker.wake()

    def _on_focus(self, message: String) -> None:
        """As if the parameter were set: who asks for it is told what holds."""
        (result,) = self.set_parameters([Parameter("focus", value=message.data)])
        if not result.successful:
            self.bad_input(InputError(result.reason))

    def _wait(self, frame: Frame) -> float:
        self._robot.use(self.parameters.current)
        if self._reports.has_publisher():
            self._robot.expect_reports()
        elif frame.camera.has_newcomer():
            self._robot.newcomer()
        return frame.camera.robot.wait(time.monotonic())


def main() -> int:
    """Entry point of the executable."""
    return run(Onboard)


if __name__ == "__main__":
    sys.exit(main())
