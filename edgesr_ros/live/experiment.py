"""An experiment over DDS and a kernel link: the real nodes, each contender on a fresh link."""

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from edgesr_ros.errors import InputError
from edgesr_ros.experiment.bench import Panel, Strip, by_network, load_networks
from edgesr_ros.experiment.content import content_kbps
from edgesr_ros.experiment.footage import Footage
from edgesr_ros.experiment.measure import Names, row_of
from edgesr_ros.experiment.plan import Contender, Experiment, Ours, Paceless, Peer, profiles
from edgesr_ros.experiment.rows import Results, Row
from edgesr_ros.experiment.runner import Outcome, camera_text
from edgesr_ros.experiment.screen import Judge, Seen
from edgesr_ros.experiment.simulation import Glance, Run
from edgesr_ros.link.kernel import KernelLink, line_state
from edgesr_ros.link.namespaces import SIDES
from edgesr_ros.link.profile import LinkProfile
from edgesr_ros.live.peers.bar_code import marked
from edgesr_ros.live.peers.record import read_peer
from edgesr_ros.live.peers.start import Ending, check_peers, start_peer
from edgesr_ros.live.peers.y4m import write_y4m
from edgesr_ros.live.processes import Processes, chain_environment
from edgesr_ros.live.record import READY, SENT, Window, fingerprint, read_record
from edgesr_ros.sources.files import write_image

_START_TIMEOUT = 120.0  # s until a part must be there; browsers take many on a busy machine
_ON_THE_WAY = 1.0  # s: what was sent so late may still have arrived after the end
_POLL_PERIOD = 0.1  # s
_MAIN_SCALE = 4  # of the ground station's parameter `model`
_OTHER_SCALES = (2, 8)  # of its `model_x2` and `model_x8`
_MODULE = "edgesr_ros.live.nodes"


def run_live(
    experiment: Experiment, sources: Mapping[str, str], logs: Path, done: Callable[[Row], None]
) -> Outcome:
    """Run an experiment in real time; as `runner.simulate`, without curves.

    Args:
        logs: folder for what the processes say.

    Raises:
        InputError: no root, a model cannot be loaded, or a process failed.
    """
    beside = check_peers(experiment)
    rows: list[Row] = []
    strips: list[Strip] = []
    notes: list[str] = []
    for name, source in sources.items():
        footage = Footage.read(name, source, experiment.camera)
        if beside:
            footage = marked(footage)
        notes += footage.notes
        judge = Judge(footage, {}, threads=2)
        content = content_kbps(footage, experiment.camera.rate_hz)
        with tempfile.TemporaryDirectory() as folder:
            camera = _write_camera(footage, Path(folder), experiment.camera.rate_hz if beside else None)
            for link, profile in profiles(experiment).items():
                panels: list[Panel] = []
                for index, contender in enumerate(experiment.contenders):
                    record = Path(folder, f"{link}_{index}")
                    record.mkdir()
                    run, glances = _run(experiment, contender, profile, camera, record, logs / record.name)
                    if not glances:
                        raise InputError("samples_per_s: expected one sample at least in each run")
                    seen = [judge.see(glance, network=False) for glance in glances]
                    names = Names(contender.name, link, name, "real")
                    rows.append(row_of(names, run, seen, profile, content))
                    done(rows[-1])
                    panels += _moment(contender.name, judge, footage, glances, seen)
                strips.append(Strip(link, name, None, panels))
    results = Results(
        description=experiment.description,
        camera=camera_text(experiment.camera),
        seed=experiment.seed,
        rows=rows,
        curves=[],
    )
    return Outcome(results, strips, notes)


class _Camera(NamedTuple):
    """What the camera takes, until it repeats, as files."""

    frames: Path  # a folder of pictures that are read fast
    numbers: dict[int, int]  # of those, by fingerprint
    recording: Path  # the same in one file, where there are peers


def _write_camera(footage: Footage, folder: Path, rate_hz: float | None) -> _Camera:
    """Write it into a folder; with a rate, for peers as well."""
    camera = _Camera(folder / "camera", {}, folder / "camera.y4m")
    for number in range(footage.period):
        picture = footage.picture(number)
        write_image(camera.frames / f"{number:05}.bmp", picture)
        camera.numbers[fingerprint(np.ascontiguousarray(picture).data)] = number
    if rate_hz is not None:
        write_y4m(camera.recording, footage, rate_hz)
    return camera


def _run(
    experiment: Experiment,
    contender: Contender,
    profile: LinkProfile,
    camera: _Camera,
    record: Path,
    logs: Path,
) -> tuple[Run, list[Glance]]:
    """A contender on a link of its own, by what is written into `record` meanwhile."""
    if isinstance(contender, Peer):
        start = partial(start_peer, experiment, contender, camera.recording, record)
        return read_peer(record, _watch(experiment, profile, record, logs, start))
    start = partial(_start_nodes, experiment, contender, camera.frames, record)
    return read_record(record, _watch(experiment, profile, record, logs, start), camera.numbers)


def _watch(
    experiment: Experiment, profile: LinkProfile, record: Path, logs: Path, start: Callable[..., Ending]
) -> Window:
    """Run a contender's processes on a link of its own; some of them write into `record`.

    Args:
        start: starts them in a group and two namespaces.
    """
    environment = chain_environment()
    environment.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
    link_name = f"edgesr_{os.getpid()}"
    with (
        KernelLink(profile, name=link_name, seed=experiment.seed) as link,
        Processes(logs, environment) as processes,
    ):
        ending = start(processes, *(link.namespaces.command(side, []) for side in SIDES))
        try:
            _wait_for(processes, record / SENT, "no frame was sent")
            _sleep(processes, experiment.settle_s)
            with _following(link):
                start_ns, before = time.time_ns(), _sent_bytes(link)
                _sleep(processes, experiment.seconds)
                window = Window(start_ns, experiment.seconds, _sent_bytes(link) - before)
                _sleep(processes, _ON_THE_WAY)
        finally:
            processes.stop(*ending.first, patience=ending.patience)
    return window


def _start_nodes(
    experiment: Experiment,
    contender: Paceless | Ours,
    camera: Path,
    record: Path,
    processes: Processes,
    robot: list[str],
    ground: list[str],
) -> Ending:
    """The nodes of a contender over DDS, and watchers."""
    network = by_network(contender)
    watch = ["ground", record, "sr" if network else "raw", experiment.samples_per_s]
    processes.start_module("ground_watcher", _MODULE, watch, ground)
    processes.start_module("robot_watcher", _MODULE, ["robot", record], robot)
    if network:
        station = {"overlay": False, **station_models(experiment.models)}
        processes.start("ground_station", "/", station, within=ground)
    if isinstance(contender, Ours):
        sender = {
            "ladder": contender.ladder,
            "policy": contender.policy,
            "max_frame_bytes": contender.max_frame_bytes,
        }
        processes.start("onboard", "/", sender, within=robot)
    else:
        setting = ["sender", msgspec.json.encode(contender).decode(), experiment.camera.rate_hz]
        processes.start_module("sender", _MODULE, setting, robot)
    # A sender without a receiver is none to be measured: what it sends is for the watcher beside it alone.
    _wait_for(processes, record / READY, "no receiver was there")
    player = {"source": camera, "rate": experiment.camera.rate_hz, "loop": True}
    processes.start("frame_player", "/", player, within=robot)
    return Ending(("frame_player",))


def station_models(names: Sequence[str]) -> dict[str, str]:
    """Parameters of the ground station that name these networks, and bicubic for the other scales."""
    by_scale = dict(zip(load_networks(names), names, strict=True))
    main = by_scale.get(_MAIN_SCALE, next(iter(names), "bicubic"))
    others = {f"model_x{scale}": by_scale.get(scale, f"bicubic_x{scale}") for scale in _OTHER_SCALES}
    return {"model": main} | others


def _wait_for(processes: Processes, path: Path, missing: str) -> None:
    """Wait until there is something in a file that a process writes."""
    deadline = time.monotonic() + _START_TIMEOUT
    while not (path.is_file() and path.stat().st_size):
        if time.monotonic() > deadline:
            raise InputError(f"{missing} within {_START_TIMEOUT:.0f} s; see the logs")
        _sleep(processes, _POLL_PERIOD)


def _sleep(processes: Processes, seconds: float) -> None:
    """Wait, as long as no process fails."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        processes.check()
        time.sleep(min(left, _POLL_PERIOD))


@contextmanager
def _following(link: KernelLink) -> Iterator[None]:
    """The link follows its schedule, from its beginning."""
    stop = threading.Event()
    thread = threading.Thread(target=link.follow, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _sent_bytes(link: KernelLink) -> int:
    state = line_state(link.namespaces, "robot")
    return state.sent_bytes if state else 0


def _moment(
    name: str, judge: Judge, footage: Footage, glances: list[Glance], seen: list[Seen]
) -> list[Panel]:
    """The moment of a run with the median LPIPS, and what the camera saw then."""
    index = int(np.argsort([one.lpips for one in seen])[len(seen) // 2])
    return [
        Panel(f"camera, while {name}", footage.picture(glances[index].number), None),
        Panel(name, judge.screen(glances[index].picture, network=False), seen[index].lpips),
    ]
