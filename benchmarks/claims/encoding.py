"""What the robot does to a frame, on one core: by default, and where it is reduced four times and encoded."""

import argparse
import sys
import time
from collections.abc import Sequence

import numpy as np

from benchmarks.harness.camera import CAMERA, SCALE, spread_frames
from benchmarks.harness.claim import Claim
from benchmarks.harness.cores import bound_to
from benchmarks.harness.evidence import Result
from benchmarks.harness.goals import Goal, most
from benchmarks.harness.markdown import number, table
from benchmarks.harness.spread import Spread, spread
from edgesr_ros.codecs.stills import encode
from edgesr_ros.ends.ground import Ground
from edgesr_ros.experiment.footage import Footage
from edgesr_ros.experiment.plan import Ours, Processing
from edgesr_ros.experiment.robots import Frame, PacedRobot
from edgesr_ros.experiment.simulation import Simulation
from edgesr_ros.frames.reduce import reduce_frame
from edgesr_ros.link.emulator import LinkEmulator
from edgesr_ros.link.packets import Channel
from edgesr_ros.link.profile import read_profile
from edgesr_ros.schema import Struct
from edgesr_ros.sources.clip import default_clip

_CODEC, _QUALITIES = "webp", (50, 70, 90)
_LADDER = "auto"
_LINKS = ("constant_300kbps", "constant_1mbps", "wifi_good")
_SECONDS, _QUICK_SECONDS = 20.0, 2.0  # of a link


class EncodingSettings(Struct):
    """What all rows have in common."""

    codec: str
    width: int  # of the camera's frame
    height: int
    scale: int  # that both are divided by


class EncodingRow(Struct):
    """A camera's frame → what is sent, on one core."""

    quality: int  # of WebP
    bytes_per_frame: float
    reduce_ms: Spread
    encode_ms: Spread
    total_ms: Spread


class AutoRow(Struct):
    """A camera's frame → what is sent by default over a link, on one core, with AV1's usual effort."""

    link: str
    bytes_per_frame: float
    frames: int
    wall_ms: Spread
    cpu_ms: Spread  # of the thread, whatever else the machine does


class EncodingRows(Struct):
    """What is found of both ways."""

    auto: list[AutoRow]
    reduced: list[EncodingRow]


EncodingResult = Result[EncodingSettings, EncodingRows]


class _TimedRobot(PacedRobot):
    """Notes how long it takes for each frame, ms: on the clock, and of processor time."""

    def __init__(self, setting: Ours, footage: Footage) -> None:
        super().__init__(setting, footage)
        self.wall_ms: list[float] = []
        self.cpu_ms: list[float] = []

    def encode(self, now: float, number: int) -> Frame:
        wall, cpu = time.perf_counter(), time.thread_time()
        frame = super().encode(now, number)
        self.wall_ms.append(1e3 * (time.perf_counter() - wall))
        self.cpu_ms.append(1e3 * (time.thread_time() - cpu))
        return frame


def measure_auto(footage: Footage, link: str, seconds: float) -> AutoRow:
    """Send a recording by default over a link, in simulated time."""
    profile = read_profile(link)
    with bound_to(1):
        robot = _TimedRobot(Ours(name=_LADDER, ladder=_LADDER), footage)
        there, back = (Channel(LinkEmulator(profile, seed)) for seed in (1, 2))
        no_moments = np.zeros(0)
        simulation = Simulation(
            [robot], [Ground()], there, back, CAMERA, Processing(), no_moments, lambda _glance: None
        )
        (run,) = simulation.run(seconds)
    return AutoRow(
        link=link,
        bytes_per_frame=round(float(np.mean([size for _, size in run.sent]))),
        frames=len(run.sent),
        wall_ms=spread(robot.wall_ms),
        cpu_ms=spread(robot.cpu_ms),
    )


def measure(pictures: Sequence[np.ndarray], quality: int) -> EncodingRow:
    """Reduce and encode each of the pictures, (H, W, 3) uint8 RGB, at a quality of WebP."""
    reduce_ms, encode_ms, sizes = [], [], []
    with bound_to(1):
        for picture in (*pictures, *pictures):
            began = time.perf_counter()
            small = reduce_frame(picture, SCALE)
            reduced = time.perf_counter()
            sizes.append(len(encode(small, _CODEC, quality)))
            encode_ms.append(1e3 * (time.perf_counter() - reduced))
            reduce_ms.append(1e3 * (reduced - began))
    half = len(pictures)  # the first round is for warming up
    total = [first + second for first, second in zip(reduce_ms[half:], encode_ms[half:], strict=True)]
    return EncodingRow(
        quality=quality,
        bytes_per_frame=round(float(np.mean(sizes))),
        reduce_ms=spread(reduce_ms[half:]),
        encode_ms=spread(encode_ms[half:]),
        total_ms=spread(total),
    )


def encoding_table(result: EncodingResult) -> str:
    """A line for each link, and one for each quality."""
    by_default = [
        (
            f"`{row.link}`",
            number(row.bytes_per_frame, 0),
            f"{row.frames}",
            row.cpu_ms.text(2),
            row.wall_ms.text(2),
        )
        for row in result.rows.auto
    ]
    auto_head = ("link", "bytes", "frames", "processor, p50 / p95, ms", "on the clock, p50 / p95, ms")
    lines = [
        (
            f"{row.quality}",
            number(row.bytes_per_frame, 0),
            number(row.reduce_ms.p50, 2),
            number(row.encode_ms.p50, 2),
            row.total_ms.text(2),
        )
        for row in result.rows.reduced
    ]
    given = result.settings
    small = f"{given.width // given.scale}x{given.height // given.scale}"
    head = ("WebP quality", "bytes", "reduce, ms", "encode, ms", "both p50 / p95, ms")
    return (
        f"By default, {given.width}x{given.height} on one core:\n\n{table(auto_head, by_default)}\n\n"
        f"{given.width}x{given.height} to {small} WebP on one core:\n\n{table(head, lines)}"
    )


GOALS = (
    Goal[EncodingResult](
        "by default, processor time p95, the longest on any link",
        "≤",
        7,
        "ms",
        lambda result: most(row.cpu_ms.p95 for row in result.rows.auto),
        digits=2,
    ),
    Goal[EncodingResult](
        "reduced four times and encoded, p95, the longest of any quality",
        "≤",
        4,
        "ms",
        lambda result: most(row.total_ms.p95 for row in result.rows.reduced),
        digits=2,
    ),
)

CLAIM = Claim(
    name="encoding",
    title="What the robot does to a frame",
    about=(
        "The robot's half of the work. By default it looks how much a frame has moved, chooses size and "
        "scale, and encodes AV1 or H.264."
    ),
    reading=(
        "A line is a link, in simulated time, or a quality; reducing and encoding are medians. Processor "
        "time is that of the thread: it does not count what else the machine does."
    ),
    result=EncodingResult,
    table=encoding_table,
    goals=GOALS,
)


def main() -> int:
    """Entry point."""
    return CLAIM.run(CLAIM.arguments(__doc__), _run)


def _run(given: argparse.Namespace) -> None:
    footage, pictures, auto = Footage.read("camera", default_clip(), CAMERA), spread_frames(), []
    for link in _LINKS:
        auto.append(measure_auto(footage, link, _QUICK_SECONDS if given.quick else _SECONDS))
        print(auto[-1], flush=True)
    rows = [measure(pictures, quality) for quality in _QUALITIES]
    for row in rows:
        print(
            f"quality {row.quality}, {row.bytes_per_frame:.0f} bytes: reduce {row.reduce_ms.p50:.2f} ms, "
            f"encode {row.encode_ms.p50:.2f}, both p95 {row.total_ms.p95:.2f}"
        )
    settings = EncodingSettings(codec=_CODEC, width=CAMERA.width, height=CAMERA.height, scale=SCALE)
    CLAIM.write(given, settings, EncodingRows(auto=auto, reduced=rows))


if __name__ == "__main__":
    sys.exit(main())
