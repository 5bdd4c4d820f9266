"""Real packets from one side of a link to the other, by processes in its namespaces."""

import json
import math
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.link import commands
from edgesr_ros.link.capacity import Schedule, Step
from edgesr_ros.link.emulator import Delivery, LinkEmulator
from edgesr_ros.link.namespaces import ADDRESSES, INTERFACE, Namespaces, Side
from edgesr_ros.link.profile import LinkProfile

HEADERS = 42  # bytes of Ethernet, IPv4 and UDP in each packet: the link's rate holds for them too
PORT = 5000
PAYLOAD = 1400  # bytes in each packet that saturates a link

# Tells when the kernel had each datagram, however late a busy machine lets us look: SO_TIMESTAMPNS.
RECEIVER = f"""
import json, socket, struct, sys, time
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.setsockopt(socket.SOL_SOCKET, 35, 1)
udp.setsockopt(socket.SOL_SOCKET, 33, 8_000_000)  # SO_RCVBUFFORCE
udp.bind(("", {PORT}))
udp.settimeout(0.1)
print("ready", flush=True)
end, arrivals = time.monotonic() + float(sys.argv[1]), []
while time.monotonic() < end:
    try:
        data, control, _, _ = udp.recvmsg(65536, 128)
    except TimeoutError:
        continue
    if not data:  # the sender has said all
        break
    seconds, nanoseconds = struct.unpack("ll", control[0][2])
    at = seconds + nanoseconds / 1e9 - time.time() + time.monotonic()
    arrivals.append((at, len(data) + {HEADERS}))
print(json.dumps(arrivals))
"""

# So many packets a second, which is more than the link carries; prints when each was really sent.
SENDER = f"""
import json, socket, sys, time
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
start, sent = time.monotonic(), []
while (now := time.monotonic() - start) < float(sys.argv[2]):
    while len(sent) < now * float(sys.argv[3]):
        sent.append(time.monotonic())
        udp.sendto(bytes({PAYLOAD}), (sys.argv[1], {PORT}))
    time.sleep(0.002)
print(json.dumps(sent))
"""


class Arrival(NamedTuple):
    at: float  # s since the schedule began
    size: int  # bytes on the wire, of a packet


class Follower(Protocol):
    def follow(self, stop: threading.Event) -> None: ...


def name_for_a_link() -> str:
    """A name for a link of the test's own, where the kernel can have one."""
    if os.geteuid() != 0:
        pytest.skip("needs root: network namespaces and tc")
    if shutil.which("ip") is None or shutil.which("tc") is None:
        pytest.skip("needs ip and tc: package iproute2")
    name = f"test{os.getpid()}"
    try:
        with Namespaces(name):
            pass
    except InputError as error:
        pytest.skip(f"this system has no kernel link: {error}")
    return name


def received(
    namespaces: Namespaces, source: Side, seconds: float, during: Callable[[list[str]], None]
) -> list[tuple[float, int]]:
    """(time, bytes on the wire) of what arrives at the other side while `during` sends.

    Args:
        seconds: the receiver waits at most.
        during: is given the start of a command line that runs at `source`.
    """
    destination: Side = "ground" if source == "robot" else "robot"
    listen = namespaces.command(destination, [sys.executable, "-c", RECEIVER, str(seconds)])
    with subprocess.Popen(listen, stdout=subprocess.PIPE, text=True) as receiver:
        assert receiver.stdout is not None
        assert receiver.stdout.readline() == "ready\n"
        during(namespaces.command(source, [sys.executable, "-c"]))
        return [(at, size) for at, size in json.loads(receiver.stdout.read())]


def saturate(
    link: Follower, namespaces: Namespaces, seconds: float, kbps: float, source: Side = "robot"
) -> tuple[list[Arrival], list[float]]:
    """Follow a schedule for a while with `kbps` of packets, which should be more than it carries.

    Returns:
        What arrived, and when each packet was sent, s since the schedule began.
    """
    stop, began = threading.Event(), math.nan
    destination = ADDRESSES["ground" if source == "robot" else "robot"]
    flood = [SENDER, destination, str(seconds), str(kbps * 125 / (PAYLOAD + HEADERS))]
    sent: list[float] = []
    know_neighbour(namespaces, source)

    def during(run: list[str]) -> None:
        nonlocal began
        following = threading.Thread(target=link.follow, args=(stop,))
        began = time.monotonic()
        following.start()
        try:
            done = subprocess.run([*run, *flood], check=True, capture_output=True, text=True)
            sent.extend(json.loads(done.stdout))
        finally:
            stop.set()
            following.join()

    arrivals = received(namespaces, source, seconds + 0.5, during)
    return [Arrival(at - began, size) for at, size in arrivals], [at - began for at in sent]


def modelled(profile: LinkProfile, sent: list[float]) -> list[Arrival]:
    """What of the packets sent at these times arrives by the model."""
    model = LinkEmulator(profile)
    fates = [model.offer(at, PAYLOAD + HEADERS) for at in sent]
    return [Arrival(fate.at, PAYLOAD + HEADERS) for fate in fates if isinstance(fate, Delivery)]


def know_neighbour(namespaces: Namespaces, source: Side = "robot") -> None:
    """Tell one side the other's hardware address, which it would ask for first."""
    other: Side = "ground" if source == "robot" else "robot"
    mac = subprocess.run(
        namespaces.command(other, ["cat", f"/sys/class/net/{INTERFACE}/address"]),
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    neighbour = ["ip", "neighbour", "replace", ADDRESSES[other], "lladdr", mac, "dev", INTERFACE]
    subprocess.run(namespaces.command(source, neighbour), check=True)


def kbit(arrivals: list[Arrival], start: float, end: float) -> float:
    return sum(arrival.size for arrival in arrivals if start <= arrival.at < end) * 8 / 1000


def profile(*steps: tuple[float, float], **settings: object) -> LinkProfile:
    schedule = Schedule(steps=tuple(Step(seconds=seconds, kbps=kbps) for seconds, kbps in steps))
    return LinkProfile(description="for a test", capacity=schedule, **settings)


def interfaces() -> set[str]:
    return {line.split(":")[1] for line in commands.run_tool("ip", "-o", "link").splitlines()}
