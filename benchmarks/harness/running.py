"""The nodes as processes, up to the whole chain from the benchmark's camera to the observer."""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from benchmarks.harness.camera import CAMERA, frames_folder
from benchmarks.harness.labels import label, namespace
from benchmarks.harness.observer import Observer
from benchmarks.harness.usage import Usage
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.plan import Camera
from edgesr_ros.link.profile import LinkProfile
from edgesr_ros.live.processes import Processes, chain_environment
from edgesr_ros.nodes.memory import FREED
from edgesr_ros.schema import write_json

_PLAYER = "frame_player"
_WHERE = {"onboard": "/robot", "ground_station": "/ground"}  # others stand between

_START_TIMEOUT = 30.0  # seconds until a start must have come to its end
_POLL_PERIOD = 0.1  # seconds
_LAST_WORDS = 2.0  # seconds in which the diagnostics of the last frames arrive


class Chain:
    """Nodes that run, of a robot with one camera or several and its ground station, and who observes them.

    Attributes:
        folder: for files that the nodes read, as long as they run.
    """

    def __init__(self, folder: Path, processes: Mapping[str, Processes], observer: Observer) -> None:
        self.folder = folder
        self._processes = processes  # by camera; those of all by an empty name
        self.observer = observer

    @property
    def model(self) -> str:
        """What the ground station enlarges by."""
        return self.observer.value("ground_station", "model") or ""

    def start(self, node: str, parameters: Mapping[str, object] | None = None) -> None:
        """Start a node, or a frame_player for each camera."""
        cameras = list(self.observer.screens)
        if node == _PLAYER:
            for camera in cameras:
                self._processes[camera].start(node, namespace(camera, "robot"), parameters)
            return
        named = {"cameras": ",".join(cameras)} if any(cameras) else {}
        self._processes[""].start(node, _WHERE.get(node, "/"), {**(parameters or {}), **named})

    def stop(self, node: str) -> None:
        """Stop a node, or all of its name."""
        for processes in self._processes.values():
            if node in processes.pids():
                processes.stop(node)

    def spin(self, seconds: float) -> None:
        """Let it run.

        Raises:
            InputError: a node has failed.
        """
        self.observer.spin(seconds)
        for processes in self._processes.values():
            for node in processes.pids():
                processes.ended(node)

    def watch(self, usages: Mapping[str, Usage], end: float, period: float) -> None:
        """Let it run until `end`, on the clock of `Arrival`, and say how long that takes.

        The processes are looked at every `period` seconds, at the start and at the end; errors as `spin`.
        """
        while True:
            now = self.observer.now()
            for usage in usages.values():
                usage.sample(now)
            if now >= end:
                break
            print(f"\r{end - now:4.0f} s left", end="", file=sys.stderr, flush=True)
            self.spin(min(period, end - now))
        print(file=sys.stderr)

    def wait(self, condition: Callable[[], object], what: str, poll: float = _POLL_PERIOD) -> None:
        """Let it run until `condition` holds, which is asked every `poll` seconds.

        Raises:
            InputError: it does not come to hold, or a node has failed.
        """
        deadline = time.monotonic() + _START_TIMEOUT
        while not condition():
            if time.monotonic() > deadline:
                raise InputError(f"waited {_START_TIMEOUT:.0f} s in vain for {what}")
            self.spin(poll)

    def wait_for_nodes(self) -> None:
        """Let it run until every node has told of itself; errors as `wait`."""
        self.wait(lambda: self.observer.nodes() >= set(self.pids()), "diagnostics of all nodes")

    def link_began(self) -> float:
        """When the schedule of the link began, on the clock of `Arrival`; errors as `wait`."""
        name = "schedule_began_s"
        self.wait(lambda: self.observer.value("link_emulator", name), "the link's schedule")
        return float(self.observer.value("link_emulator", name) or 0)

    def pids(self) -> dict[str, int]:
        """Process numbers of the nodes."""
        return {
            label(camera, node): pid
            for camera, processes in self._processes.items()
            for node, pid in processes.pids().items()
        }

    def stop_camera(self) -> None:
        """No more frames; waits for what is on its way, and for the last counts."""
        self.stop("frame_player")
        self.observer.spin(_LAST_WORDS)


def give_real_time(pid: int) -> bool:
    """Give a process real-time priority, as far as we may: whether it has it now."""
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(ProcessLookupError):  # the thread has ended
                os.sched_setscheduler(int(thread.name), os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        return False
    return True


@contextmanager
def observed(
    cameras: Sequence[str] = ("",), observe: Callable[[int, Sequence[str]], Observer] = Observer
) -> Iterator[Chain]:
    """A chain without nodes as yet, observed; ends every process that is started in it."""
    FREED.begin()  # what the observer takes is not to be what limits the chain
    environment = chain_environment()
    # A domain of our own, unless the user chose one: a benchmark must not talk to robots on the network.
    domain = environment.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
    # The observer lives in this process and needs the profile too.
    os.environ["FASTRTPS_DEFAULT_PROFILES_FILE"] = environment["FASTRTPS_DEFAULT_PROFILES_FILE"]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        observer = observe(int(domain), cameras)
        stack.callback(observer.close)
        processes = {
            camera: stack.enter_context(Processes(folder / "logs" / camera, environment))
            for camera in {"": "", **dict.fromkeys(cameras)}
        }
        yield Chain(folder, processes, observer)


@contextmanager
def running_chain(
    link: str | LinkProfile,
    onboard: Mapping[str, object] | None = None,
    ground_station: Mapping[str, object] | None = None,
    camera: Camera = CAMERA,
    cameras: Sequence[str] = ("",),
) -> Iterator[Chain]:
    """The chain, up to the first picture shown of each camera; ends every process.

    Args:
        link: its profile, or the name of one.
        onboard: parameters of the onboard node; all that are not given are the defaults.
        ground_station: the same of the ground station.
        camera: what each is.
        cameras: their names; "" is one that has none.

    Raises:
        InputError: a node fails, or no picture is shown in time.
    """
    print("making the camera's frames …", file=sys.stderr)
    source = frames_folder(camera)
    with observed(cameras) as chain:
        chain.start("ground_station", ground_station)
        chain.start("onboard", onboard)
        chain.start("frame_player", {"source": source, "rate": camera.rate_hz, "loop": True})
        chain.wait_for_nodes()
        # Last, as its schedule begins with it: the first step is not for waiting until the model is loaded.
        if isinstance(link, LinkProfile):
            write_json(profile := chain.folder / "link.yaml", link)  # JSON is YAML
        chain.start("link_emulator", {"profile": link if isinstance(link, str) else profile})
        chain.wait(lambda: all(screen.shown for screen in chain.observer.screens.values()), "a picture")
        yield chain
