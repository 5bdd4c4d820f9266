"""What can be chosen at the robot's end."""

from typing import Annotated, Literal

from msgspec import Meta

from edgesr_ros.control.policy import PolicyName
from edgesr_ros.ends.camera_names import names_of, weights_of
from edgesr_ros.frames.reduce import MAX_SCALE
from edgesr_ros.schema import FIXED, Struct


class RobotSettings(Struct):
    """What can be chosen at the robot's end; the parameters of `onboard`, defaults in config/onboard.yaml."""

    ladder: Annotated[
        str,
        Meta(
            description="auto: AV1 with repair, WebP where no stream gets through, a camera's JPEG as it is "
            "where the link carries it; or operating points to walk along: name in config/ladders (webp, "
            "still, still_slow, jpeg, h264, av1) or path; none: always scale, codec and quality.",
            extra_json_schema=FIXED,
        ),
    ]
    encoder: Annotated[
        str,
        Meta(
            description="Of H.264 alone (ladder h264, or where AV1 is missing). auto: one of hardware where "
            "it works, else x264; software: x264; or the name of an FFmpeg encoder, such as h264_v4l2m2m or "
            "h264_nvenc. A change of the rate costs one of hardware a key frame; sizes that it refuses are "
            "left to x264.",
            extra_json_schema=FIXED,
        ),
    ]
    policy: Annotated[PolicyName, Meta(description="What bytes are spent on: frames (smooth) or detail.")]
    scale: Annotated[
        int,
        Meta(ge=1, le=MAX_SCALE, description="Without a ladder: both sides are divided by this."),
    ]
    codec: Annotated[
        Literal["webp", "jpeg", "png"], Meta(description="Without a ladder: how frames are compressed.")
    ]
    quality: Annotated[
        int, Meta(ge=1, le=100, description="Without a ladder: of WebP or JPEG; PNG ignores it.")
    ]
    max_frame_bytes: Annotated[
        int,
        Meta(ge=1000, le=10_000_000, description="No frame is ever larger; one that cannot be is dropped."),
    ]
    max_packet_bytes: Annotated[
        int,
        Meta(
            ge=0,
            le=60_000,
            description="Most bytes of a UDP datagram; larger frames travel in parts, for tunnels and "
            "other small MTUs; 0: in parts of 1200 bytes, and only where losses are seen.",
        ),
    ]
    max_rate: Annotated[float, Meta(ge=0, description="Most frames per second to send, Hz; 0: no limit.")]
    rate_bytes_per_s: Annotated[
        float,
        Meta(
            ge=0,
            description="Budget in bytes per second while no receiver reports arrivals; 0: no limit.",
            extra_json_schema=FIXED,
        ),
    ]
    cameras: Annotated[
        str,
        Meta(
            description="Names of several cameras on this link, such as front,rear,arm: each has its topics "
            "below its name, as front/image_raw. Empty: one, whose topics have none before them.",
            extra_json_schema=FIXED,
        ),
    ]
    weights: Annotated[
        str,
        Meta(
            description="How much cameras count, such as front=2,arm=0.5: of those that see alike things one "
            "has so many times the bytes; 1 where it says none."
        ),
    ]
    focus: Annotated[
        str, Meta(description="The camera that counts four times its weight, as topic `focus` sets it too.")
    ]

    def __post_init__(self) -> None:
        """Cameras that are not there are refused when they are named."""
        weights_of(names_of(self.cameras), self.weights, self.focus)
