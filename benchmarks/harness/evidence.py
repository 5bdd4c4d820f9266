"""What the benchmarks find: the structures of `results/*.json`, and the arguments that the scripts share."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from edgesr_ros.defaults import defaults_of
from edgesr_ros.errors import InputError
from edgesr_ros.schema import Struct, write_json
from edgesr_ros.upscaling.card import InputSize
from edgesr_ros.upscaling.cpu import cpu_name
from edgesr_ros.upscaling.speed import NotMeasured, Precision, SpeedRow

RESULTS = Path(__file__).resolve().parents[1] / "results"
CAMERAS = ("frame_player", "observer")  # of the processes those that stand for camera and operator


class Machine(Struct):
    """Where it was measured: milliseconds mean nothing without it."""

    cpu: str
    cores: int  # that the process may use

    def __str__(self) -> str:
        return f"{self.cores} cores of {self.cpu}"


class StageTime(Struct):
    """Time that a node spends on a stage of its work, ms."""

    mean: float
    max: float


class NodeUsage(Struct):
    """What a node takes of the machine."""

    cpu_ms_per_picture: float  # user and system time, by picture shown
    core_share: float  # of one core
    resident_mb_settled: float  # when warmed up
    resident_mb_last: float
    resident_mb_max: float
    resident_mb_deviation: float  # the most that it was away from `resident_mb_settled` afterwards
    resident_mb_per_minute: float  # slope of a least-squares line, from when it was warmed up


class ChainRow(Struct):
    """The whole chain at a camera's rate; ages in ms."""

    camera: str
    cameras: int  # of that kind, each with its own onboard node, link and ground station
    link: str
    onboard: dict[str, str]  # parameters of the onboard node other than their defaults
    ground_station: dict[str, str]  # the same of the ground station
    model: str
    seconds: float
    warm_up_seconds: float  # before memory counts as settled
    bytes_per_frame: float  # as the link carries it
    fps_asked: float  # of each camera
    fps_camera: float  # what each sent, the mean
    fps_shown: float  # of each camera, the mean
    age_received_p50_ms: float  # as a frame comes out of the link
    age_received_p95_ms: float
    age_p50_ms: float
    age_p95_ms: float
    age_p99_ms: float
    out_of_order: int  # pictures shown after one with a later stamp
    frames_sent: int  # by the robots
    frames_received: int  # by the ground stations
    frames_published: int  # as pictures, by the ground stations
    frames_shown: int  # to a listener
    dropped: dict[str, int]  # by node and reason
    stages_ms: dict[str, StageTime]  # by node and stage
    machine_share: float  # of all cores, taken by onboard, link_emulator and ground_station
    cameras_share: float  # the same by what plays the cameras and by who observes
    nodes: dict[str, NodeUsage]


class StartRow(Struct):
    """How long a node takes from the start of its process to its first message, s."""

    node: str
    starts: int
    p50_s: float
    max_s: float


class IdleRow(Struct):
    """A node while a camera publishes and nobody listens to the pictures at the other end."""

    node: str
    core_share: float  # of one core
    resident_mb: float


class IdleResult(Struct):
    """results/idle.json."""

    machine: Machine
    camera: str
    starts: list[StartRow]
    idle_seconds: float
    idle: list[IdleRow]


class StepRow(Struct):
    """A step of a link whose capacity falls; ages in ms."""

    kbps: float
    seconds: float
    usable_kbps: float  # the capacity, as far as the camera at its best could fill it
    capacity_used: float  # what arrived, by what is usable
    bytes_per_frame: float | None  # as the link carries it; null where none arrived
    fps_shown: float
    age_p50_ms: float | None
    age_p95_ms: float | None
    age_p95_settled_ms: float | None  # of the pictures shown `settled_after_s` or more after the step
    recovered: bool  # the age settled within its bound


class Memory(Struct):
    """Resident memory of a node around an outage, MB."""

    before: float
    end: float
    after: float  # when the link has carried pictures again for some seconds


class OutageRow(Struct):
    """An outage of a link."""

    kbps: float  # of the link before and after it
    began_s: float  # after the start of the link
    seconds: float
    fresh_s: float | None  # from its end to a picture taken after it; null: none before the next
    callback_max_ms: float | None  # of the onboard node, from its start to its end; null: not told
    memory: dict[str, Memory]  # by node


class CallbackRow(Struct):
    """How long the callbacks of the onboard node took on a link with outages, ms."""

    kbps: float
    seconds: float
    mean: float
    p99: float  # in 99 % of the seconds none took longer
    max: float


class QualityRow(Struct):
    """A model file on a data set; null: not stated, or not measured."""

    model: str
    format: Literal["onnx", "tflite"] | None
    precision: Literal["float32", "float16", "int8"] | None
    tile: InputSize | None  # in tiles of what size it was measured; null: whole pictures
    dataset: str
    scale: int
    psnr_y_db: float | None
    ssim_y: float | None
    lpips_alex: float | None
    lpips_vgg: float | None
    niqe: float | None
    psnr_against_float_db: float | None  # of RGB, against the float32 ONNX model of the same weights
    parameters: int | None
    gmac_80x60: float | None  # 10^9 multiply-accumulates for an 80x60 picture
    published: bool  # somebody else's network; else ours
    source: str


class AlphaRow(Struct):
    """α·(pixel-stage weights) + (1-α)·(adversarial-stage weights) on a data set."""

    model: str
    alpha: float
    psnr_y_db: float
    ssim_y: float
    lpips_alex: float
    lpips_vgg: float | None
    niqe: float | None


class LinkNetworkRow(Struct):
    """A network on a recording's frames as the onboard node sends them; means over the frames."""

    recording: str
    model: str
    codec: str
    quality: int
    frames: int
    bytes_per_frame: float  # for a 640x480 frame
    lpips_alex: float
    psnr_db: float


class Spread(Struct):
    """Of many times, ms."""

    p50: float
    p95: float


class PathRow(Struct):
    """A model in the ground station beside the bare network, in turns on the same frames."""

    model: str
    backend: str
    threads: int
    frames: int
    bytes_per_frame: float
    network_ms: Spread  # from small picture to large one
    path_ms: Spread  # from the bytes in the node's callback to the message published
    ratio: float  # of the medians
    delivered_ms: (
        Spread  # with transport: from before the frame is published to after the picture is received
    )
    stages_ms: dict[str, float]  # means; "rest" is what is left of the path


class EncodingRow(Struct):
    """A camera's frame → what is sent, on one core."""

    quality: int  # of WebP
    bytes_per_frame: float
    reduce_ms: Spread
    encode_ms: Spread
    total_ms: Spread


class PathResult(Struct):
    """results/path.json."""

    machine: Machine
    rows: list[PathRow]
    encoding: list[EncodingRow]


class CeilingRow(Struct):
    """The product of two matrices: the most that the machine does."""

    library: str
    precision: Precision
    shape: str  # <rows>x<inner>x<columns>
    input: str | None  # measured in turn with networks on frames of this size; null: with other products
    gmac_per_s: float


class ChainResult(Struct):
    """results/chain.json."""

    machine: Machine
    rows: list[ChainRow]  # at the usual rate
    growth: list[ChainRow]  # at rising rates, by size and number of the cameras


class SoakResult(Struct):
    """results/soak.json."""

    machine: Machine
    row: ChainRow


class StepsResult(Struct):
    """results/steps.json."""

    machine: Machine
    camera: str
    link: str
    model: str
    settled_after_s: float
    age_bound_ms: float  # propagation, and what may be added to it
    rows: list[StepRow]


class OutagesResult(Struct):
    """results/outage.json."""

    machine: Machine
    camera: str
    link: str  # whose delay and queue each link has
    model: str
    real_time: bool  # onboard had real-time priority, so that no node of the other side held it up
    rows: list[OutageRow]
    callbacks: list[CallbackRow]


class QualityResult(Struct):
    """results/quality.json."""

    machine: Machine
    rows: list[QualityRow]
    alpha: list[AlphaRow]
    niqe_model: str
    skipped: list[str]  # model files that could not be measured, and why


class SpeedResult(Struct):
    """results/speed.json."""

    machine: Machine
    threads: int
    rows: list[SpeedRow]
    peers: list[str]  # models that are somebody else's
    ceilings: list[CeilingRow]
    not_measured: list[NotMeasured]
    missing: list[str]  # of others' networks, and why


class LinkNetworksResult(Struct):
    """results/link_networks.json."""

    machine: Machine
    rows: list[LinkNetworkRow]


def default_model() -> str:
    """The network of the ground station, unless it is told otherwise."""
    return str(defaults_of("ground_station")["model"])


def spread(times_ms: Sequence[float]) -> Spread:
    """Of one time at least."""
    p50, p95 = np.percentile(times_ms, (50, 95)).round(2).tolist()
    return Spread(p50=p50, p95=p95)


def this_machine() -> Machine:
    """The machine that runs us."""
    return Machine(cpu=cpu_name(), cores=len(os.sched_getaffinity(0)))


def arguments(name: str, description: str | None) -> argparse.ArgumentParser:
    """A parser with the arguments of every benchmark."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=description)
    parser.add_argument("--quick", action="store_true", help="a short run, to try the script; no evidence")
    parser.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help=f"where the figures go (default: benchmarks/results/{name}.json; none for --quick)",
    )
    return parser


def status(name: str, work: Callable[[], object]) -> int:
    """Do a benchmark's work; exit status 0, or 2 with one line for a mistake of the user."""
    try:
        work()
    except InputError as error:
        print(f"benchmarks.{name}: {error}", file=sys.stderr)
        return 2
    return 0


def save(name: str, given: argparse.Namespace, result: Struct) -> Path | None:
    """Write the figures; those of a quick run only where the user says, lest they replace the evidence.

    Returns:
        Where they were written.
    """
    if (path := given.json) is None and not given.quick:
        path = RESULTS / f"{name}.json"
    if path is not None:
        write_json(path, result)
        print(path)
    return path
