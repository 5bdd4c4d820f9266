"""The operator's side: compressed frames in, super-resolved pictures with their age out."""

import sys
import time
from typing import Annotated, NamedTuple

from diagnostic_msgs.msg import DiagnosticArray
from msgspec import Meta
from sensor_msgs.msg import CameraInfo, CompressedImage, TimeReference
from std_msgs.msg import Float32, Header

from edgesr_ros.codecs.decoder import Received
from edgesr_ros.control.brief import to_pairs
from edgesr_ros.ends.ground import Ground
from edgesr_ros.ends.restorer import GroundSettings, Restorer, facts_of
from edgesr_ros.errors import InputError
from edgesr_ros.nodes.clock_exchange import TOPIC, PictureAges, age_text
from edgesr_ros.nodes.messages import nanoseconds, to_time, with_pairs
from edgesr_ros.nodes.node import COMPRESSED, FIGURES, LATCHED, EdgesrNode, run
from edgesr_ros.nodes.picture_publisher import PicturePublisher
from edgesr_ros.nodes.worker import NewestWins
from edgesr_ros.upscaling.base import Upscaled

_STALE_CHECK_PERIOD = 0.1  # seconds


class GroundStationParameters(GroundSettings):
    """Parameters of `ground_station`; defaults in config/ground_station.yaml."""

    stale_after: Annotated[
        float,
        Meta(
            gt=0,
            description="Seconds without a fresh picture until `stale` is announced; of a stream that is "
            "slower by itself 2.5 of its periods.",
        ),
    ]
    overlay: Annotated[bool, Meta(description="Draw method, age and staleness on the picture.")]


class _Frame(NamedTuple):
    header: Header
    received: Received
    arrival_ns: int  # on the monotonic clock
    dated: bool  # its stamp says when it was taken


class GroundStation(EdgesrNode[GroundStationParameters]):
    """image_lr/compressed → image_sr: guard, decode, upscale, mark; the newest frame wins."""

    NAME = "ground_station"
    PARAMETERS = GroundStationParameters

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self._restorer = Restorer(self.parameters.current, self.get_logger().info)
        self._ground = Ground()
        self._ages = PictureAges(self, self._ground)
        self._pictures = PicturePublisher(self)
        self._facts = self.publisher(DiagnosticArray, "image_sr/facts", FIGURES)
        self._age = self.publisher(Float32, "age", FIGURES)
        self._reports = self.publisher(DiagnosticArray, "link_report", COMPRESSED)
        self._worker = NewestWins[_Frame](
            self._show, skipped=lambda: self.diagnostics.drop("superseded"), failed=self.frame_failed
        )
        heard = [self._pictures.publisher, self._facts, self._age]
        self._frames = self.subscribe(
            CompressedImage, "image_lr/compressed", self._on_frame, COMPRESSED, while_heard=heard, moving=True
        )
        for kind, topic, callback, qos in (
            (CameraInfo, "image_lr/camera_info", self._pictures.on_camera_info, LATCHED),
            (TimeReference, TOPIC, self._ages.on_time_reference, COMPRESSED),
        ):
            self.subscribe(kind, topic, callback, qos, while_heard=heard, optional=True)
        self.every(_STALE_CHECK_PERIOD, self._check_staleness)

    def close(self) -> None:
        self._worker.close()
        self._restorer.close()

    def _on_frame(self, message: CompressedImage) -> None:
        arrival_ns, stamp_ns = self._frames.arrival_ns, nanoseconds(message.header.stamp)
        try:
            with self.diagnostics.stage("decode"):
                received = self._ground.decode(stamp_ns, message.data, message.format)
        except InputError as error:
            self.diagnostics.count("frames_in")
            self.diagnostics.drop("malformed")
            self.bad_input(InputError(f"image_lr/compressed: {error}"))
            return
        report, dropped = self._ground.arrived(arrival_ns, time.monotonic_ns(), received)
        if report:
            header = Header(stamp=message.header.stamp) if report.brief else message.header  # no frame_id
            self._reports.publish(with_pairs(header, "link_report", to_pairs(report)))
        if dropped == "part":
            self.diagnostics.count("parts_in")
            return
        self.diagnostics.count("frames_in")
        if dropped:
            self.diagnostics.drop(dropped)
        elif received:  # of this message, or of one that waited for it
            header = Header(stamp=to_time(received.stamp_ns), frame_id=message.header.frame_id)
            self._worker.put(_Frame(header, received, arrival_ns, self._ground.dated))

    def _show(self, frame: _Frame) -> None:
        settings = self._restorer.settings = self.parameters.current
        with self.diagnostics.stage("upscale"):
            made = self._restorer.restore(frame.received, self._ground.period)
        self._tell(made)
        self._pictures.compare(frame.header, frame.received)
        age = self._ages.of(nanoseconds(frame.header.stamp)) if frame.dated else None
        wanted = self._facts.get_subscription_count() > 0
        facts = facts_of(made, frame.received, age, wanted, self._ground.recovering)
        # Before the picture, so that who takes both knows what the picture is when it comes.
        self._facts.publish(with_pairs(frame.header, "picture", facts.to_pairs()))
        if age is not None:
            self._age.publish(Float32(data=age.seconds))
        label = f"{made.method}  {age_text(age)}" if settings.overlay else None
        with self.diagnostics.stage("publish"):
            form = frame.received.format
            self._pictures.show(frame.header, made.picture, label, (form.full_width, form.full_height))
        self._ground.shown(frame.arrival_ns, time.monotonic_ns())
        self.diagnostics.count("frames_out")

    def _tell(self, made: Upscaled) -> None:
        """What made the newest picture, on /diagnostics."""
        if made.problem and made.method == "bicubic":
            self.diagnostics.count("bicubic_instead")
            self.diagnostics.warn(f"bicubic instead of super-resolution: {made.problem}")
        elif made.problem:
            self.diagnostics.warn(made.problem)
        else:
            self.diagnostics.ok()
        self.diagnostics.show(model=made.model, backend=made.backend, interpolation=f"{made.alpha:g}")

    def _check_staleness(self) -> None:
        settings = self.parameters.current
        if self._pictures.check_staleness(settings.stale_after, settings.overlay):
            self.diagnostics.warn("stale: no fresh picture")
        if settings.overlay:
            found = self.diagnostics.findings
            self._pictures.explain(found[0].text if found else "waiting for the first frame")


def main() -> int:
    """Entry point of the executable."""
    return run(GroundStation, publish_in_background=True)


if __name__ == "__main__":
    sys.exit(main())
