"""The whole chain as processes, from the benchmark's camera to the observer."""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.camera import RATE_HZ, write_frames
from benchmarks.observer import Observer
from benchmarks.usage import Usage
from edgesr_ros.cli.processes import Processes, chain_environment
from edgesr_ros.errors import InputError
from edgesr_ros.link.profile import LinkProfile
from edgesr_ros.schema import write_json

_START_TIMEOUT = 30.0  # seconds until a start must have come to its end
_POLL_PERIOD = 0.1  # seconds
_LAST_WORDS = 2.0  # seconds in which the diagnostics of the last frames arrive


class Chain:
    """The running chain."""

    def __init__(self, processes: Processes, observer: Observer) -> None:
        self._processes = processes
        self.observer = observer

    @property
    def model(self) -> str:
        """What the ground station enlarges by."""
        return self.observer.value("ground_station", "model") or ""

    def spin(self, seconds: float) -> None:
        """Let it run.

        Raises:
            InputError: a node has failed.
        """
        self.observer.spin(seconds)
        self._processes.ended("frame_player")

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

    def wait(self, condition: Callable[[], object], what: str) -> None:
        """Let it run until `condition` holds.

        Raises:
            InputError: it does not come to hold, or a node has failed.
        """
        deadline = time.monotonic() + _START_TIMEOUT
        while not condition():
            if time.monotonic() > deadline:
                raise InputError(f"waited {_START_TIMEOUT:.0f} s in vain for {what}")
            self.spin(_POLL_PERIOD)

    def link_began(self) -> float:
        """When the schedule of the link began, on the clock of `Arrival`; errors as `wait`."""
        name = "schedule_began_s"
        self.wait(lambda: self.observer.value("link_emulator", name), "the link's schedule")
        return float(self.observer.value("link_emulator", name) or 0)

    def pids(self) -> dict[str, int]:
        """Process numbers of the nodes, and of ourselves as `observer`."""
        return {**self._processes.pids(), "observer": os.getpid()}

    def stop_camera(self) -> None:
        """No more frames; waits for what is on its way, and for the last counts."""
        self._processes.stop("frame_player")
        self.observer.spin(_LAST_WORDS)


@contextmanager
def running_chain(link: str | LinkProfile, onboard: Mapping[str, object] | None = None) -> Iterator[Chain]:
    """The chain, up to the first picture shown; ends every process.

    Args:
        link: its profile, or the name of one.
        onboard: parameters of the onboard node; all others, and those of the other nodes, are the defaults.

    Raises:
        InputError: a node fails, or no picture is shown in time.
    """
    environment = chain_environment()
    # A domain of our own, unless the user chose one: a benchmark must not talk to robots on the network.
    domain = environment.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
    # The observer lives in this process and needs the profile too.
    os.environ["FASTRTPS_DEFAULT_PROFILES_FILE"] = environment["FASTRTPS_DEFAULT_PROFILES_FILE"]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        print("making the camera's frames …", file=sys.stderr)
        write_frames(folder / "camera")
        observer = Observer(int(domain))
        stack.callback(observer.close)
        processes = stack.enter_context(Processes(folder / "logs", environment))
        processes.start("ground_station", "/ground")
        processes.start("onboard", "/robot", onboard)
        player = {"source": folder / "camera", "rate": RATE_HZ, "loop": True}
        processes.start("frame_player", "/robot", player)
        chain = Chain(processes, observer)
        chain.wait(lambda: observer.nodes() >= set(chain.pids()) - {"observer"}, "diagnostics of all nodes")
        # Last, as its schedule begins with it: the first step is not for waiting until the model is loaded.
        if isinstance(link, LinkProfile):
            write_json(profile := folder / "link.yaml", link)  # JSON is YAML
        processes.start("link_emulator", "/", {"profile": link if isinstance(link, str) else profile})
        chain.wait(lambda: observer.shown, "a picture")
        yield chain
