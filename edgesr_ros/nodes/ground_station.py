"""The operator's side: compressed frames in, super-resolved pictures with their age out."""

import sys
import time
from typing import Annotated, Literal, NamedTuple

from diagnostic_msgs.msg import DiagnosticArray
from msgspec import Meta
from sensor_msgs.msg import CameraInfo, CompressedImage, TimeReference
from std_msgs.msg import Float32, Header

from edgesr_ros.codecs.decoder import FrameDecoder, Received, is_stream
from edgesr_ros.codecs.h264 import RecoveringError
from edgesr_ros.control.report import ArrivalLog
from edgesr_ros.errors import InputError
from edgesr_ros.frames.reduce import crop_to
from edgesr_ros.nodes.clock_exchange import TOPIC, PictureAges, age_facts, age_text
from edgesr_ros.nodes.messages import nanoseconds, with_pairs
from edgesr_ros.nodes.node import COMPRESSED, LATCHED, EdgesrNode, run
from edgesr_ros.nodes.parameters import FIXED
from edgesr_ros.nodes.picture_publisher import PicturePublisher
from edgesr_ros.nodes.worker import NewestWins
from edgesr_ros.quality.consistency import consistency_db
from edgesr_ros.schema import Struct
from edgesr_ros.upscaling.fallback import FallbackUpscaler
from edgesr_ros.upscaling.interpolating import load_networks
from edgesr_ros.upscaling.interpolation import find_pair

_STALE_CHECK_PERIOD = 0.1  # seconds


class GroundStationParameters(Struct):
    """Parameters of `ground_station`; defaults in config/ground_station.yaml."""

    model: Annotated[
        str, Meta(description="Name of a shipped model, or path of a model.", extra_json_schema=FIXED)
    ]
    fidelity_model: Annotated[
        str,
        Meta(
            description="The same of its pixel-trained sibling; empty: <network>_x<scale>_psnr beside it.",
            extra_json_schema=FIXED,
        ),
    ]
    model_x2: Annotated[
        str, Meta(description="The same for frames reduced 2 times; empty: bicubic.", extra_json_schema=FIXED)
    ]
    model_x8: Annotated[
        str, Meta(description="The same for frames reduced 8 times; empty: bicubic.", extra_json_schema=FIXED)
    ]
    backend: Annotated[
        Literal["auto", "onnxruntime", "openvino", "litert", "edgetpu", "bicubic"],
        Meta(
            description="What runs the models; auto: the fastest that is installed, in int8 where that "
            "keeps the picture (40 dB), measured on the first frames of a size and remembered.",
            extra_json_schema=FIXED,
        ),
    ]
    threads: Annotated[int, Meta(ge=1, le=64, description="CPU threads.", extra_json_schema=FIXED)]
    method: Annotated[
        Literal["sr", "bicubic"], Meta(description="sr: super-resolution; bicubic: nothing invented.")
    ]
    interpolation: Annotated[
        float, Meta(ge=0, le=1, description="From texture (0) to pixel fidelity (1, fidelity_model).")
    ]
    deadline: Annotated[
        float,
        Meta(gt=0, description="Seconds that super-resolution may take before bicubic steps in."),
    ]
    stale_after: Annotated[
        float, Meta(gt=0, description="Seconds without a fresh picture until `stale` is announced.")
    ]
    overlay: Annotated[bool, Meta(description="Draw method, age and staleness on the picture.")]

    def __post_init__(self) -> None:
        """A slider that leads nowhere is refused when it is moved, not when the network is built."""
        if self.interpolation > 0:
            try:
                find_pair(self.model, self.fidelity_model, self.backend)
            except InputError as error:
                raise InputError(f"interpolation: {error}") from None


class _Frame(NamedTuple):
    header: Header
    received: Received
    bytes: int
    arrival_ns: int  # on the monotonic clock


class GroundStation(EdgesrNode[GroundStationParameters]):
    """image_lr/compressed → image_sr: guard, decode, upscale, mark; the newest frame wins."""

    NAME = "ground_station"
    PARAMETERS = GroundStationParameters

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        settings = self.parameters.current
        networks = load_networks(
            settings.model,
            {2: settings.model_x2, 8: settings.model_x8},
            settings.backend,
            settings.threads,
            settings.interpolation,
            settings.fidelity_model,
            self.get_logger().info,
        )
        self._model = networks[0]
        self._networks = {network.scale: network for network in networks}
        self._upscaler = FallbackUpscaler(networks, settings.deadline)
        self._decoder = FrameDecoder()
        self._arrivals = ArrivalLog()
        self._ages = PictureAges(self)
        self._pictures = PicturePublisher(self)
        self._facts = self.publisher(DiagnosticArray, "image_sr/facts", COMPRESSED)
        self._age = self.publisher(Float32, "age", COMPRESSED)
        self._reports = self.publisher(DiagnosticArray, "link_report", COMPRESSED)
        self._worker = NewestWins[_Frame](
            self._show, skipped=lambda: self.diagnostics.drop("superseded"), failed=self.frame_failed
        )
        heard = [self._pictures.publisher, self._facts, self._age]
        self.subscribe(CompressedImage, "image_lr/compressed", self._on_frame, COMPRESSED, while_heard=heard)
        for kind, topic, callback, qos in (
            (CameraInfo, "image_lr/camera_info", self._pictures.on_camera_info, LATCHED),
            (TimeReference, TOPIC, self._ages.on_time_reference, COMPRESSED),
        ):
            self.subscribe(kind, topic, callback, qos, while_heard=heard, optional=True)
        self.every(_STALE_CHECK_PERIOD, self._check_staleness)

    def close(self) -> None:
        self._worker.close()
        self._upscaler.close()

    def _on_frame(self, message: CompressedImage) -> None:
        arrival_ns = time.monotonic_ns()
        self.diagnostics.count("frames_in")
        stamp_ns = nanoseconds(message.header.stamp)
        received = None
        try:
            # A stream cannot go back: what it has seen already is for counting only.
            if self._arrivals.order_of(stamp_ns) == "new" or not is_stream(message.format):
                with self.diagnostics.stage("decode"):
                    # Decoded here, not in the worker: only a good frame may replace a waiting one.
                    received = self._decoder.decode(message.data, message.format)
        except RecoveringError:
            pass  # it arrived, and that is worth a report
        except InputError as error:
            self.diagnostics.drop("malformed")
            self.bad_input(InputError(f"image_lr/compressed: {error}"))
            return
        decode_s = (time.monotonic_ns() - arrival_ns) * 1e-9
        report = self._arrivals.arrived(arrival_ns, stamp_ns, len(message.data), decode_s)
        self._ages.arrived(arrival_ns, stamp_ns)
        self._reports.publish(with_pairs(message.header, "link_report", report.to_pairs()))
        if self._arrivals.order != "new":
            self.diagnostics.drop(self._arrivals.order)
        elif received is None:
            self.diagnostics.drop("recovering")
        else:
            self._worker.put(_Frame(message.header, received, len(message.data), arrival_ns))

    def _show(self, frame: _Frame) -> None:
        settings = self.parameters.current
        self._upscaler.deadline = settings.deadline
        received, full = frame.received, frame.received.format
        network = self._networks.get(received.factor)
        if network is not None:
            network.request(settings.interpolation)
        with self.diagnostics.stage("upscale"):
            upscaled = self._upscaler.upscale(received.picture, received.factor, settings.method)
        if upscaled.problem:
            self.diagnostics.count("bicubic_instead")
            self.diagnostics.warn(f"bicubic instead of super-resolution: {upscaled.problem}")
        elif network is not None and network.problem:
            self.diagnostics.warn(network.problem)
        else:
            self.diagnostics.ok()
        alpha = "0" if network is None else f"{network.alpha:g}"
        self.diagnostics.show(model=self._model.name, backend=self._model.backend, interpolation=alpha)
        picture = crop_to(upscaled.picture, full.full_width, full.full_height)
        facts = {"method": upscaled.method, "interpolation": alpha, "bytes": str(frame.bytes)}
        if self._facts.get_subscription_count():
            facts["consistency_db"] = f"{consistency_db(upscaled.picture, received.picture):.2f}"
        age = self._ages.of(nanoseconds(frame.header.stamp))
        facts |= age_facts(age)
        # Before the picture, so that who records both knows what the picture is when it comes.
        self._facts.publish(with_pairs(frame.header, "picture", facts))
        if age is not None:
            self._age.publish(Float32(data=age.seconds))
        label = f"{upscaled.method}  {age_text(age)}" if settings.overlay else None
        with self.diagnostics.stage("publish"):
            self._pictures.show(frame.header, picture, full.encoding, label)
        self._arrivals.display_s = (time.monotonic_ns() - frame.arrival_ns) * 1e-9
        self.diagnostics.count("frames_out")

    def _check_staleness(self) -> None:
        settings = self.parameters.current
        if self._pictures.check_staleness(settings.stale_after, settings.overlay):
            self.diagnostics.warn("stale: no fresh picture")


def main() -> int:
    """Entry point of the executable."""
    return run(GroundStation)


if __name__ == "__main__":
    sys.exit(main())
