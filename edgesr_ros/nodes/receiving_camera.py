"""A camera of `ground_station`: its topics, and its frames from radio to viewer."""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import CameraInfo, CompressedImage, TimeReference
from std_msgs.msg import Float32, Header

from edgesr_ros.codecs.decoder import Received
from edgesr_ros.control.brief import to_pairs
from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.ends.ground import Ground
from edgesr_ros.ends.restorer import facts_of
from edgesr_ros.errors import InputError
from edgesr_ros.nodes.clock_exchange import TOPIC, PictureAges, age_text
from edgesr_ros.nodes.messages import nanoseconds, to_time, with_pairs
from edgesr_ros.nodes.node import COMPRESSED, FIGURES, LATCHED, PARTS, EdgesrNode
from edgesr_ros.nodes.picture_publisher import PicturePublisher
from edgesr_ros.upscaling.base import Upscaled


class Frame(NamedTuple):
    """A frame that waits to be shown."""

    camera: "ReceivingCamera"
    header: Header
    received: Received
    arrival_ns: int  # on the monotonic clock
    dated: bool  # its stamp says when it was taken


class ReceivingCamera:
    """image_lr/compressed → image_sr, with all that belongs to one camera.

    Args:
        node: whose topics it has.
        name: before the names of its topics; empty: nothing is.
        report: called with the name, the header of a message, what is to be told of it, and when it came.
        taken: called for each frame that is to be shown.

    Attributes:
        name: of it.
        ground: its end of the link.
        stale: no fresh picture has come.
    """

    def __init__(
        self,
        node: EdgesrNode,
        name: str,
        report: Callable[[str, Header, ArrivalReport, int], None],
        taken: Callable[[Frame], None],
    ) -> None:
        self._node, self.name, self._report, self._taken = node, name, report, taken
        self._diagnostics = node.diagnostics
        self.ground = Ground()
        self.stale = False
        self._within = f"{name}/" if name else ""
        self._ages = PictureAges(node, self.ground)
        self._pictures = PicturePublisher(node, self._within)
        self._facts = node.publisher(DiagnosticArray, f"{self._within}image_sr/facts", FIGURES)
        self._age = node.publisher(Float32, f"{self._within}age", FIGURES)
        heard = [self._pictures.publisher, self._facts, self._age]
        self._topic = f"{self._within}image_lr/compressed"
        self._frames = node.subscribe(
            CompressedImage, self._topic, self._on_frame, PARTS, while_heard=heard, moving=True
        )
        info = f"{self._within}image_lr/camera_info"
        on_time = self._ages.on_time_reference
        for kind, topic, callback, qos in (
            (CameraInfo, info, self._pictures.on_camera_info, LATCHED),
            (TimeReference, f"{self._within}{TOPIC}", on_time, COMPRESSED),
        ):
            node.subscribe(kind, topic, callback, qos, while_heard=heard, optional=True)

    def show(self, frame: Frame, made: Upscaled, overlay: bool) -> None:
        """Publish the picture that was made of a frame, and what is known of it."""
        self._pictures.compare(frame.header, frame.received)
        age = self._ages.of(nanoseconds(frame.header.stamp)) if frame.dated else None
        wanted = self._facts.get_subscription_count() > 0
        facts = facts_of(made, frame.received, age, wanted, self.ground.recovering)
        # Before the picture, so that who takes both knows what the picture is when it comes.
        self._facts.publish(with_pairs(frame.header, "picture", facts.to_pairs()))
        if age is not None:
            self._age.publish(Float32(data=age.seconds))
        label = f"{made.method}  {age_text(age)}" if overlay else None
        with self._diagnostics.stage("publish"):
            form = frame.received.format
            self._pictures.show(frame.header, made.picture, label, (form.full_width, form.full_height))
        self.ground.shown(frame.arrival_ns, time.monotonic_ns())
        self.stale = False
        self._diagnostics.count("frames_out")

    def check_staleness(self, stale_after: float, overlay: bool) -> bool:
        """Say in the picture that it has become stale, or why there is none; whether it just has."""
        news = self._pictures.check_staleness(stale_after, overlay)
        if self.name and not self._pictures.publisher.get_subscription_count():
            news = self.stale = False  # of several cameras nobody need look at all
        self.stale = self.stale or news
        if overlay:
            found = self._diagnostics.findings
            self._pictures.explain(found[0].text if found else "waiting for the first frame")
        return news

    def _on_frame(self, message: CompressedImage) -> None:
        arrival_ns, stamp_ns = self._frames.arrival_ns, nanoseconds(message.header.stamp)
        try:
            with self._diagnostics.stage("decode"):
                received = self.ground.decode(stamp_ns, message.data, message.format)
        except InputError as error:
            self._diagnostics.count("frames_in")
            self._diagnostics.drop("malformed")
            self._node.bad_input(InputError(f"{self._topic}: {error}"))
            return
        report, dropped = self.ground.arrived(arrival_ns, time.monotonic_ns(), received)
        if report:
            self._report(self.name, message.header, report, arrival_ns)
        if dropped == "part":
            self._diagnostics.count("parts_in")
            return
        self._diagnostics.count("frames_in")
        if dropped:
            self._diagnostics.drop(dropped)
        elif received:  # of this message, or of one that waited for it
            header = Header(stamp=to_time(received.stamp_ns), frame_id=message.header.frame_id)
            self._taken(Frame(self, header, received, arrival_ns, self.ground.dated))


def pairs_by_status(reports: Mapping[str, ArrivalReport]) -> dict[str, dict[str, str]]:
    """Reports by camera as the statuses of a message; of the one that has no name as `link_report`."""
    return {name or "link_report": to_pairs(report) for name, report in reports.items()}
