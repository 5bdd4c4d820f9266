"""Real packets through a link between two namespaces; skipped where there is no root."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from link_traffic import (
    PORT,
    interfaces,
    kbit,
    know_neighbour,
    modelled,
    name_for_a_link,
    profile,
    received,
    saturate,
)

from edgesr_ros.errors import InputError
from edgesr_ros.link import commands, kernel
from edgesr_ros.link.capacity import Interrupted, Outage
from edgesr_ros.link.emulator import LinkEmulator
from edgesr_ros.link.kernel import KernelLink, line_state
from edgesr_ros.link.namespaces import ADDRESSES, INTERFACE, SIDES, Namespaces, Side
from edgesr_ros.link.packets import Channel, wire_bytes
from edgesr_ros.link.profile import LinkProfile, read_profile

# Datagrams of the given sizes, with a pause after each; the clock is one for both ends.
DATAGRAMS = f"""
import json, socket, sys, time
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_000_000)
sent = []
for size, pause in json.loads(sys.argv[2]):
    sent.append(time.monotonic())
    udp.sendto(bytes(size), (sys.argv[1], {PORT}))
    time.sleep(pause)
time.sleep(1)  # the queue is empty then
for _ in range(5):  # where some are lost
    udp.sendto(b"", (sys.argv[1], {PORT}))
print(json.dumps(sent))
"""


@pytest.fixture
def link_name() -> str:
    return name_for_a_link()


def send(
    link: KernelLink, datagrams: Sequence[tuple[int, float]], source: Side = "robot"
) -> tuple[list[float], list[tuple[float, int]]]:
    """Send datagrams of so many bytes, with a pause in s after each.

    Returns:
        When each was sent, s, and (time, bytes with the headers of one packet) of what arrived.
    """
    know_neighbour(link.namespaces, source)
    destination = ADDRESSES["ground" if source == "robot" else "robot"]
    sent: list[float] = []

    def during(run: list[str]) -> None:
        command = [*run, DATAGRAMS, destination, json.dumps(datagrams)]
        sent.extend(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))

    arrived = received(link.namespaces, source, 120, during)
    return sent, arrived


def delays(link: KernelLink, size: int, count: int, pause: float, source: Side = "robot") -> list[float]:
    """How long each of some datagrams took, s, where none is lost."""
    sent, arrived = send(link, [(size, pause)] * count, source)
    return [at - begun for begun, (at, _) in zip(sent, arrived, strict=True)]


@pytest.mark.parametrize("kbps", [1000, 300])
def test_a_datagram_takes_the_time_of_its_bytes_on_the_wire(link_name: str, kbps: int) -> None:
    def least(link: KernelLink, line: float, size: int) -> float:
        """What the fastest of some datagrams took beyond the time of its bytes on the line, s."""
        # A busy machine makes some late, and none early; what is late counts most on a short line.
        count = min(max(int(2 / (line + 0.02)), 4), 80)
        return min(delays(link, size, count, line + 0.02)) - line

    fast = 20_000
    with KernelLink(profile((99, fast)), name=link_name) as link:
        # What sender, receiver and the kernel's timers take themselves.
        own = least(link, wire_bytes(500) * 8 / fast / 1000, 500)
    with KernelLink(profile((99, kbps)), name=link_name) as link:
        for size in (500, 1400, 4100, 8000, 20_000):
            line = wire_bytes(size) * 8 / kbps / 1000
            assert least(link, line, size) - own == pytest.approx(0, abs=0.05 * line), f"{size} bytes"


def test_packets_arrive_at_the_scheduled_rate_and_an_outage_holds_them(link_name: str) -> None:
    steps = profile((1.5, 2000), (1.5, 300), (1.5, 0), (9, 1200))
    with KernelLink(steps, name=link_name) as link:
        arrivals, sent = saturate(link, link.namespaces, 6.0, 4000)
    expected = modelled(steps, sent)
    for start, end in ((0.5, 1.5), (1.8, 3.0), (4.8, 6.0)):
        assert kbit(arrivals, start, end) == pytest.approx(kbit(expected, start, end), rel=0.05)
    assert kbit(arrivals, 3.1, 4.45) == 0
    assert kbit(arrivals, 0.5, 6.0) == pytest.approx(kbit(expected, 0.5, 6), rel=0.03)


def test_a_rate_that_changes_all_the_time(link_name: str) -> None:
    swinging = read_profile("fading")
    with KernelLink(profile((9, 50)), swinging, name=link_name) as link:
        arrivals, sent = saturate(link, link.namespaces, 6.0, 3000, source="ground")
    expected = modelled(swinging, sent)
    for start in (1.0, 2.5, 4.0):
        assert kbit(arrivals, start, start + 1.5) == pytest.approx(
            kbit(expected, start, start + 1.5), rel=0.06
        )
    assert kbit(arrivals, 0.5, 6) == pytest.approx(kbit(expected, 0.5, 6), rel=0.03)


def test_slow_links_lose_nothing_of_their_little(link_name: str) -> None:
    slow = profile((1, 400), (9, 40))  # a packet in 0.3 s
    with KernelLink(slow, name=link_name) as link:
        arrivals, sent = saturate(link, link.namespaces, 6.0, 800)
    expected = kbit(modelled(slow, sent), 1.5, 6.0)
    assert expected > 100
    assert kbit(arrivals, 1.5, 6.0) == pytest.approx(expected, abs=1.5 * 11.6)


def test_twenty_megabits_a_second_go_through(link_name: str) -> None:
    with KernelLink(profile((99, 30_000), queue_bytes=10_000_000), name=link_name) as link:
        arrivals, sent = saturate(link, link.namespaces, 2.0, 20_000)
        state = line_state(link.namespaces, "robot")
    assert state is not None
    assert state.dropped == {}
    assert len(arrivals) == len(sent) > 1000


@pytest.mark.parametrize("source", SIDES)
def test_losses_and_delay_both_ways(link_name: str, source: Side) -> None:
    bad = profile((99, 20_000), loss=0.1, delay_ms=30)
    with KernelLink(bad, name=link_name, seed=3) as link:
        sent, arrived = send(link, [(200, 0.001)] * 1500, source)
        states = [line_state(link.namespaces, side) for side in SIDES]
    assert len(arrived) / len(sent) == pytest.approx(0.9, abs=4 * (0.1 * 0.9 / 1500) ** 0.5)
    assert 0.030 <= arrived[0][0] - sent[0] < 0.030 + 0.02
    sending = states[SIDES.index(source)]
    assert sending is not None
    assert 1500 - len(arrived) <= sending.dropped["loss"] <= 1500 - len(arrived) + 20


def test_a_duplicate_is_a_whole_datagram(link_name: str) -> None:
    with KernelLink(profile((99, 5000), duplicate=1.0, jitter_ms=5), name=link_name) as link:
        _, arrived = send(link, [(size, 0.05) for size in (300, 4000, 6000)])
    sizes = [size for _, size in arrived]
    assert sizes == [size + 42 for size in (300, 300, 4000, 4000, 6000, 6000)]


def test_the_queue_holds_so_many_bytes(link_name: str) -> None:
    with KernelLink(profile((9, 0), queue_bytes=20_000), name=link_name) as link:
        command = (
            "import socket; udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
            f"for _ in range(40): udp.sendto(bytes(1000), ('{ADDRESSES['ground']}', {PORT}))"
        )
        know_neighbour(link.namespaces)
        subprocess.run(link.namespaces.command("robot", [sys.executable, "-c", command]), check=True)
        deadline = time.monotonic() + 10
        while (state := line_state(link.namespaces, "robot")) is not None:
            if state.dropped or time.monotonic() > deadline:
                break
    assert state is not None
    assert state.kbps == 0
    assert 20_000 - 1042 < state.waiting_bytes <= 20_000
    assert state.dropped["queue"] >= 40 - 20_000 // 1042
    assert state.sent_bytes == 0


def test_without_limit_delay_and_loss_the_kernel_has_a_cable(link_name: str) -> None:
    threads = threading.active_count()
    with KernelLink(read_profile("unlimited"), name=link_name) as link:
        assert threading.active_count() == threads
        _, arrived = send(link, [(30_000, 0.0)] * 10)
        state = line_state(link.namespaces, "robot")
    assert len(arrived) == 10
    assert state is not None
    assert (state.kbps, state.dropped) == (None, {})
    assert state.sent_bytes >= 10 * wire_bytes(30_000)


def test_an_interface_that_is_down_for_a_while_hears_nothing_meanwhile(link_name: str) -> None:
    with KernelLink(profile((9, 5000)), name=link_name) as link:
        ground = ("ip", "-n", link.namespaces.namespace("ground"), "link", "set", INTERFACE)
        know_neighbour(link.namespaces)
        commands.run_tool(*ground, "down")
        alone = [sys.executable, "-c", DATAGRAMS, ADDRESSES["ground"], json.dumps([(100, 0.01)] * 10)]
        subprocess.run(link.namespaces.command("robot", alone), check=True, capture_output=True)
        commands.run_tool(*ground, "up")
        _, arrived = send(link, [(100, 0.01)] * 10)
    assert len(arrived) == 10


def test_nothing_is_left_behind(link_name: str) -> None:
    before = interfaces()
    with pytest.raises(ZeroDivisionError), KernelLink(read_profile("demo"), name=link_name) as link:
        assert link.namespaces.present() == list(SIDES)
        raise ZeroDivisionError
    assert link.namespaces.present() == []
    assert interfaces() == before


@pytest.mark.parametrize("broken", ["run_within", "Forwarder"])
def test_nothing_is_left_behind_when_it_cannot_be_made(
    link_name: str, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fail(*_: object) -> None:
        raise InputError("not on this machine")

    before, threads = interfaces(), threading.active_count()
    monkeypatch.setattr(kernel, broken, fail)
    with pytest.raises(InputError, match="not on this"), KernelLink(read_profile("demo"), name=link_name):
        pass
    assert Namespaces(link_name).present() == []
    assert interfaces() == before
    assert threading.active_count() == threads


def test_a_system_without_taps_is_one_line(link_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_TUN", "/nowhere/tun")
    with (
        pytest.raises(InputError, match="needs /nowhere/tun"),
        KernelLink(read_profile("demo"), name=link_name),
    ):
        pass
    assert Namespaces(link_name).present() == []


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


def test_an_interface_that_is_taken_away(link_name: str) -> None:
    with KernelLink(read_profile("demo"), name=link_name) as link:
        commands.run_tool("ip", "-n", link.namespaces.namespace("ground"), "link", "delete", INTERFACE)
        with pytest.raises(InputError, match="has been removed"):
            link.follow(threading.Event())
        assert line_state(link.namespaces, "robot") is None


def test_half_a_link_has_no_state(link_name: str) -> None:
    commands.run_tool("ip", "netns", "add", f"{link_name}_robot")
    half = Namespaces(link_name)
    try:
        assert [line_state(half, side) for side in SIDES] == [None, None]
    finally:
        half.remove()


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
        sent, arrived = send(link, [(size, 1 / 30)] * count)
    model = Channel(LinkEmulator(constant))
    expected = sum(model.send(at - sent[0], size).reason is None for at in sent)
    assert len(arrived) / count == pytest.approx(expected / count, abs=0.03)


def test_an_outage_cuts_any_capacity(link_name: str) -> None:
    cut = Interrupted(read_profile("unlimited").capacity, [Outage(start=0.0, seconds=100.0)])
    with KernelLink(LinkProfile(description="x", capacity=cut), name=link_name) as link:
        state = line_state(link.namespaces, "robot")
    assert state is not None
    assert state.kbps == 0


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
