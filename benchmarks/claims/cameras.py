"""Several cameras of a robot over one link: who gets how much of it, and what the others lose by that.

Most of it is simulated, so that every byte can be counted; three cameras are also run as real nodes over a
kernel link (needs root).
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.harness.claim import Claim
from benchmarks.harness.evidence import Result
from benchmarks.harness.goals import Goal, least, most
from benchmarks.harness.live import measure as run_real
from benchmarks.harness.markdown import number, table
from edgesr_ros.ends.ground import Ground
from edgesr_ros.ends.shared_link import SharedLink
from edgesr_ros.experiment.footage import Footage
from edgesr_ros.experiment.plan import Camera, Experiment, Ours, Processing
from edgesr_ros.experiment.robots import PacedRobot
from edgesr_ros.experiment.runner import camera_text
from edgesr_ros.experiment.screen import Judge
from edgesr_ros.experiment.simulation import Glance, Run, Simulation
from edgesr_ros.link.capacity import Schedule, Step
from edgesr_ros.link.emulator import LinkEmulator
from edgesr_ros.link.packets import Channel
from edgesr_ros.link.profile import LinkProfile, read_profile
from edgesr_ros.schema import Struct, write_json
from edgesr_ros.sources.clip import default_clip

_CAMERA = Camera(width=640, height=480, rate_hz=30)
_OURS = Ours(name="ours")
_FOCUS = 4.0
_START = 5.0  # s that do not count
_WINDOW = 10.0  # s in which bytes are compared
_SECONDS, _QUICK_SECONDS = 40.0, 16.0
_REAL_SECONDS, _REAL_QUICK_SECONDS = 30.0, 8.0
_REAL_KBPS, _REAL_LINK = 3000.0, "kernel link of 3 Mbit/s"
_SEED = 1
_EVERY = 0.5  # s between the moments at which the screen is compared
_ALIKE, _FOCUSED, _JOINS = "alike", "focus on the first", "a fourth comes, and goes"
_STILL, _ALONE, _REAL = "the second stands still", "one that stands still, alone", "alike, real nodes"


class CamerasSettings(Struct):
    """What all runs have in common."""

    camera: str
    seconds: float  # of what is simulated
    real_seconds: float


class Seen(Struct):
    """A camera, of a run."""

    sent_kbps: float
    shown_per_s: float
    longest_gap_s: float | None  # between two pictures; null: not known
    lost_overload: float  # share of the frames sent
    lpips_on_screen: float | None  # null: not compared


class CamerasRow(Struct):
    """A run."""

    name: str
    link: str
    cameras: list[Seen]
    # Bytes of the camera that sent most by those of the one that sent least, in any 10 s; null: they are to
    # get unlike parts.
    uneven: float | None


CamerasResult = Result[CamerasSettings, list[CamerasRow]]


class _Sometimes(PacedRobot):
    """A camera that is there from a moment to another."""

    def __init__(self, footage: Footage, link: SharedLink, since: float, until: float) -> None:
        super().__init__(_OURS, footage, link)
        self._since, self._until = since, until

    def wait(self, now: float) -> float:
        return super().wait(now) if self._since <= now < self._until else np.inf


def simulate(
    name: str, link: str, robots: Sequence[PacedRobot], footages: Sequence[Footage], seconds: float
) -> CamerasRow:
    """A run in simulated time; pictures are compared with what each camera sees, enlarged bicubically."""
    profile = read_profile(link)
    judges = [Judge(footage, {}, threads=2) for footage in footages]
    lpips: list[list[float]] = [[] for _ in footages]

    def look(glance: Glance) -> None:
        if glance.at > _START:
            lpips[glance.camera].append(judges[glance.camera].see(glance, network=False).lpips)

    runs = Simulation(
        robots,
        [Ground() for _ in robots],
        Channel(LinkEmulator(profile, _SEED)),
        Channel(LinkEmulator(profile, _SEED + 1)),
        _CAMERA,
        Processing(),
        np.arange(0.17, seconds, _EVERY),
        look,
    ).run(seconds)
    seen = [_seen(run, scores) for run, scores in zip(runs, lpips, strict=True)]
    uneven = _uneven(runs, seconds) if name == _ALIKE else None
    return CamerasRow(name=name, link=link, cameras=seen, uneven=uneven)


def _seen(run: Run, lpips: Sequence[float]) -> Seen:
    at = [shown.at for shown in run.shown if shown.at > _START]
    sent = [size for when, size in run.sent if when > _START]
    seconds = run.seconds - _START
    return Seen(
        sent_kbps=round(8e-3 * sum(sent) / seconds, 1),
        shown_per_s=round(len(at) / seconds, 2),
        longest_gap_s=round(float(np.max(np.diff(at))) if len(at) > 1 else seconds, 2),
        lost_overload=round(run.lost.get("queue", 0) / max(len(run.sent), 1), 4),
        lpips_on_screen=round(float(np.mean(lpips)), 4) if lpips else None,
    )


def _uneven(runs: Sequence[Run], seconds: float) -> float:
    """Bytes of the camera that sent most by those of the one that sent least, in the worst `_WINDOW` s."""
    worst = 1.0
    for begin in np.arange(_START, seconds - _WINDOW, 1.0):
        parts = [sum(size for at, size in run.sent if begin <= at < begin + _WINDOW) for run in runs]
        worst = max(worst, max(parts) / max(min(parts), 1))
    return round(worst, 3)


def simulated(footage: Footage, seconds: float) -> list[CamerasRow]:
    """All runs in simulated time."""
    footages = [footage.later(place * len(footage) // 4) for place in range(4)]
    still = Footage("still", [footage.frame(0)])

    def of(*used: Footage) -> list[PacedRobot]:
        link = SharedLink()
        return [PacedRobot(_OURS, one, link) for one in used]

    focused = of(*footages[:3])
    focused[0].link.budget.weigh(focused[0].end.sender, _FOCUS)
    joined = of(*footages[:3])
    joined.append(_Sometimes(footages[3], joined[0].link, seconds / 3, 2 * seconds / 3))
    moves = [footage, still]
    return [
        simulate(_ALIKE, "lte", of(*footages[:3]), footages[:3], seconds),
        simulate(_FOCUSED, "lte", focused, footages[:3], seconds),
        simulate(_STILL, "constant_1mbps", of(*moves), moves, seconds),
        simulate(_ALONE, "constant_1mbps", of(still), [still], seconds),
        simulate(_JOINS, "lte", joined, footages, seconds),
    ]


def real(seconds: float) -> CamerasRow:
    """Three cameras as real nodes over a kernel link.

    Raises:
        InputError: we are not root, or a node fails.
    """
    steps = (Step(kbps=_REAL_KBPS, seconds=seconds),)
    schedule = Schedule(steps=steps, repeat=True)
    profile = LinkProfile(description=_REAL_LINK, capacity=schedule, delay_ms=20.0, queue_bytes=48_000)
    with tempfile.TemporaryDirectory() as folder:
        write_json(path := Path(folder, "link.yaml"), profile)  # JSON is YAML
        plan = Experiment(
            description=_REAL_LINK,
            contenders=(_OURS,),
            links=(str(path),),
            camera=_CAMERA,
            cameras=3,
            time="real",
            seconds=seconds,
            settle_s=10.0,
            samples_per_s=0.5,
            curves=False,
        )
        rows = run_real(plan).results.rows
    cameras = [
        Seen(
            sent_kbps=round(row.sent_kbps, 1),
            shown_per_s=round(row.fps_shown, 2),
            longest_gap_s=None,
            lost_overload=round(row.lost_overload, 4),
            lpips_on_screen=round(row.lpips_on_screen, 4),
        )
        for row in rows
    ]
    sent = [camera.sent_kbps for camera in cameras]
    return CamerasRow(name=_REAL, link=_REAL_LINK, cameras=cameras, uneven=round(max(sent) / min(sent), 3))


def cameras_table(result: CamerasResult) -> str:
    """A line for each camera of each run."""
    head = (
        *("cameras", "link", "kbit/s", "shown per s", "longest gap, s", "lost by overload"),
        *("LPIPS on screen ↓", "most : least, any 10 s"),
    )
    lines = [
        (
            row.name if place == 0 else "",
            f"`{row.link}`" if place == 0 else "",
            number(seen.sent_kbps, 0),
            number(seen.shown_per_s, 1),
            number(seen.longest_gap_s, 2),
            f"{100 * seen.lost_overload:.1f} %",
            number(seen.lpips_on_screen, 3),
            number(row.uneven, 2) if place == 0 else "",
        )
        for row in result.rows
        for place, seen in enumerate(row.cameras)
    ]
    return table(head, lines)


def _of(result: CamerasResult, name: str) -> CamerasRow | None:
    return next((row for row in result.rows if row.name == name), None)


def _cameras(result: CamerasResult, name: str) -> list[Seen]:
    row = _of(result, name)
    return row.cameras if row else []


def _uneven_of(result: CamerasResult, name: str) -> float | None:
    row = _of(result, name)
    return None if row is None else row.uneven


def _first_by_others(result: CamerasResult) -> float | None:
    cameras = _cameras(result, _FOCUSED)
    return cameras[0].sent_kbps / max(other.sent_kbps for other in cameras[1:]) if cameras else None


def _share_of_moving(result: CamerasResult) -> float | None:
    cameras = _cameras(result, _STILL)
    return 100 * cameras[0].sent_kbps / sum(seen.sent_kbps for seen in cameras) if cameras else None


def _worse_than_alone(result: CamerasResult) -> float | None:
    beside, alone = _cameras(result, _STILL), _cameras(result, _ALONE)
    if not (beside and alone):
        return None
    return (beside[1].lpips_on_screen or 0.0) - (alone[0].lpips_on_screen or 0.0)


GOALS = (
    Goal[CamerasResult](
        "three alike on `lte`: bytes in any 10 s, most : least",
        "≤",
        1.3,
        "",
        lambda result: _uneven_of(result, _ALIKE),
        digits=2,
    ),
    Goal[CamerasResult](
        "the same: frames lost by overload, the most",
        "≤",
        0.5,
        "%",
        lambda result: most(100 * seen.lost_overload for seen in _cameras(result, _ALIKE)),
        digits=1,
    ),
    Goal[CamerasResult](
        "the focus: its bytes by those of the next",
        "≥",
        2.5,
        "",
        _first_by_others,
        digits=2,
    ),
    Goal[CamerasResult](
        "beside one that stands still on 1 Mbit/s: share of the bytes",
        "≥",
        80,
        "%",
        _share_of_moving,
    ),
    Goal[CamerasResult](
        "the one that stands still: LPIPS beyond that alone",
        "≤",
        0.03,
        "",
        _worse_than_alone,
        digits=3,
    ),
    Goal[CamerasResult](
        "while a fourth comes and goes: longest gap of the others",
        "≤",
        1,
        "s",
        lambda result: most(seen.longest_gap_s for seen in _cameras(result, _JOINS)[:3]),
        digits=2,
    ),
    Goal[CamerasResult](
        "the same: lost by overload, the most",
        "≤",
        0,
        "%",
        lambda result: most(100 * seen.lost_overload for seen in _cameras(result, _JOINS)),
        digits=2,
    ),
    Goal[CamerasResult](
        "three as real nodes over 3 Mbit/s: shown per second, the least",
        "≥",
        25,
        "",
        lambda result: least(seen.shown_per_s for seen in _cameras(result, _REAL)),
        digits=1,
    ),
    Goal[CamerasResult](
        "the same: bytes of the whole run, most : least",
        "≤",
        1.3,
        "",
        lambda result: _uneven_of(result, _REAL),
        digits=2,
    ),
)

CLAIM = Claim(
    name="cameras",
    title="Several cameras over one link",
    about=(
        "Cameras of one robot begin elsewhere in the same clip. Simulated but for the last run, whose robot "
        "and operator are two network namespaces of one machine of two cores, with a kernel link between "
        "them; what plays the cameras and what looks at the screens shares the cores."
    ),
    reading="A line is a camera. The focus has a weight of 4.",
    result=CamerasResult,
    table=cameras_table,
    goals=GOALS,
)


def main() -> int:
    """Entry point."""
    return CLAIM.run(CLAIM.arguments(__doc__), _run)


def _run(given: argparse.Namespace) -> None:
    seconds = _QUICK_SECONDS if given.quick else _SECONDS
    real_seconds = _REAL_QUICK_SECONDS if given.quick else _REAL_SECONDS
    rows = simulated(Footage.read("bikes", default_clip(), _CAMERA), seconds)
    rows.append(real(real_seconds))
    settings = CamerasSettings(camera=camera_text(_CAMERA), seconds=seconds, real_seconds=real_seconds)
    CLAIM.write(given, settings, rows)
    for row in rows:
        print(row)


if __name__ == "__main__":
    sys.exit(main())
