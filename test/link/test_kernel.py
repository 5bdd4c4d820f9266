"""Real packets through a real link of the kernel; skipped where there is no root."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.link import commands
from edgesr_ros.link.capacity import Interrupted, Outage, Schedule, Step
from edgesr_ros.link.emulator import LinkEmulator
from edgesr_ros.link.kernel import KernelLink
from edgesr_ros.link.namespaces import ADDRESSES, INTERFACE, SIDES, Namespaces
from edgesr_ros.link.packets import Channel
from edgesr_ros.link.profile import Burst, LinkProfile, read_profile
from edgesr_ros.link.shaper import TICK, Shaper, shaper_state

HEADERS = 42  # bytes of Ethernet, IPv4 and UDP in each packet: the kernel's rate holds for them too
PORT = 5000

RECEIVER = f"""
import json, socket, sys, time
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("", {PORT}))
udp.settimeout(0.1)
print("ready", flush=True)
end, arrivals = time.monotonic() + float(sys.argv[1]), []
while time.monotonic() < end:
    try:
        size = len(udp.recv(65536))
    except TimeoutError:
        continue
    if not size:  # the sender has said all
        break
    arrivals.append((time.monotonic(), size + {HEADERS}))
print(json.dumps(arrivals))
"""

# It blocks where the socket's few packets are not on their way yet, so the queue never runs dry.
SENDER = f"""
import socket, sys, time
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
udp.settimeout(0.1)
end = time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    try:
        udp.sendto(bytes(1400), (sys.argv[1], {PORT}))
    except TimeoutError:
        pass
"""

# Datagrams at 30 Hz; prints when each was really sent, so that the model can be told the same.
DATAGRAMS = f"""
import json, socket, sys, time
size, count, start, sent = int(sys.argv[2]), int(sys.argv[3]), time.monotonic(), []
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_000_000)
for number in range(count):
    time.sleep(max(0, start + number / 30 - time.monotonic()))
    sent.append(time.monotonic() - start)
    udp.sendto(bytes(size), (sys.argv[1], {PORT}))
time.sleep(1)  # the queue is empty then
udp.sendto(b"", (sys.argv[1], {PORT}))
print(json.dumps(sent))
"""


@pytest.fixture
def link_name() -> str:
    """A name for a link of the test's own, where the kernel can have one."""
    if os.geteuid() != 0:
        pytest.skip("needs root: network namespaces and tc")
    if shutil.which("ip") is None or shutil.which("tc") is None:
        pytest.skip("needs ip and tc: package iproute2")
    name = f"test{os.getpid()}"
    try:
        with KernelLink(read_profile("fading"), name=name):
            pass
    except InputError as error:
        pytest.skip(f"this system has no kernel link: {error}")
    return name


class Arrival(NamedTuple):
    at: float  # s since the schedule began
    size: int


def saturate(link: KernelLink, seconds: float, *, back: bool = False) -> list[Arrival]:
    """Follow the link's schedule for a while with more packets than it carries."""
    source, destination = reversed(SIDES) if back else SIDES
    listen = link.namespaces.command(destination, [sys.executable, "-c", RECEIVER, str(seconds + 0.5)])
    send = [sys.executable, "-c", SENDER, ADDRESSES[destination], str(seconds)]
    stop = threading.Event()
    with subprocess.Popen(listen, stdout=subprocess.PIPE, text=True) as receiver:
        assert receiver.stdout is not None
        assert receiver.stdout.readline() == "ready\n"
        following = threading.Thread(target=link.follow, args=(stop,))
        began = time.monotonic()
        following.start()
        try:
            subprocess.run(link.namespaces.command(source, send), check=True)
            arrivals = json.loads(receiver.stdout.read())
        finally:
            stop.set()
            following.join()
    return [Arrival(at - began, size) for at, size in arrivals]


def know_neighbour(link: KernelLink) -> None:
    """Tell the robot the ground station's hardware address, which it would ask for first."""
    mac = subprocess.run(
        link.namespaces.command("ground", ["cat", f"/sys/class/net/{INTERFACE}/address"]),
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    neighbour = ["ip", "neighbour", "add", ADDRESSES["ground"], "lladdr", mac, "dev", INTERFACE]
    subprocess.run(link.namespaces.command("robot", neighbour), check=True)


def kbit(arrivals: list[Arrival], start: float, end: float) -> float:
    return sum(arrival.size for arrival in arrivals if start <= arrival.at < end) * 8 / 1000


def profile(*steps: tuple[float, float], **settings: object) -> LinkProfile:
    schedule = Schedule(steps=tuple(Step(seconds=seconds, kbps=kbps) for seconds, kbps in steps))
    return LinkProfile(description="for a test", capacity=schedule, **settings)


def test_packets_arrive_at_the_scheduled_rate_and_an_outage_holds_them(link_name: str) -> None:
    steps = profile((1.5, 2000), (1.5, 300), (1.5, 0), (9, 1200))
    with KernelLink(steps, name=link_name) as link:
        arrivals = saturate(link, 6.0)
    for start, end in ((0.5, 1.5), (1.8, 3.0), (4.8, 6.0)):
        assert kbit(arrivals, start, end) == pytest.approx(steps.capacity.kbit(start, end), rel=0.08)
    assert kbit(arrivals, 3.2, 4.5) == 0
    assert min(arrival.at for arrival in arrivals if arrival.at > 3.2) < 4.5 + 0.3
    assert kbit(arrivals, 0.5, 6.0) == pytest.approx(steps.capacity.kbit(0.5, 6), rel=0.04)


def test_a_rate_that_changes_all_the_time(link_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What arrives is what the rates that were set let through; a busy machine sets them late."""
    swinging = read_profile("fading")
    changes: list[tuple[float, float]] = []  # s, monotonic; kbit/s from then on
    apply = Shaper.apply

    def noted(shaper: Shaper, now: float) -> None:
        apply(shaper, now)
        if shaper.profile is swinging:
            changes.append((time.monotonic(), swinging.capacity.kbit(now, now + TICK) / TICK))

    with KernelLink(profile((9, 50)), swinging, name=link_name) as link:
        monkeypatch.setattr(Shaper, "apply", noted)
        arrivals = saturate(link, 8.0, back=True)
    times, rates = np.array(changes).T
    times -= times[0]

    def let_through(start: float, end: float) -> float:
        edges = np.clip([*times, end], start, end)
        return float((np.diff(edges) * rates).sum())

    for start in (1.0, 3.0, 5.0):
        expected = let_through(start, start + 2)
        assert kbit(arrivals, start, start + 2) == pytest.approx(expected, rel=0.08)
    assert kbit(arrivals, 0.5, 8) == pytest.approx(let_through(0.5, 8), rel=0.04)
    assert len(set(rates)) > 10


def test_slow_links_lose_nothing_of_their_little(link_name: str) -> None:
    slow = profile((2, 400), (9, 40))  # a packet in 0.3 s
    with KernelLink(slow, name=link_name) as link:
        arrivals = saturate(link, 8.0)
    assert kbit(arrivals, 2.5, 8.0) == pytest.approx(220, abs=1.5 * 11.6)


def test_the_queue_holds_so_many_bytes(link_name: str) -> None:
    with KernelLink(profile((9, 0), queue_bytes=20_000), name=link_name) as link:
        command = (
            "import socket; udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
            f"for _ in range(40): udp.sendto(bytes(1000), ('{ADDRESSES['ground']}', {PORT}))"
        )
        know_neighbour(link)
        subprocess.run(link.namespaces.command("robot", [sys.executable, "-c", command]), check=True)
        state = shaper_state(INTERFACE, link.namespaces.namespace("robot"))
    assert state is not None
    assert state.rate == "outage"
    assert 20_000 - 1042 - 300 <= state.waiting_bytes <= 20_000
    # The gate has let one through and holds one more.
    assert state.dropped >= 40 - 20_000 // 1042 - 2


def test_nothing_is_left_behind(link_name: str) -> None:
    before = interfaces()
    with pytest.raises(ZeroDivisionError), KernelLink(read_profile("demo"), name=link_name) as link:
        assert link.namespaces.present() == list(SIDES)
        raise ZeroDivisionError
    assert link.namespaces.present() == []
    assert interfaces() == before


def test_nothing_is_left_behind_when_it_cannot_be_made(
    link_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*command: str) -> str:
        if "bfifo" in command:
            raise InputError("no bfifo here")
        return commands.run_tool(*command)

    before = interfaces()
    monkeypatch.setattr("edgesr_ros.link.shaper.run_tool", broken)
    with pytest.raises(InputError, match="no bfifo here"), KernelLink(read_profile("demo"), name=link_name):
        pass
    assert Namespaces(link_name).present() == []
    assert interfaces() == before


def test_two_links_of_one_name_and_a_link_that_is_taken_away(link_name: str) -> None:
    with KernelLink(read_profile("demo"), name=link_name) as link:
        with pytest.raises(InputError, match="is up already"):
            Namespaces(link_name).create()
        assert link.namespaces.present() == list(SIDES)
        following = threading.Thread(target=link.follow, args=(threading.Event(),))
        following.start()
        link.namespaces.remove()
        following.join(timeout=10)
        assert not following.is_alive()


def test_what_runs_in_a_namespace_is_told_when_it_is_cut_off(link_name: str) -> None:
    namespaces = Namespaces(link_name)
    with namespaces, subprocess.Popen(namespaces.command("robot", ["sleep", "60"])) as sleeping:
        deadline = time.monotonic() + 10
        while namespaces.processes("robot") != [sleeping.pid] and time.monotonic() < deadline:
            time.sleep(0.02)
        try:
            assert namespaces.remove() == [sleeping.pid]
        finally:
            sleeping.kill()


@pytest.mark.parametrize(
    ("size", "count", "queue_bytes"),
    [(8000, 60, 64_000), (4400, 120, 16_000)],
)
def test_the_model_delivers_what_the_kernel_delivers(
    link_name: str, size: int, count: int, queue_bytes: int
) -> None:
    """How much of a stream that a link of 1 Mbit/s cannot carry arrives whole."""
    constant = profile((99, 1000), queue_bytes=queue_bytes)
    with KernelLink(constant, name=link_name) as link:
        know_neighbour(link)
        listen = link.namespaces.command("ground", [sys.executable, "-c", RECEIVER, "60"])
        send = [sys.executable, "-c", DATAGRAMS, ADDRESSES["ground"], str(size), str(count)]
        with subprocess.Popen(listen, stdout=subprocess.PIPE, text=True) as receiver:
            assert receiver.stdout is not None
            assert receiver.stdout.readline() == "ready\n"
            sending = link.namespaces.command("robot", send)
            sent = json.loads(subprocess.run(sending, check=True, capture_output=True, text=True).stdout)
            arrived = len(json.loads(receiver.stdout.read()))
    model = Channel(LinkEmulator(constant))
    expected = sum(model.send(at, size).reason is None for at in sent)
    assert arrived / count == pytest.approx(expected / count, abs=0.03)


def test_an_outage_cuts_any_capacity(link_name: str) -> None:
    cut = Interrupted(read_profile("unlimited").capacity, [Outage(start=0.0, seconds=100.0)])
    with KernelLink(LinkProfile(description="x", capacity=cut), name=link_name) as link:
        state = shaper_state(INTERFACE, link.namespaces.namespace("robot"))
    assert state is not None
    assert state.rate == "outage"


def test_an_interface_is_itself_again_at_the_end(link_name: str) -> None:
    with Namespaces(link_name) as pair:
        namespace = pair.namespace("robot")
        with Shaper(INTERFACE, read_profile("demo"), namespace) as shaper:
            shaper.apply(6.0)
            state = shaper_state(INTERFACE, namespace)
            assert state is not None
            assert state.rate == "400Kbit"
        assert shaper_state(INTERFACE, namespace) is None


def test_an_interface_that_does_not_exist(link_name: str) -> None:
    with Namespaces(link_name) as pair, pytest.raises(InputError, match="radio7"):
        Shaper("radio7", read_profile("demo"), pair.namespace("robot"))


def test_an_interface_without_a_shaper_has_no_state(link_name: str) -> None:
    with Namespaces(link_name) as pair:
        assert shaper_state(INTERFACE, pair.namespace("robot")) is None


@pytest.mark.parametrize("name", ["", "a/b", "-x", "a b", "x" * 40])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(InputError, match="name: expected letters"):
        Namespaces(name)


def test_without_root_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands.os, "geteuid", lambda: 1000)
    with pytest.raises(InputError, match="needs root") as error:
        KernelLink(read_profile("demo"))
    assert "\n" not in str(error.value)


def test_without_iproute2_there_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(commands.os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="iproute2"):
        KernelLink(read_profile("demo"))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a shaper tells tc, on a kernel that takes everything."""
    lines: list[str] = []

    def note(*command: str) -> str:
        lines.append(" ".join(command))
        return ""

    monkeypatch.setattr("edgesr_ros.link.shaper.run_tool", note)
    monkeypatch.setattr("edgesr_ros.link.shaper.succeeds", lambda *command: note(*command) == "")
    monkeypatch.setattr("edgesr_ros.link.shaper.require_root", lambda: None)
    return lines


def test_netem_is_told_delay_jitter_losses_and_duplicates(told: list[str]) -> None:
    bad = profile(
        (9, 800),
        delay_ms=20,
        jitter_ms=10,
        loss=0.01,
        duplicate=0.005,
        burst=Burst(enter=0.003, leave=0.1, loss=0.8),
    )
    shaper = Shaper("wlan0", bad)
    assert shaper.left_out == ()
    assert told[1:3] == [
        "tc qdisc add dev wlan0 root handle 1: netem limit 100000 delay 25.000ms 5.000ms rate 10gbit"
        " loss gemodel 0.3% 10% 80% 1% duplicate 0.5%",
        "tc qdisc add dev wlan0 parent 1:1 handle 2: tbf rate 10gbit burst 1mb limit 32mb",
    ]
    told.clear()
    for now in (0.0, 0.1, 0.2):
        shaper.apply(now)
    rate = "rate 800000bit burst 500 cburst 500 quantum 1514"
    assert f"tc class change dev wlan0 parent 3: classid 3:1 htb {rate}" in told
    assert len(told) == len(set(told))  # what stays as it is is told once


def test_netem_reorders_only_where_it_is_asked_to(told: list[str]) -> None:
    Shaper("wlan0", profile((9, 800), jitter_ms=10, loss=0.01, reorder=True))
    assert told[1].endswith("netem limit 100000 delay 5.000ms 5.000ms loss random 1%")


def interfaces() -> set[str]:
    return {line.split(":")[1] for line in commands.run_tool("ip", "-o", "link").splitlines()}
