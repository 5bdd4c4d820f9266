"""The operator's end of the link: bytes in; reports, pictures and what is known of them out."""

import threading
from array import array
from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple, Protocol

from msgspec import Meta

from edgesr_ros.codecs.decoder import FrameDecoder, Received
from edgesr_ros.codecs.format import STREAMS, FrameFormat
from edgesr_ros.codecs.frame_number import RecoveringError
from edgesr_ros.control.clock import Estimate
from edgesr_ros.control.picture_age import PictureAge
from edgesr_ros.control.report import ArrivalLog, ArrivalReport
from edgesr_ros.control.stamps import StampOrder
from edgesr_ros.errors import InputError
from edgesr_ros.frames.colour import three_channels
from edgesr_ros.quality.consistency import consistency_db
from edgesr_ros.quality.facts import PictureFacts
from edgesr_ros.schema import FIXED, Struct
from edgesr_ros.upscaling.base import Upscaled
from edgesr_ros.upscaling.blend import find_pair
from edgesr_ros.upscaling.blending import load_networks
from edgesr_ros.upscaling.fallback import FallbackUpscaler
from edgesr_ros.upscaling.restore import restore


class GroundSettings(Struct):
    """What can be chosen at the operator's end; parameters of `ground_station`, defaults in its YAML file."""

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

    def __post_init__(self) -> None:
        """A slider that leads nowhere is refused when it is moved, not when the network is built."""
        if self.interpolation > 0:
            try:
                find_pair(self.model, self.fidelity_model, self.backend)
            except InputError as error:
                raise InputError(f"interpolation: {error}") from None


class Decoder(Protocol):
    """Decodes frames in the order of their arrival; as `FrameDecoder`."""

    def decode(self, data: bytes | memoryview | array, text: str) -> Received:
        """The picture of a CompressedImage's data and format."""


class Arrived(NamedTuple):
    """What came of a frame's arrival.

    Attributes:
        report: for the robot.
        dropped: why the frame is not to be shown; None: it is.
    """

    report: ArrivalReport
    dropped: str | None


class Ground:
    """Takes frames in: guards, decodes, counts and reports them, and learns how old they are.

    For each frame `decode`, then `arrived`; after a picture was shown `shown`. Only `age` and `answered` may
    be called from other threads. `…_ns` are integers on one clock that does not go backwards, but for the
    frames' stamps, which are of the robot's.

    Args:
        decoder: of frames; None: one for all codecs.

    Attributes:
        dated: the stamp of the frame that arrived last says when it was taken; else its age is unknown.
    """

    def __init__(self, decoder: Decoder | None = None) -> None:
        self._decoder = decoder or FrameDecoder()
        self._arrivals = ArrivalLog()
        self.dated = True
        self._stamps = StampOrder()
        self._number: int | None = None  # of the frame that was decoded last
        self._age = PictureAge()
        self._age_lock = threading.Lock()

    def decode(self, stamp_ns: int, data: bytes | memoryview | array, text: str) -> Received | None:
        """The frame of a CompressedImage's data and format; None where there is nothing to show yet.

        At once and not where it is enlarged: only a good frame may replace a waiting one.

        Raises:
            InputError: damaged data, another codec, or a size that does not fit the full size in the format.
        """
        form = FrameFormat.parse(text, 1, 1)
        self._number = form.number
        # A stream cannot go back: what it has seen already is for counting only.
        if form.codec in STREAMS and self._arrivals.order_of(stamp_ns, form.number) != "new":
            return None
        try:
            return self._decoder.decode(data, text)
        except RecoveringError:  # it arrived, and that is worth a report
            return None

    def arrived(
        self, arrival_ns: int, now_ns: int, stamp_ns: int, size: int, received: Received | None
    ) -> Arrived:
        """The frame of `size` bytes that was decoded arrived at `arrival_ns`, and was so by `now_ns`."""
        decode_s = (now_ns - arrival_ns) * 1e-9
        report = self._arrivals.arrived(arrival_ns, stamp_ns, size, decode_s, self._number)
        if (order := self._arrivals.order) != "new":
            return Arrived(report, order)
        self.dated = self._stamps.dated(stamp_ns)
        with self._age_lock:
            self._age.arrived(arrival_ns, stamp_ns if self.dated else None)
        return Arrived(report, "recovering" if received is None else None)

    def shown(self, arrival_ns: int, now_ns: int) -> None:
        """The picture of the frame that arrived at `arrival_ns` is on the screen."""
        self._arrivals.display_s = (now_ns - arrival_ns) * 1e-9

    def answered(self, now_ns: int, arrival_ns: int, shown_ns: int) -> None:
        """The robot's clock showed `shown_ns` when it had the report with this `arrival_ns`."""
        with self._age_lock:
            self._age.answered(now_ns, arrival_ns, shown_ns)

    def age(self, now_ns: int, stamp_ns: int) -> Estimate | None:
        """How old the picture of this stamp is, s; None while it cannot be known."""
        with self._age_lock:
            return self._age.of(now_ns, stamp_ns)


class Restorer:
    """Makes pictures of frames, by the network of their reduction.

    Args:
        settings: to begin with.
        log: takes a line on what `backend: auto` has chosen.

    Attributes:
        settings: in force; replaced as a whole by who changes them.

    Raises:
        InputError: a model cannot be loaded, or is not of the scale that it is for.
    """

    def __init__(self, settings: GroundSettings, log: Callable[[str], None]) -> None:
        self.settings = settings
        networks = load_networks(
            settings.model,
            {2: settings.model_x2, 8: settings.model_x8},
            settings.backend,
            settings.threads,
            settings.interpolation,
            settings.fidelity_model,
            log,
        )
        self._networks = {network.scale: network for network in networks}
        self._fallback = FallbackUpscaler(networks, settings.deadline)

    def restore(self, received: Received) -> Upscaled:
        """The picture at the camera's size: (H, W, 3) uint8 RGB, or (H, W) of a camera without colour."""
        settings, form = self.settings, received.format
        self._fallback.deadline = settings.deadline
        if (network := self._networks.get(received.factor)) is not None:
            network.request(settings.interpolation)
        return restore(
            received.picture,
            (form.full_width, form.full_height),
            lambda rgb, factor: self._fallback.upscale(rgb, factor, settings.method),
            grey=form.encoding == "mono8",
        )

    def close(self) -> None:
        """Wait for the networks to finish and let them go."""
        self._fallback.close()


def facts_of(
    made: Upscaled, received: Received, size: int, age: Estimate | None, consistency: bool
) -> PictureFacts:
    """What is known of a picture made of a frame of `size` bytes; `consistency` takes a millisecond."""
    agrees = consistency_db(three_channels(made.picture), received.picture) if consistency else None
    shown = received.format.shown
    return PictureFacts(
        method=made.method,
        model=made.model,
        backend=made.backend,
        interpolation=made.alpha,
        bytes=size,
        number=received.format.number,
        consistency_db=agrees,
        age_ms=None if age is None else 1e3 * age.seconds,
        age_uncertainty_ms=None if age is None else 1e3 * age.uncertainty,
        range_low=None if shown is None else shown.low,
        range_high=None if shown is None else shown.high,
    )
