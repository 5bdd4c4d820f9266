"""`ip` and `tc` of iproute2 as subprocesses; whatever they refuse is one line for the user."""

import ctypes
import fcntl
import os
import shutil
import socket
import struct
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from edgesr_ros.errors import InputError

NAMESPACES = Path("/run/netns")  # where `ip netns` keeps them
_CLONE_NEWNET = 0x40000000  # linux/sched.h
_TUN = "/dev/net/tun"
_TUNSETIFF, _IFF_TAP, _IFF_NO_PI = 0x400454CA, 0x0002, 0x1000  # linux/if_tun.h
_TIMEOUT = 10.0  # s; each takes milliseconds

T = TypeVar("T")


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


def run_within(namespace: str | None, function: Callable[[], T]) -> T:
    """Call a function where the network is that of a namespace; None is our own.

    Raises:
        OSError: no such namespace, or what the function raises.
    """
    if namespace is None:
        return function()

    def run() -> T:
        with (NAMESPACES / namespace).open("rb") as file:
            # os.setns has come with Python 3.12 only.
            if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), _CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return function()

    # A thread of its own: the namespace is the thread's.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run).result()


def send_broadcast(namespace: str | None, interface: str) -> None:
    """Send an empty datagram to the discard port (RFC 863) of everybody on an interface.

    Raises:
        OSError: no such namespace or interface, or it is down.
    """

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
            udp.sendto(b"", ("255.255.255.255", 9))

    run_within(namespace, send)


def open_tap(namespace: str, interface: str) -> int:
    """Make an interface whose frames we carry, Ethernet without its checksum; it is gone when this is closed.

    Returns:
        A descriptor that gives a frame at each read and takes one at each write; non-blocking.

    Raises:
        InputError: the system has no such interfaces.
        OSError: no such namespace.
    """

    def make() -> int:
        try:
            tap = os.open(_TUN, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise InputError(f"a kernel link needs {_TUN}: {error.strerror}") from None
        try:
            fcntl.ioctl(tap, _TUNSETIFF, struct.pack("16sH22x", interface.encode(), _IFF_TAP | _IFF_NO_PI))
        except OSError as error:
            os.close(tap)
            raise InputError(f"{interface} in {namespace}: {error.strerror}") from None
        return tap

    return run_within(namespace, make)
