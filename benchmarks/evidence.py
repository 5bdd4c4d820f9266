"""What the benchmarks find: the structures of `results/*.json`, and the arguments that the scripts share."""

import argparse
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from edgesr_ros.defaults import defaults_of
from edgesr_ros.errors import InputError
from edgesr_ros.schema import Struct, write_json
from edgesr_ros.upscaling.card import InputSize

RESULTS = Path(__file__).resolve().parent / "results"


class Machine(Struct):
    """Where it was measured: milliseconds mean nothing without it."""

    cpu: str
    cores: int  # that the process may use


class StageTime(Struct):
    """Time that a node spends on a stage of its work, ms."""

    mean: float
    max: float


class NodeUsage(Struct):
    """What a node takes of the machine."""

    cpu_ms_per_picture: float  # user and system time, by picture shown
    resident_mb_settled: float  # when warmed up
    resident_mb_last: float
    resident_mb_max: float
    resident_mb_per_minute: float  # slope of a least-squares line, from when it was warmed up


class ChainRow(Struct):
    """The whole chain at a camera's rate; ages in ms."""

    camera: str
    link: str
    onboard: dict[str, str]  # parameters of the onboard node other than their defaults
    model: str
    seconds: float
    warm_up_seconds: float  # before memory counts as settled
    bytes_per_frame: float  # as the link carries it
    fps_shown: float
    age_p50_ms: float
    age_p95_ms: float
    age_p99_ms: float
    out_of_order: int  # pictures shown after one with a later stamp
    frames_sent: int  # by the robot
    frames_received: int  # by the ground station
    frames_published: int  # as pictures, by the ground station
    frames_shown: int  # to a listener
    dropped: dict[str, int]  # by node and reason
    stages_ms: dict[str, StageTime]  # by node and stage
    nodes: dict[str, NodeUsage]


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


class ChainResult(Struct):
    """results/chain.json."""

    machine: Machine
    rows: list[ChainRow]


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


class LinkNetworksResult(Struct):
    """results/link_networks.json."""

    machine: Machine
    rows: list[LinkNetworkRow]


def default_model() -> str:
    """The network of the ground station, unless it is told otherwise."""
    return str(defaults_of("ground_station")["model"])


def this_machine() -> Machine:
    """The machine that runs us."""
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in info if line.startswith("model name")]
    return Machine(cpu=names[0] if names else platform.machine(), cores=len(os.sched_getaffinity(0)))


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
