"""HD cameras: what each stage takes at each size, and the whole chain at 1280x720, 1920x1080 and 3840x2160.

The stages are those that a frame goes through in `onboard` and `ground_station`, called one after the other
in this process. What the middleware does between processes is not among them; a chain has it.
"""

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import cycle, islice
from typing import Any, TypeVar

import numpy as np
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image

from benchmarks.harness.camera import frames
from benchmarks.harness.chain import UNLIMITED, ChainRow, print_row, run_chain
from benchmarks.harness.claim import Claim
from benchmarks.harness.cores import bound_to
from benchmarks.harness.evidence import Result
from benchmarks.harness.goals import Goal, least, most
from benchmarks.harness.markdown import number, table
from benchmarks.harness.spread import Spread, spread
from edgesr_ros.codecs.av1 import Av1Encoder
from edgesr_ros.codecs.av1_decoder import Av1Decoder
from edgesr_ros.codecs.machine import Machine
from edgesr_ros.control.motion import MotionMeter
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.plan import Camera
from edgesr_ros.experiment.runner import camera_text
from edgesr_ros.frames.message import fill_image, image_to_array
from edgesr_ros.frames.overlay import draw_label
from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.nodes.memory import FREED
from edgesr_ros.schema import Struct
from edgesr_ros.upscaling.base import Upscaler
from edgesr_ros.upscaling.bicubic import LiveBicubicUpscaler
from edgesr_ros.upscaling.catalog import ways_to_run
from edgesr_ros.upscaling.timing import milliseconds

_MODEL, _SCALE = "edgesrgan_tiny_x4_link_int8", 4
_SIZES = ((640, 480), (1280, 720), (1920, 1080), (3840, 2160))
_HD = "1280x720"
_BYTES_PER_PIXEL = {1: 0.01, _SCALE: 0.002}  # of the camera's
_RATE_HZ = 25.0
# Effort is chosen by processor time: what else the machine does is not to change what is encoded.
_MACHINE = Machine(time.thread_time, period=lambda: 1 / _RATE_HZ)
_WARM_UP, _FRAMES = 50, 60  # the encoder has chosen its effort by then
_QUICK_WARM_UP, _QUICK_FRAMES = 4, 6
_SECONDS, _QUICK_SECONDS = 30.0, 10.0  # of each chain
_LABEL = "sr  60 ms"

_ROBOT, _OPERATOR = ("take", "motion", "reduce", "encode"), ("decode", "enlarge", "publish")
_CHAINS = (
    (Camera(width=1280, height=720, rate_hz=30.0), UNLIMITED),
    (Camera(width=1280, height=720, rate_hz=30.0), "lte"),
    (Camera(width=1920, height=1080, rate_hz=25.0), UNLIMITED),
    (Camera(width=1920, height=1080, rate_hz=25.0), "lte"),
    (Camera(width=3840, height=2160, rate_hz=10.0), "wifi_good"),
)

T = TypeVar("T")


class HdSettings(Struct):
    """What all rows have in common."""

    model: str
    frames: int  # of each row
    seconds: float  # of each chain; 0: none was run


class StagesRow(Struct):
    """A camera's frames through all stages, on all cores or on one."""

    camera: str  # <width>x<height>
    scale: int  # that both sides are divided by for the link
    cores: int
    preset: int  # of SVT-AV1, at the end
    backend: str  # of those installed the fastest, as `backend: auto` takes it; "": nothing is enlarged
    bytes_per_frame: float
    stages_ms: dict[str, Spread]
    processor_ms: dict[str, float]  # of all threads, the median; what else the machine does hardly changes it
    bicubic_ms: float  # the median of what stands in for the network; 0: nothing is enlarged
    robot_ms: Spread  # motion, reduce and encode together
    operator_ms: Spread  # decode, enlarge and publish together

    def processor(self, stages: Iterable[str]) -> float:
        """Of some stages together, ms."""
        return sum(self.processor_ms.get(stage, 0.0) for stage in stages)


class HdRows(Struct):
    """Stages, and chains."""

    stages: list[StagesRow]
    chains: list[ChainRow]


HdResult = Result[HdSettings, HdRows]


class _Stopwatch:
    """Times stages, frame by frame; both lists in ms."""

    def __init__(self) -> None:
        self.wall: dict[str, list[float]] = defaultdict(list)
        self.processor: dict[str, list[float]] = defaultdict(list)

    def time(self, stage: str, work: Callable[..., T], *arguments: Any) -> T:
        """Do the work as this stage."""
        processor, wall = time.process_time(), time.perf_counter()
        done = work(*arguments)
        self.wall[stage].append(1e3 * (time.perf_counter() - wall))
        self.processor[stage].append(1e3 * (time.process_time() - processor))
        return done

    def together(self, stages: tuple[str, ...]) -> Spread:
        """Of some stages of each frame."""
        return spread(np.sum([self.wall[stage] for stage in stages if stage in self.wall], axis=0).tolist())


def measure(camera: Camera, scale: int, cores: int, warm_up: int, count: int) -> StagesRow:
    """Take `count` of a camera's frames through all stages, after a warm-up; errors as `frames`."""
    with bound_to(cores):
        robot, operator = _Robot(camera, scale), _Operator(camera, scale, cores)
        sizes: list[int] = []
        watch = _Stopwatch()
        for place, picture in enumerate(islice(cycle(frames(camera)), warm_up + count)):
            if place == warm_up:
                watch, sizes = _Stopwatch(), []
            message = Image()
            fill_image(message, picture)
            packet = robot.handle(watch, place / _RATE_HZ, serialize_message(message))
            sizes.append(len(packet))
            operator.handle(watch, packet)
        robot.encoder.close()
    return StagesRow(
        camera=f"{camera.width}x{camera.height}",
        scale=scale,
        cores=cores,
        preset=robot.encoder.preset,
        backend=operator.backend,
        bytes_per_frame=round(float(np.mean(sizes))),
        stages_ms={stage: spread(times) for stage, times in watch.wall.items()},
        processor_ms={stage: round(float(np.median(ms)), 2) for stage, ms in watch.processor.items()},
        bicubic_ms=operator.bicubic_ms,
        robot_ms=watch.together(_ROBOT[1:]),
        operator_ms=watch.together(_OPERATOR),
    )


class _Robot:
    """What `onboard` does to a frame."""

    def __init__(self, camera: Camera, scale: int) -> None:
        self._scale, self._motion = scale, MotionMeter()
        size = round(_BYTES_PER_PIXEL[scale] * camera.width * camera.height)
        width, height = -(-camera.width // scale), -(-camera.height // scale)
        self.encoder = Av1Encoder(width, height, frame_bytes=size, machine=_MACHINE)

    def handle(self, watch: _Stopwatch, now: float, message: bytes) -> bytes:
        picture = watch.time("take", lambda: image_to_array(deserialize_message(message, Image)))
        watch.time("motion", self._motion.frame, now, picture)
        if self._scale > 1:
            picture = watch.time("reduce", reduce_frame, picture, self._scale)
        return watch.time("encode", self.encoder.encode, picture)


class _Operator:
    """What `ground_station` does to it."""

    def __init__(self, camera: Camera, scale: int, threads: int) -> None:
        self._decoder, self._message = Av1Decoder(), Image()
        self._network = (
            _fastest(camera.width // scale, camera.height // scale, threads) if scale > 1 else None
        )
        self._bicubic, self._bicubic_ms = LiveBicubicUpscaler(scale), [0.0]

    @property
    def backend(self) -> str:
        return self._network.backend if self._network else ""

    @property
    def bicubic_ms(self) -> float:
        return round(float(np.median(self._bicubic_ms)), 2)

    def handle(self, watch: _Stopwatch, packet: bytes) -> None:
        picture = watch.time("decode", self._decoder.decode, packet)
        if self._network is not None:
            began = time.perf_counter()
            self._bicubic.upscale(picture)
            self._bicubic_ms.append(1e3 * (time.perf_counter() - began))
            picture = watch.time("enlarge", self._network.upscale, picture)
        watch.time("publish", self._publish, picture)

    def _publish(self, picture: np.ndarray) -> None:
        fill_image(self._message, picture)
        draw_label(image_to_array(self._message), _LABEL)
        serialize_message(self._message)


def _fastest(width: int, height: int, threads: int) -> Upscaler:
    """The network on the backend that takes the least time here."""
    picture, able = np.zeros((height, width, 3), np.uint8), []
    for way in ways_to_run(_MODEL):
        with suppress(InputError):  # not installed
            able.append(way.load(threads))
    return min(able, key=lambda upscaler: milliseconds(upscaler, picture))


def hd_table(result: HdResult) -> str:
    """The stages, a line for each size, scale and number of cores; then the chains."""
    stages = (*_ROBOT, *_OPERATOR)
    lines = [
        (
            row.camera,
            str(row.scale),
            str(row.cores),
            *(row.stages_ms[stage].text(1) if stage in row.stages_ms else "" for stage in stages),
            number(row.bicubic_ms, 1) if row.bicubic_ms else "",
            *(number(row.processor(half), 1) for half in (_ROBOT, _OPERATOR)),
            f"{row.preset}",
            row.backend,
        )
        for row in result.rows.stages
    ]
    halves = ("robot", "operator")
    head: tuple[str, ...] = (
        "camera",
        "divided by",
        "cores",
        *stages,
        "bicubic",
        *halves,
        "preset",
        "backend",
    )
    parts = [
        f"Milliseconds, p50 / p95 of {result.settings.frames} frames; `{result.settings.model}`.",
        table(head, lines),
    ]
    if result.rows.chains:
        chains = [
            (
                row.camera,
                f"`{row.link}`",
                number(row.fps_shown, 1),
                row.ages_text(),
                number(row.bytes_per_frame, 0),
                row.shares_text(),
            )
            for row in result.rows.chains
        ]
        ages = "age p50 / p95 / p99, ms"
        head = ("camera", "link", "shown per second", ages, "bytes per frame", "nodes / others")
        parts += [
            f"Chains of {result.settings.seconds:.0f} s, recorder off, and what was taken of the machine.",
            table(head, chains),
        ]
    return "\n\n".join(parts)


def _stages(result: HdResult, scale: int, cores: int) -> list[StagesRow]:
    return [row for row in result.rows.stages if (row.camera, row.scale, row.cores) == (_HD, scale, cores)]


def _chain_goals(camera: Camera, link: str, shown: float, age_ms: float) -> tuple[Goal[HdResult], ...]:
    """How many pictures a second, and how old, of a camera over a link."""

    def rows(result: HdResult) -> list[ChainRow]:
        wanted = camera_text(camera), link
        return [row for row in result.rows.chains if (row.camera, row.link) == wanted]

    what = f"{camera_text(camera)} over `{link}`"
    return (
        Goal(f"{what}: shown per second", "≥", shown, "", lambda r: least(x.fps_shown for x in rows(r)), 1),
        Goal(f"{what}: age p95", "≤", age_ms, "ms", lambda r: most(x.age_p95_ms for x in rows(r))),
    )


_ASKED = ((28, 100), (27, 170), (22, 130), (20, 200), (5, 400))  # of each chain

GOALS = (
    Goal[HdResult](
        "robot's half at 1280x720 on one core, p95, whether or not it is reduced",
        "≤",
        16,
        "ms",
        lambda result: most(
            row.robot_ms.p95 for scale in (1, _SCALE) for row in _stages(result, scale, cores=1)
        ),
        digits=1,
    ),
    Goal[HdResult](
        "operator's half, 320x180 to 1280x720 on two cores, p95",
        "≤",
        25,
        "ms",
        lambda result: most(row.operator_ms.p95 for row in _stages(result, _SCALE, cores=2)),
        digits=1,
    ),
    *(
        goal
        for (camera, link), (shown, age_ms) in zip(_CHAINS, _ASKED, strict=True)
        for goal in _chain_goals(camera, link, shown, age_ms)
    ),
)

CLAIM = Claim(
    name="hd",
    title="HD cameras",
    about=(
        "Robot and operator share two cores in the chains, and their halves are measured one after another, "
        "stage by stage, on two cores and on one. Frames are those of the clip of 640x272 pixels, enlarged: "
        "an HD camera's are harder to encode. `take` is from the middleware's bytes to a picture, `publish` "
        "back; what the middleware does between processes only the chains have. SVT-AV1's preset is chosen "
        "by its time, as on the robot."
    ),
    reading=(
        "A line is a size of frames, and by what they are divided for the link; `bicubic` is what stands in "
        "for the network where it is too slow, and `backend` is the fastest that is installed. `robot` and "
        "`operator` are the processor time of all threads in either half, medians, which hardly depend on "
        "what else the machine does."
    ),
    result=HdResult,
    table=hd_table,
    goals=GOALS,
)


def main() -> int:
    """Entry point."""
    parser = CLAIM.arguments(__doc__)
    parser.add_argument(
        "--seconds", type=float, help=f"of each chain; 0: only the stages (default: {_SECONDS:g})"
    )
    return CLAIM.run(parser, _run)


def _run(given: argparse.Namespace) -> None:
    FREED.begin()
    FREED.picture(max(width * height * 3 for width, height in _SIZES))
    warm_up, count = (_QUICK_WARM_UP, _QUICK_FRAMES) if given.quick else (_WARM_UP, _FRAMES)
    stages = []
    for width, height in _SIZES:
        for scale in (1, _SCALE):
            for cores in (2, 1):
                row = measure(Camera(width=width, height=height), scale, cores, warm_up, count)
                stages.append(row)
                parts = ", ".join(f"{stage} {ms.text(1)}" for stage, ms in row.stages_ms.items())
                print(f"{row.camera} / {scale} on {cores}: {parts}, bicubic {row.bicubic_ms:.1f} ms")
    seconds = given.seconds if given.seconds is not None else _QUICK_SECONDS if given.quick else _SECONDS
    chains = []
    for camera, link in _CHAINS if seconds else ():
        chains.append(run_chain(seconds, {}, None, camera, 1, (link, link)))
        print_row(chains[-1])
    settings = HdSettings(model=_MODEL, frames=count, seconds=seconds)
    CLAIM.write(given, settings, HdRows(stages=stages, chains=chains))


if __name__ == "__main__":
    sys.exit(main())
