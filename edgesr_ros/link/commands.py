"""`ip` and `tc` of iproute2 as subprocesses; whatever they refuse is one line for the user."""

import ctypes
import os
import shutil
import socket
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from edgesr_ros.errors import InputError

NAMESPACES = Path("/run/netns")  # where `ip netns` keeps them
_CLONE_NEWNET = 0x40000000  # linux/sched.h
_TIMEOUT = 10.0  # s; each takes milliseconds


def require_root() -> None:
    """Say at once what namespaces and traffic control need.

    Raises:
        InputError: we are not root, or iproute2 is not installed.
    """
    if os.geteuid() != 0:
        raise InputError("a kernel link needs root: network namespaces and tc are the system's (sudo -E ...)")
    for tool in ("ip", "tc"):
        if shutil.which(tool) is None:
            raise InputError(f"a kernel link needs `{tool}`, which is not installed (package iproute2)")


def run_tool(*command: str) -> str:
    """Run `ip …` or `tc …` and return what it prints.

    Raises:
        InputError: it failed; with its own first line.
    """
    try:
        # A session of its own: Ctrl-C must not end the clean-up half way.
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=_TIMEOUT, start_new_session=True
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"{' '.join(command)}: no answer within {_TIMEOUT:g} s") from None
    except OSError as error:
        raise InputError(f"{command[0]}: {error.strerror}") from None
    if done.returncode != 0:
        said = (done.stderr.strip() or f"status {done.returncode}").splitlines()[0]
        raise InputError(f"{' '.join(command)}: {said}")
    return done.stdout


def succeeds(*command: str) -> bool:
    """Whether a tool can do something, for what may or may not be there."""
    try:
        run_tool(*command)
    except InputError:
        return False
    return True


def in_namespace(namespace: str, command: Sequence[str]) -> list[str]:
    """The command line that runs `command` in a namespace; `ip` is replaced by it and keeps its process."""
    return ["ip", "netns", "exec", namespace, *command]


def send_broadcast(namespace: str | None, interface: str) -> None:
    """Send an empty datagram to the discard port (RFC 863) of everybody on an interface.

    Raises:
        OSError: no such namespace or interface, or it is down.
    """

    def send() -> None:
        if namespace is not None:
            with (NAMESPACES / namespace).open("rb") as file:
                # os.setns has come with Python 3.12 only.
                if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), _CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
            udp.sendto(b"", ("255.255.255.255", 9))

    # A thread of its own: the namespace is the thread's.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(send).result()
