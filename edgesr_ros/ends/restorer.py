"""The operator's end of the link: frames that were received → pictures, and what is known of them."""

import math
from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from edgesr_ros.codecs.decoder import Received
from edgesr_ros.control.clock import Estimate
from edgesr_ros.errors import InputError
from edgesr_ros.frames.colour import three_channels
from edgesr_ros.quality.consistency import middle_consistency_db
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
    device: Annotated[
        Literal["auto", "cpu", "cuda", "tensorrt", "openvino-gpu"],
        Meta(
            description="What they compute on: cuda and tensorrt with onnxruntime-gpu, openvino-gpu with "
            "onnxruntime-openvino or backend openvino. auto: of backend auto all that is installed is tried, "
            "any other takes the CPU, and edgetpu the Edge TPU.",
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
        Meta(
            gt=0,
            description="Seconds that super-resolution may take before bicubic steps in; it does, too, "
            "where frames come faster than they could be enlarged.",
        ),
    ]
    output_width: Annotated[
        int,
        Meta(
            ge=0,
            le=16384,
            description="Pixels of image_sr's width, if less than the camera's: for viewers that show no "
            "more; 0: the camera's.",
        ),
    ]

    def __post_init__(self) -> None:
        """A slider that leads nowhere is refused when it is moved, not when the network is built."""
        if self.interpolation > 0:
            try:
                find_pair(self.model, self.fidelity_model, self.backend)
            except InputError as error:
                raise InputError(f"interpolation: {error}") from None


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
            settings.device,
        )
        self._networks = {network.scale: network for network in networks}
        self._fallback = FallbackUpscaler(networks, settings.deadline)

    def restore(self, received: Received, period: float = math.inf) -> Upscaled:
        """The picture at the camera's size, or of `output_width`.

        (H, W, 3) uint8 RGB, or (H, W) of a camera without colour.
        Super-resolution must leave room for the next frame, which comes `period` s after this one.
        """
        settings, form = self.settings, received.format
        self._fallback.deadline = settings.deadline

        def enlarge(rgb: np.ndarray, factor: int) -> Upscaled:
            if (network := self._networks.get(factor)) is not None:
                network.request(settings.interpolation)
            return self._fallback.upscale(rgb, factor, settings.method, period)

        size = form.full_width, form.full_height
        return restore(received.picture, size, enlarge, form.encoding == "mono8", settings.output_width)

    def close(self) -> None:
        """Wait for the networks to finish and let them go."""
        self._fallback.close()


def facts_of(
    made: Upscaled,
    received: Received,
    age: Estimate | None,
    consistency: bool,
    recovering: int | None = None,
) -> PictureFacts:
    """What is known of a picture made of a frame; `consistency`, of the middle, takes a millisecond.

    `recovering` newer frames have not come, and others wait for them. Consistency is not known of a picture
    of another size than the camera's.
    """
    whole = made.picture.shape[1::-1] == (received.format.full_width, received.format.full_height)
    agrees = None
    if consistency and whole:
        agrees = middle_consistency_db(three_channels(made.picture), received.picture)
    shown = received.format.shown
    return PictureFacts(
        method=made.method,
        model=made.model,
        backend=made.backend,
        interpolation=made.alpha,
        bytes=received.size,
        number=received.format.number,
        consistency_db=agrees,
        age_ms=None if age is None else 1e3 * age.seconds,
        age_uncertainty_ms=None if age is None else 1e3 * age.uncertainty,
        range_low=None if shown is None else shown.low,
        range_high=None if shown is None else shown.high,
        recovering=recovering,
    )
