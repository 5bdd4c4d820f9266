"""A camera of `onboard`: its topics, and its frames from callback to radio."""

import time
from collections.abc import Callable
from copy import deepcopy
from typing import NamedTuple

from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import CameraInfo, CompressedImage
from std_msgs.msg import Header

from edgesr_ros.codecs.parts import Message
from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.control.stamps import StampWatch
from edgesr_ros.ends.robot import Packet, Robot
from edgesr_ros.errors import InputError
from edgesr_ros.frames.camera_info import scale_camera_info
from edgesr_ros.frames.visible_range import ValueRange
from edgesr_ros.nodes.camera import Camera, Shot
from edgesr_ros.nodes.clock_exchange import ClockAnswers
from edgesr_ros.nodes.messages import as_array, nanoseconds, to_time, with_pairs
from edgesr_ros.nodes.node import FIGURES, LATCHED, PARTS, EdgesrNode

_OF_LINK = ("state", "capacity_bytes_per_s", "wait", "loss", "round_trip")  # the same for all cameras
# Seconds until a camera_info that has changed may follow, and until one that has not is sent again: it is
# kept for who comes late, and takes as many bytes as a small frame.
_INFO_PERIOD, _SAME_INFO_PERIOD = 1.0, 10.0


class Frame(NamedTuple):
    """A frame that waits to be sent."""

    camera: "SendingCamera"
    header: Header
    shot: Shot
    shown: ValueRange | None  # of the camera's values, where they have more than 8 bits


class SendingCamera:
    """image_raw → image_lr/compressed, with all that belongs to one camera.

    Args:
        node: whose topics it has.
        name: before the names of its topics; empty: nothing is.
        robot: that encodes its frames.
        taken: called for each frame.
        scale: that frames are reduced by before the first was sent.
        total_rate: bytes per second of all cameras together, at a time of `time.monotonic`.

    Attributes:
        name: of it.
        robot: that encodes its frames.
    """

    def __init__(
        self,
        node: EdgesrNode,
        name: str,
        robot: Robot,
        taken: Callable[[Frame], None],
        scale: int,
        total_rate: Callable[[float], float],
    ) -> None:
        self._node, self.name, self.robot, self._taken = node, name, robot, taken
        self._diagnostics = node.diagnostics
        self._scale, self._next_info = scale, 0.0  # the scale of the last frame sent
        self._info = CameraInfo()  # sent last
        self._info_again = 0.0  # when it is due although it has not changed
        self._total_rate = total_rate
        self._within = f"{name}/" if name else ""
        self._frames = node.publisher(CompressedImage, f"{self._within}image_lr/compressed", PARTS)
        self._camera_info = node.publisher(CameraInfo, f"{self._within}image_lr/camera_info", LATCHED)
        self._clock_answers = ClockAnswers(node, self._within)
        self._listeners = 0
        self._stamps = StampWatch()
        self._frame_id = ""  # of the last frame sent
        self._rate_control = node.publisher(DiagnosticArray, f"{self._within}rate_control", FIGURES)
        heard = [self._frames]
        self._image = f"{self._within}image_raw"
        self._camera = Camera(node, self._image, self._came, self._on_frame, self._malformed, heard)
        info = f"{self._within}camera_info"
        node.subscribe(CameraInfo, info, self._on_camera_info, while_heard=heard, optional=True)

    def has_newcomer(self) -> bool:
        """Whether somebody more listens to its frames than when this was asked last."""
        before, self._listeners = self._listeners, self._frames.get_subscription_count()
        return self._listeners > before

    def answer(self, report: ArrivalReport) -> None:
        """A report of its frames came."""
        self._clock_answers.answer(report.arrival_ns)

    def send_again(self) -> None:
        """Publish what the last report asks for."""
        self._publish(again := self.robot.again(time.monotonic()))
        self._diagnostics.count("sent_again", len(again))

    def send(self, frame: Frame) -> None:
        """Encode and publish a frame."""
        try:
            with self._diagnostics.stage("encode"):
                packet = self.robot.encode(time.monotonic(), frame.shot)
        except InputError as error:
            self._malformed(error)
            return
        packet, self._frame_id = packet.showing(frame.shown), frame.header.frame_id
        self._publish(self.robot.sent(time.monotonic(), nanoseconds(frame.header.stamp), packet))
        self._diagnostics.count("frames_out")
        if packet.scale != self._scale:
            self._scale, self._next_info = packet.scale, 0.0
        self._tell(frame.header, packet, frame.shown)

    def _came(self, header: Header) -> None:
        self._diagnostics.count("frames_in")
        now, stamp_ns = time.monotonic(), nanoseconds(header.stamp)
        self.robot.frame(now)
        self._clock_answers.frame(stamp_ns)
        if wrong := self._stamps.frame(now, stamp_ns):
            topic = self._node.resolve_topic_name(self._image)
            self._diagnostics.warn(f"{topic}: {wrong}; pictures have no age where stamps do not grow")

    def _on_frame(self, header: Header, shot: Shot) -> None:
        self._taken(Frame(self, header, shot, self._camera.shown))

    def _malformed(self, error: InputError) -> None:
        self._diagnostics.drop("malformed")
        self._node.bad_input(error)

    def _on_camera_info(self, message: CameraInfo) -> None:
        now, scale = time.monotonic(), self._scale
        if now < self._next_info:
            return
        self._next_info = now + _INFO_PERIOD
        info = deepcopy(message)
        scale_camera_info(info, 1 / scale, 1 / scale, -(-message.width // scale), -(-message.height // scale))
        self._info.header.stamp = info.header.stamp  # which alone is no change
        if info != self._info or now >= self._info_again:
            self._info, self._info_again = info, now + _SAME_INFO_PERIOD
            self._camera_info.publish(info)

    def _publish(self, messages: list[Message]) -> None:
        for message in messages:
            header = Header(stamp=to_time(message.stamp_ns), frame_id=self._frame_id)
            data = as_array(message.data)
            self._frames.publish(CompressedImage(header=header, format=message.format, data=data))
            self._diagnostics.count("bytes_out", len(data))

    def _tell(self, header: Header, packet: Packet, shown: ValueRange | None) -> None:
        """What was decided, as numbers that PlotJuggler can draw, and on /diagnostics."""
        figures = packet.to_pairs()
        if shown is not None:
            figures |= {"range_low": f"{shown.low:.6g}", "range_high": f"{shown.high:.6g}"}
        if self.name:
            of_link = {key: figures[key] for key in _OF_LINK if key in figures}
            rate = f"{self._total_rate(time.monotonic()):.6g}"
            self._diagnostics.show(**of_link, rate_bytes_per_s=rate)
        dotted = f"{self.name}." if self.name else ""
        self._diagnostics.show(**{f"{dotted}{key}": value for key, value in figures.items()})
        if self._rate_control.get_subscription_count():
            self._rate_control.publish(with_pairs(header, "rate_control", figures))
