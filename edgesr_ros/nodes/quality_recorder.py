"""Records what the operator saw: rate, age and bytes of every picture, quality of some."""

import sys
import time
from pathlib import Path
from typing import Annotated

from diagnostic_msgs.msg import DiagnosticArray
from msgspec import Meta
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from edgesr_ros.errors import InputError
from edgesr_ros.frames.message import image_to_array
from edgesr_ros.nodes.camera import Camera, Shot, picture_of
from edgesr_ros.nodes.messages import is_picture, nanoseconds, pairs_of
from edgesr_ros.nodes.node import COMPRESSED, PARTS, EdgesrNode, run
from edgesr_ros.quality.record import FRAMES, UnwritableError
from edgesr_ros.quality.session import Session
from edgesr_ros.schema import FIXED, Struct

_END_CHECK_PERIOD = 0.2  # seconds
_LAST_COUNTS = 1.5  # seconds in which every node publishes its diagnostics once more


class QualityRecorderParameters(Struct):
    """Parameters of `quality_recorder`; defaults in config/quality_recorder.yaml."""

    output: Annotated[str, Meta(description="Folder to record into.", extra_json_schema=FIXED)]
    source: Annotated[str, Meta(description="Name of the input, for the report.", extra_json_schema=FIXED)]
    link: Annotated[str, Meta(description="Name of the link, for the report.", extra_json_schema=FIXED)]
    seconds: Annotated[
        float,
        Meta(ge=0, description="End so long after the first picture; 0: go on.", extra_json_schema=FIXED),
    ]
    sample_rate: Annotated[
        float,
        Meta(gt=0, description="Pictures per second to measure, at most.", extra_json_schema=FIXED),
    ]
    patience: Annotated[
        float,
        Meta(ge=0, description="Seconds that measuring may take at the end.", extra_json_schema=FIXED),
    ]


class QualityRecorder(EdgesrNode[QualityRecorderParameters]):
    """image_raw + image_lr/compressed + image_sr → frames.csv, summary.json, strip.png, report.html."""

    NAME = "quality_recorder"
    PARAMETERS = QualityRecorderParameters

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        settings = self.parameters.current
        self._folder = Path(settings.output).expanduser()
        self._session = Session(self._folder, settings.sample_rate, settings.source, settings.link)
        Camera(self, "image_raw", lambda _: None, self._on_original, self.bad_input)
        self.subscribe(CompressedImage, "image_lr/compressed", self._on_received, PARTS, optional=True)
        self.subscribe(DiagnosticArray, "image_sr/facts", self._on_facts, COMPRESSED, optional=True)
        # After what belongs to it: of messages that wait together, the executor takes these first.
        self.subscribe(Image, "image_sr", self._on_shown)
        self.subscribe(
            DiagnosticArray, "/diagnostics", self._on_diagnostics, COMPRESSED, optional=True, shared=True
        )
        self.every(_END_CHECK_PERIOD, self._end_when_due)

    def close(self) -> None:
        print("measuring the pictures and writing the report …", flush=True)
        try:
            report = self._session.finish(self.parameters.current.patience)
        except InputError:
            print(f"kept {self._session.kept} of {self._session.shown} pictures in {self._folder / FRAMES}")
            raise
        print(f"recorded {self._session.shown} pictures: {report}")  # the logger is shut down by now

    def _on_original(self, header: Header, shot: Shot) -> None:
        try:
            self._session.original(nanoseconds(header.stamp), picture_of(shot))
        except InputError as error:
            self.bad_input(error)

    def _on_received(self, message: CompressedImage) -> None:
        try:
            self._session.received(nanoseconds(message.header.stamp), bytes(message.data), message.format)
        except InputError as error:
            self.bad_input(error)

    def _on_shown(self, message: Image) -> None:
        if not is_picture(message):
            return
        now_s = self.get_clock().now().nanoseconds * 1e-9
        try:
            self._session.picture(nanoseconds(message.header.stamp), now_s, image_to_array(message))
        except UnwritableError as error:
            self._end_unwritable(error)
        except InputError as error:
            self.bad_input(error)

    def _on_facts(self, message: DiagnosticArray) -> None:
        try:
            self._session.facts(nanoseconds(message.header.stamp), pairs_of(message))
        except UnwritableError as error:
            self._end_unwritable(error)
        except InputError as error:
            self.bad_input(error)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        now_s = self.get_clock().now().nanoseconds * 1e-9
        for status in message.status:
            if status.hardware_id == "edgesr_ros":
                values = {pair.key: pair.value for pair in status.values}
                try:
                    self._session.diagnostics(status.name.rpartition("/")[2], now_s, values)
                except InputError as error:
                    self.bad_input(error)

    def _end_unwritable(self, error: UnwritableError) -> None:
        """Not one picture more would be kept."""
        self._session.stop()
        self.end(error)

    def _end_when_due(self) -> None:
        settings = self.parameters.current
        if not settings.seconds or self._session.started is None:
            return
        late = time.monotonic() - self._session.started - settings.seconds
        if late > 0:
            self._session.stop()
        if late > _LAST_COUNTS:
            self.end()


def main() -> int:
    """Entry point of the executable."""
    return run(QualityRecorder)


if __name__ == "__main__":
    sys.exit(main())
