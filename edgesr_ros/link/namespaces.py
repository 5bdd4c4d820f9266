"""Two network namespaces of one machine: a robot and a ground station, with one interface each."""

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal

from edgesr_ros.errors import InputError
from edgesr_ros.link.commands import NAMESPACES, in_namespace, open_tap, require_root, run_tool, succeeds

Side = Literal["robot", "ground"]
SIDES: tuple[Side, ...] = ("robot", "ground")
INTERFACE = "radio0"  # in both
# Of the block for benchmarks of network devices (RFC 2544, RFC 6890): nobody's own network.
ADDRESSES: dict[Side, str] = {"robot": "198.18.0.1", "ground": "198.18.0.2"}
_PREFIX = 24
_MULTICAST = "224.0.0.0/4"  # DDS discovery

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


class Namespaces:
    """The namespaces `<name>_robot` and `<name>_ground`, with one interface each; removed on leaving `with`.

    Inside them there is only the link: no internet, no other machine. Nothing outside changes.

    Args:
        name: tells several such pairs apart.

    Raises:
        InputError: the name is not one; no root; on entering, the pair exists or the system refuses.
    """

    def __init__(self, name: str = "edgesr") -> None:
        if not _NAME.fullmatch(name):
            raise InputError(f"name: expected letters, digits, _ and -, at most 32, got {name!r}")
        require_root()
        self.name = name

    def namespace(self, side: Side) -> str:
        """The namespace's name, as `ip netns` knows it."""
        return f"{self.name}_{side}"

    def present(self) -> list[Side]:
        """Which of the two exist."""
        return [side for side in SIDES if (NAMESPACES / self.namespace(side)).exists()]

    def command(self, side: Side, command: Sequence[str]) -> list[str]:
        """The command line that runs `command` on one side, for `subprocess`."""
        return in_namespace(self.namespace(side), command)

    def processes(self, side: Side) -> list[int]:
        """Process numbers of what runs on one side."""
        return [int(pid) for pid in run_tool("ip", "netns", "pids", self.namespace(side)).split()]

    def create(self) -> None:
        """Make both and join them by a virtual cable; on failure nothing remains."""
        with self._making():
            robot, ground = map(self.namespace, SIDES)
            pair = ("type", "veth", "peer", "name", INTERFACE, "netns", ground)
            run_tool("ip", "link", "add", INTERFACE, "netns", robot, *pair)

    def create_apart(self) -> list[int]:
        """Make both, with interfaces that somebody else has to join; on failure nothing remains.

        Returns:
            The descriptors of the two interfaces, see `open_tap`.
        """
        taps: list[int] = []
        try:
            with self._making():
                for side in SIDES:
                    taps.append(open_tap(self.namespace(side), INTERFACE))
        except BaseException:
            for tap in taps:
                os.close(tap)
            raise
        return taps

    @contextlib.contextmanager
    def _making(self) -> Iterator[None]:
        if self.present():
            raise InputError(f"link {self.name!r} is up already: take it down first (edgesr link down)")
        try:
            for side in SIDES:
                run_tool("ip", "netns", "add", self.namespace(side))
            yield
            for side in SIDES:
                self._configure(side)
        except BaseException:
            self.remove()
            raise

    def remove(self) -> list[int]:
        """Take away what there is of it, also after a crash; returns processes that ran on and are cut off.

        Raises:
            InputError: the system refuses.
        """
        running: list[int] = []
        for side in self.present():
            with contextlib.suppress(InputError):  # somebody else may remove it at the same time
                running += self.processes(side)
        for side in self.present():
            namespace = self.namespace(side)
            # Processes keep their namespace alive, but not the cable.
            succeeds("ip", "-n", namespace, "link", "delete", INTERFACE)
            if not succeeds("ip", "netns", "delete", namespace) and side in self.present():
                raise InputError(f"namespace {namespace}: cannot be removed (ip netns delete {namespace})")
        return [pid for pid in running if Path("/proc", str(pid)).exists()]

    def __enter__(self) -> "Namespaces":
        self.create()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def _configure(self, side: Side) -> None:
        ip = ("ip", "-n", self.namespace(side))
        run_tool(*ip, "address", "add", f"{ADDRESSES[side]}/{_PREFIX}", "dev", INTERFACE)
        for interface in ("lo", INTERFACE):
            run_tool(*ip, "link", "set", interface, "up")
        run_tool(*ip, "route", "add", _MULTICAST, "dev", INTERFACE)
