"""What an experiment compares: contenders x links x recordings, as a YAML file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from msgspec import Meta
from msgspec.structs import asdict, replace

from edgesr_ros import resources
from edgesr_ros.codecs.format import Codec
from edgesr_ros.errors import InputError
from edgesr_ros.link.profile import LinkProfile, read_profile
from edgesr_ros.schema import Struct, convert, read_yaml

MAX_FRAME_BYTES = 40_000  # of ours, unless the file says otherwise

Scale = Literal[1, 2, 4, 8]
Milliseconds = Annotated[float, Meta(ge=0, le=1000)]
Name = Annotated[str, Meta(min_length=1, max_length=40)]


class Camera(Struct):
    """Size and rate of the frames; recordings are cut to this shape and scaled to this size."""

    width: Annotated[int, Meta(ge=64, le=1920)] = 640
    height: Annotated[int, Meta(ge=64, le=1080)] = 480
    rate_hz: Annotated[float, Meta(gt=0, le=120)] = 30.0


class Processing(Struct):
    """How long the two computers take: the simulation's clock does not depend on the machine that runs it."""

    encode_ms: Milliseconds = 6.0
    decode_ms: Milliseconds = 3.0
    enlarge_ms: Milliseconds = 25.0  # only of frames that came reduced


class Fixed(Struct, tag_field="kind", tag="fixed"):
    """Every frame by itself at one quality, sent at once whatever the link does.

    With `codec: jpeg` and `scale: 1` this is what compressed_image_transport does.
    """

    name: Name
    codec: Literal["jpeg", "webp"]
    quality: Annotated[int, Meta(ge=1, le=100)]
    scale: Scale = 1
    enlarge: Literal["bicubic", "network"] = "bicubic"


class Video(Struct, tag_field="kind"):
    """A stream of a fixed rate whose frames build on each other, sent at once whatever the link does.

    The kind of contender is the name of its codec.
    """

    codec: ClassVar[Codec]

    name: Name
    kbps: Annotated[float, Meta(gt=0)]
    scale: Scale = 1
    enlarge: Literal["bicubic", "network"] = "bicubic"


class H264(Video, tag="h264"):
    """H.264 with intra refresh, which mends a loss within half a second to a second."""

    codec = "h264"


class Av1(Video, tag="av1"):
    """AV1 by SVT-AV1.

    Nobody asks this sender for a key frame, so that one comes every `key_interval_s`: after a loss nothing is
    shown until then. 2 s is what live streams are sent with by default; every second costs .02 of LPIPS at
    1,000 bytes a frame (`codecs/av1.py`).
    """

    codec = "av1"

    key_interval_s: Annotated[float, Meta(gt=0, le=60)] = 2.0


class Ours(Struct, tag_field="kind", tag="ours"):
    """Paced by reports from the ground, frames as large as the link allows, enlarged by the networks.

    `ladder` is a name in config/ladders, or a path. `weights` are of the cameras, in their order; 1 where it
    says none.
    """

    name: Name
    ladder: Annotated[str, Meta(min_length=1)] = "auto"
    policy: Literal["smooth", "balanced", "sharp"] = "balanced"
    max_frame_bytes: Annotated[int, Meta(ge=1000, le=1_000_000)] = MAX_FRAME_BYTES
    weights: tuple[Annotated[float, Meta(gt=0)], ...] = ()


class WebRtc(Struct, tag_field="kind", tag="webrtc"):
    """WebRTC between two browsers, Chromium, with its own control of the rate and its own repair.

    The receiver is asked for the shortest jitter buffer. In real time only.
    """

    name: Name
    codec: Literal["VP8", "VP9", "H264", "AV1"]


class Srt(Struct, tag_field="kind", tag="srt"):
    """H.264 of a fixed rate in an MPEG transport stream over SRT, which sends again what was lost.

    `latency_ms` is how long the receiver waits for that; 120 is SRT's own default. In real time only.
    """

    name: Name
    kbps: Annotated[float, Meta(gt=0)]
    latency_ms: Annotated[int, Meta(ge=20, le=8000)] = 120


Paceless = Fixed | H264 | Av1  # what is sent whatever the link does
Peer = WebRtc | Srt  # what is no sender of ours, and does not go over DDS
Contender = Paceless | Ours | Peer


class Experiment(Struct):
    """An experiment.

    Attributes:
        description: one line, the title of the report.
        contenders: told apart by their names.
        links: names of link profiles (config/links) or paths of profile files.
        recordings: videos, image folders or bags; `clip` is the one that the demo uses.
        camera: what the recordings are played as; they go on backwards where they end.
        cameras: of that kind that a robot has, all over the one link; each begins elsewhere in the recording,
            and has a row of its own.
        models: networks that enlarge reduced frames, one a scale; bicubic where there is none.
        processing: how long computing takes.
        time: `simulated`, or `real`: nodes over DDS and a kernel link.
        seconds: of each run.
        settle_s: in real time, from the first frame to the beginning of what counts: discovery, and senders
            that feel their way to the link's rate.
        samples_per_s: moments at which what is on the screen is compared with what the camera sees.
        curves: whether quality per byte is measured too, which needs no link.
        seed: of losses, jitter and moments: the same file then gives the same figures.
    """

    description: Annotated[str, Meta(min_length=1)]
    contenders: Annotated[tuple[Contender, ...], Meta(min_length=1)]
    links: Annotated[tuple[str, ...], Meta(min_length=1)]
    recordings: Annotated[tuple[str, ...], Meta(min_length=1)] = ("clip",)
    camera: Camera = Camera()
    cameras: Annotated[int, Meta(ge=1, le=8)] = 1
    models: tuple[str, ...] = ("edgesrgan_tiny_x4_link",)
    processing: Processing = Processing()
    time: Literal["simulated", "real"] = "simulated"
    seconds: Annotated[float, Meta(ge=1, le=3600)] = 30.0
    settle_s: Annotated[float, Meta(ge=1, le=600)] = 2.0
    samples_per_s: Annotated[float, Meta(gt=0, le=30)] = 1.0
    curves: bool = True
    seed: Annotated[int, Meta(ge=0)] = 1

    def __post_init__(self) -> None:
        for key, names in (
            ("contenders", [contender.name for contender in self.contenders]),
            ("links", list(self.links)),
            ("recordings", list(self.recordings)),
        ):
            for index, name in enumerate(names):
                if name in names[:index]:
                    raise ValueError(f"{key}[{index}]: expected each once, got {name!r} again")
        for index, contender in enumerate(self.contenders):
            if self.time != "real" and isinstance(contender, Peer):
                raise ValueError(f"contenders[{index}]: {contender.name!r} cannot be simulated: time: real")
            if self.cameras > 1 and isinstance(contender, Peer):
                raise ValueError(
                    f"contenders[{index}]: {contender.name!r} sends one camera, expected cameras: 1, "
                    f"got {self.cameras}"
                )


def read_experiment(name_or_path: str, changes: Mapping[str, object] | None = None) -> Experiment:
    """A shipped experiment (config/experiments) by its name, or a file by its path.

    Links and recordings may be given by paths relative to the file.

    Args:
        name_or_path: of the file.
        changes: values by key that replace those in the file, where they are not None.

    Raises:
        InputError: no such file, or a key is missing, unknown or out of range; names file and key.
    """
    path = resources.find("config/experiments", name_or_path, ".yaml")
    written = read_yaml(path, Experiment)
    written = replace(
        written,
        links=tuple(_beside(path, link) for link in written.links),
        recordings=tuple(_beside(path, recording) for recording in written.recordings),
    )
    changed = {key: value for key, value in (changes or {}).items() if value is not None}
    experiment = convert(asdict(written) | changed, Experiment, str(path))
    for index, link in enumerate(experiment.links):
        try:
            read_profile(link)
        except InputError as error:
            raise InputError(f"{path}: links[{index}]: {error}") from None
    return experiment


def profiles(experiment: Experiment) -> dict[str, LinkProfile]:
    """The experiment's links by their short names.

    Raises:
        InputError: as `read_profile`.
    """
    return {Path(link).stem: read_profile(link) for link in experiment.links}


def _beside(file: Path, name: str) -> str:
    """A path that is relative to the experiment's file, where there is such a file; else `name` as it is."""
    beside = file.parent / name
    return str(beside) if beside.is_file() or (beside.is_dir() and "/" in name) else name
