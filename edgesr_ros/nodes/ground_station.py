"""The operator's side: compressed frames in, super-resolved pictures with their age out."""

import math
import sys
from typing import Annotated

from diagnostic_msgs.msg import DiagnosticArray
from msgspec import Meta
from std_msgs.msg import Header

from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.ends.camera_names import names_of
from edgesr_ros.ends.ground import together
from edgesr_ros.ends.restorer import GroundSettings, Restorer
from edgesr_ros.nodes.messages import with_statuses
from edgesr_ros.nodes.node import COMPRESSED, EdgesrNode, run
from edgesr_ros.nodes.receiving_camera import Frame, ReceivingCamera, pairs_by_status
from edgesr_ros.nodes.worker import NewestWins
from edgesr_ros.schema import FIXED
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
    cameras: Annotated[
        str,
        Meta(
            description="As that of `onboard`: names of several cameras on its link, such as front,rear,arm: "
            "each has its topics below its name. Empty: one, whose topics have none before them.",
            extra_json_schema=FIXED,
        ),
    ]

    def __post_init__(self) -> None:
        super().__post_init__()
        names_of(self.cameras)


class GroundStation(EdgesrNode[GroundStationParameters]):
    """image_lr/compressed → image_sr: guard, decode, upscale, mark; the newest frame wins.

    With several cameras each has these topics below its name. One thread, with the same networks, enlarges
    for all: of those that wait the one whose turn was longest ago.
    """

    NAME = "ground_station"
    PARAMETERS = GroundStationParameters

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self._restorer = Restorer(self.parameters.current, self.get_logger().info)
        self._reports = self.publisher(DiagnosticArray, "link_report", COMPRESSED)
        self._worker = NewestWins[Frame](
            self._show,
            skipped=lambda: self.diagnostics.drop("superseded"),
            failed=self.frame_failed,
            kind=lambda frame: frame.camera.name,
        )
        self._cameras = {
            name: ReceivingCamera(self, name, self._report, self._worker.put)
            for name in names_of(self.parameters.current.cameras)
        }
        self._grounds = {name: camera.ground for name, camera in self._cameras.items()}
        self.every(_STALE_CHECK_PERIOD, self._check_staleness)

    def close(self) -> None:
        self._worker.close()
        self._restorer.close()

    def _report(self, name: str, header: Header, report: ArrivalReport, arrival_ns: int) -> None:
        """One message, and one packet, of all that is new."""
        reports = together(self._grounds, name, report, arrival_ns)
        header = Header(stamp=header.stamp) if report.brief else header  # no frame_id
        self._reports.publish(with_statuses(header, pairs_by_status(reports)))

    def _show(self, frame: Frame) -> None:
        settings = self._restorer.settings = self.parameters.current
        with self.diagnostics.stage("upscale"):
            made = self._restorer.restore(frame.received, self._period())
        frame.camera.show(frame, made, settings.overlay)
        self._tell(made)

    def _period(self) -> float:
        """Seconds from picture to picture, of all cameras together."""
        rates = [1 / camera.ground.period for camera in self._cameras.values() if not camera.stale]
        return 1 / sum(rates) if any(rates) else math.inf

    def _tell(self, made: Upscaled) -> None:
        """What made the newest picture, on /diagnostics."""
        if made.problem and made.method == "bicubic":
            self.diagnostics.count("bicubic_instead")
            self.diagnostics.warn(f"bicubic instead of super-resolution: {made.problem}")
        elif made.problem:
            self.diagnostics.warn(made.problem)
        elif not any(camera.stale for camera in self._cameras.values()):
            self.diagnostics.ok()
        self.diagnostics.show(model=made.model, backend=made.backend, interpolation=f"{made.alpha:g}")

    def _check_staleness(self) -> None:
        settings = self.parameters.current
        for name, camera in self._cameras.items():
            if camera.check_staleness(settings.stale_after, settings.overlay):
                of = f" of {name}" if name else ""
                self.diagnostics.warn(f"stale: no fresh picture{of}")


def main() -> int:
    """Entry point of the executable."""
    return run(GroundStation, publish_in_background=True)


if __name__ == "__main__":
    sys.exit(main())
