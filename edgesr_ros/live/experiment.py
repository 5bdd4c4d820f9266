"""An experiment over DDS and a kernel link: the real nodes, each contender on a fresh link."""

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

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
from edgesr_ros.live.camera_files import CameraFiles, write_camera
from edgesr_ros.live.peers.bar_code import marked
from edgesr_ros.live.peers.record import read_peer
from edgesr_ros.live.peers.start import Ending, check_peers, start_peer
from edgesr_ros.live.processes import Processes, chain_environment
from edgesr_ros.live.record import READY, SENT, Window, read_record

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
            rate_hz = experiment.camera.rate_hz if beside else None
            camera = write_camera(footage, Path(folder), experiment.cameras, rate_hz)
            for link, profile in profiles(experiment).items():
                panels: list[Panel] = []
                for index, contender in enumerate(experiment.contenders):
                    record = Path(folder, f"{link}_{index}")
                    record.mkdir()
                    found = _run(experiment, contender, profile, camera, record, logs / record.name)
                    for place, (run, glances) in enumerate(found):
                        if not glances:
                            raise InputError("samples_per_s: expected one sample at least in each run")
                        seen = [judge.see(glance, network=False) for glance in glances]
                        shown = contender.name if len(found) == 1 else f"{contender.name}, camera {place + 1}"
                        rows.append(row_of(Names(shown, link, name, "real"), run, seen, profile, content))
                        done(rows[-1])
                        if place == 0:
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


def _run(
    experiment: Experiment,
    contender: Contender,
    profile: LinkProfile,
    camera: CameraFiles,
    record: Path,
    logs: Path,
) -> list[tuple[Run, list[Glance]]]:
    """A contender on a link of its own, by what is written into `record` meanwhile; for each camera."""
    if isinstance(contender, Peer):
        start = partial(start_peer, experiment, contender, camera.recording, record)
        return [read_peer(record, _watch(experiment, profile, [record], logs, start))]
    records = {name: record / name for name in _names(experiment.cameras)}
    for folder in records.values():
        folder.mkdir(exist_ok=True)
    start = partial(_start_nodes, experiment, contender, camera.frames, records)
    window = _watch(experiment, profile, list(records.values()), logs, start)
    return [read_record(folder, window, camera.numbers) for folder in records.values()]


def _names(cameras: int) -> list[str]:
    """Of the cameras; one that is alone has none."""
    return [""] if cameras == 1 else [f"camera_{number + 1}" for number in range(cameras)]


def _watch(
    experiment: Experiment,
    profile: LinkProfile,
    records: Sequence[Path],
    logs: Path,
    start: Callable[..., Ending],
) -> Window:
    """Run a contender's processes on a link of its own; some of them write into `records`, of each camera.

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
            for record in records:
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
    frames: Sequence[Path],
    records: Mapping[str, Path],
    processes: Processes,
    robot: list[str],
    ground: list[str],
) -> Ending:
    """The nodes of a contender over DDS, and watchers of each camera."""
    network = by_network(contender)
    several = {"cameras": ",".join(records)} if any(records) else {}
    for name, record in records.items():
        watch = ["ground", record, "sr" if network else "raw", experiment.samples_per_s, name]
        processes.start_module(f"ground_watcher{name}", _MODULE, watch, ground)
        processes.start_module(f"robot_watcher{name}", _MODULE, ["robot", record, name], robot)
    if network:
        station = {"overlay": False, **several, **station_models(experiment.models)}
        processes.start("ground_station", "/", station, within=ground)
    if isinstance(contender, Ours):
        weights = [f"{name}={weight}" for name, weight in zip(records, contender.weights, strict=False)]
        sender = {
            "ladder": contender.ladder,
            "policy": contender.policy,
            "max_frame_bytes": contender.max_frame_bytes,
            **several,
            **({"weights": ",".join(weights)} if several and weights else {}),
        }
        processes.start("onboard", "/", sender, within=robot)
    else:
        setting = ["sender", msgspec.json.encode(contender).decode(), experiment.camera.rate_hz]
        for name in records:
            processes.start_module(f"sender{name}", _MODULE, [*setting, name], robot)
    # A sender without a receiver is none to be measured: what it sends is for the watcher beside it alone.
    for record in records.values():
        _wait_for(processes, record / READY, "no receiver was there")
    players = []
    for name, source in zip(records, frames, strict=True):
        player = {"source": source, "rate": experiment.camera.rate_hz, "loop": True}
        players.append(f"frame_player{name}")
        processes.start("frame_player", f"/{name}", player, within=robot, name=players[-1])
    return Ending(tuple(players))


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
