"""Nodes as processes: started together, watched, stopped cleanly, on machines without `launch`."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NoReturn

from edgesr_ros import resources
from edgesr_ros.errors import InputError
from edgesr_ros.schema import check_writable

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # how users and their tools ask a process to end

# What `launch` does too: interrupt, then terminate, then kill.
_ESCALATION = ((signal.SIGINT, 5.0), (signal.SIGTERM, 3.0), (signal.SIGKILL, 5.0))
_POLL_PERIOD = 0.05  # seconds
_WARNING = re.compile(r"^\[WARN\](?: \[[^]]*\])*: (?P<text>.*)$", re.MULTILINE)  # as rclpy logs it


def end_as_by_ctrl_c() -> None:
    """From now on whatever asks this process to end interrupts it, so that it cleans up; and only once.

    `ros2 launch` asks again, and users do: that must not cut the cleaning up short. A shell's `&` has SIGINT
    ignored.
    """
    for number in ENDINGS:
        signal.signal(number, _interrupt_once)


def _interrupt_once(*_: object) -> NoReturn:
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)  # what the cleaning up starts ignores them too
    raise KeyboardInterrupt


def chain_environment() -> dict[str, str]:
    """This process's environment, our package's path, and, unless the user chose one, our DDS profile."""
    environment = dict(os.environ)
    for name in ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE"):  # Fast DDS 2 and 3
        environment.setdefault(name, str(resources.config("rmw", "fastdds.xml")))
    package = str(Path(__file__).resolve().parents[2])
    environment["PYTHONPATH"] = os.pathsep.join(
        part for part in (package, environment.get("PYTHONPATH", "")) if part
    )
    return environment


class Processes:
    """A group of nodes; leaving the `with` block ends every one of them, whatever happened.

    Args:
        logs: folder for one log file a node.
        environment: of the nodes.
    """

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs, self._environment = logs, environment
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(
        self,
        node: str,
        namespace: str = "/",
        parameters: Mapping[str, object] | None = None,
        remappings: Mapping[str, str] | None = None,
        within: Sequence[str] = (),
        name: str = "",
    ) -> None:
        """Start `edgesr_ros.nodes.<node>`; its output goes to <logs>/<name>.log.

        `within` is a command that runs the node's, for example `ip netns exec NAME`; `name` tells several of
        one kind apart, and is the node's where it is empty.
        """
        options = ["--ros-args", "-r", f"__ns:={namespace}"]
        for topic, other in (remappings or {}).items():
            options += ["-r", f"{topic}:={other}"]
        for key, value in (parameters or {}).items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            options += ["-p", f"{key}:={text}"]
        self.start_module(name or node, f"edgesr_ros.nodes.{node}", options, within)

    def start_module(
        self, name: str, module: str, arguments: Sequence[object], within: Sequence[str] = ()
    ) -> None:
        """Start a module of ours that is no node of the package, as `start`."""
        command = [*within, sys.executable, "-m", module, *map(str, arguments)]
        with self._log(name).open("wb") as log:
            # A session of its own: Ctrl-C reaches us alone, and we stop the nodes in order.
            self._running[name] = subprocess.Popen(
                command, stdout=log, stderr=log, env=dict(self._environment), start_new_session=True
            )

    def ended(self, node: str) -> bool:
        """Whether a node has ended by itself; errors as `check`."""
        self.check()
        return self._running[node].poll() is not None

    def check(self) -> None:
        """See that none has failed.

        Raises:
            InputError: one has; with the last line that it said.
        """
        for name, process in self._running.items():
            if process.poll():
                lines = self._log(name).read_text(errors="replace").strip().splitlines()
                if not lines:
                    check_writable(self._log(name))  # the disk may be too full to say that it is
                raise InputError(f"{name} failed: {lines[-1] if lines else f'status {process.returncode}'}")

    def warnings(self, node: str) -> list[str]:
        """What a node has warned of so far, each once."""
        log = self._log(node).read_text(errors="replace")
        return list(dict.fromkeys(match["text"] for match in _WARNING.finditer(log)))

    def status(self, node: str) -> int | None:
        """A node's exit status; None while it runs."""
        return self._running[node].poll()

    def pids(self) -> dict[str, int]:
        """Process numbers of the nodes."""
        return {node: process.pid for node, process in self._running.items()}

    def stop(self, *nodes: str, patience: float = 0.0) -> None:
        """Interrupt nodes and wait for their end; `patience` more seconds before force is used."""
        processes = [self._running[node] for node in nodes]
        for number, allowance in _ESCALATION:
            for process in processes:
                if process.poll() is None:
                    with contextlib.suppress(ProcessLookupError):
                        process.send_signal(number)
            deadline = time.monotonic() + allowance + (patience if number == signal.SIGINT else 0.0)
            while any(process.poll() is None for process in processes) and time.monotonic() < deadline:
                time.sleep(_POLL_PERIOD)

    def __enter__(self) -> "Processes":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(*self._running)

    def _log(self, node: str) -> Path:
        return self._logs / f"{node}.log"
