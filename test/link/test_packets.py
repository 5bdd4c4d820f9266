"""Messages over the emulated link: the one model of the node and the simulation."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from edgesr_ros.link.capacity import Schedule, Step
from edgesr_ros.link.emulator import Delivery, LinkEmulator
from edgesr_ros.link.packets import PACKET_PAYLOAD, Channel, Fate, datagrams, wire_bytes
from edgesr_ros.link.profile import Burst, LinkProfile, read_profile

HEADERS = 42  # bytes of Ethernet, IPv4 and UDP
LOST = Fate((), "loss")


def emulator(*steps: tuple[float, float | None], seed: int = 0, **settings: object) -> LinkEmulator:
    schedule = Schedule(steps=tuple(Step(seconds=seconds, kbps=kbps) for seconds, kbps in steps))
    return LinkEmulator(LinkProfile(description="test", capacity=schedule, **settings), seed)


def channel(*steps: tuple[float, float | None], seed: int = 0, **settings: object) -> Channel:
    return Channel(emulator(*steps, seed=seed, **settings))


def delivered(name: str, size: int, seconds: float = 30.0, hz: float = 30.0) -> float:
    """Share of messages at 30 Hz that have arrived after so many seconds, %."""
    link, count = Channel(LinkEmulator(read_profile(name))), round(seconds * hz)
    there = sum(any(at < seconds for at in link.send(i / hz, size).arrivals) for i in range(count))
    return 100 * there / count


# What doc/link.md says of the kernel link, as it was measured, and of the model: bytes, % delivered.
PAGE = Path(__file__).parents[2] / "doc" / "link.md"
ROW = re.compile(r"^\| ([\d,]+) \| ([\d.]+) % \| ([\d.]+) % \|$", re.MULTILINE)
DELIVERED = [
    (int(size.replace(",", "")), float(kernel), float(model))
    for size, kernel, model in ROW.findall(PAGE.read_text())
]


@pytest.mark.parametrize(("size", "kernel", "model"), DELIVERED)
def test_it_delivers_what_the_kernel_delivers(size: int, kernel: float, model: float) -> None:
    share = delivered("constant_1mbps", size)
    assert share == pytest.approx(kernel, abs=3)
    assert share == pytest.approx(model, abs=0.051)


def test_there_are_figures_of_streams_that_fit_and_that_do_not() -> None:
    assert {3000, 5000, 8000} < {size for size, *_ in DELIVERED}


def test_a_link_that_changes_destroys_a_stream_as_well() -> None:
    assert delivered("lte", 30_270) == pytest.approx(17, abs=2)


def test_packets_are_those_of_ip() -> None:
    """RFC 791: each packet but the last carries 1480 bytes of the datagram, which has 8 of its own."""
    assert list(datagrams(1)) == [[HEADERS + 1]]
    assert list(datagrams(0)) == [[HEADERS]]
    assert list(datagrams(PACKET_PAYLOAD)) == [[1514]]
    assert list(datagrams(PACKET_PAYLOAD + 1)) == [[1514, 35]]
    assert list(datagrams(8000)) == [[1514] * 5 + [8008 - 5 * 1480 + 34]]
    whole, rest = datagrams(70_000)
    assert sum(whole) == 65_535 - 20 + 34 * 45
    assert sum(rest) == 70_000 - 65_507 + 8 + 34 * 4
    for size in (1, 1473, 70_000):
        assert wire_bytes(size) == sum(map(sum, datagrams(size)))


def test_headers_take_their_share_of_the_link() -> None:
    slow = channel((math.inf, 80), delay_ms=20)  # 10 kB/s
    assert slow.send(0.0, 958).arrivals == pytest.approx([0.12])
    assert slow.send(5.0, 2000).arrivals == pytest.approx([5.02 + 0.2076])
    assert slow.used(6.0) == 1000 + 2076


@pytest.mark.parametrize("packets", [1, 4, 20])
def test_a_message_survives_only_whole(packets: int) -> None:
    loss, frames = 0.03, 10_000
    lossy = channel((math.inf, None), loss=loss)
    size = packets * PACKET_PAYLOAD
    lost = sum(lossy.send(float(i), size) == LOST for i in range(frames))
    expected = 1 - (1 - loss) ** packets
    sigma = math.sqrt(expected * (1 - expected) / frames)
    assert lost / frames == pytest.approx(expected, abs=4 * sigma)
    assert lossy.lost == {"loss": lost}


def test_a_started_packet_counts_as_one() -> None:
    assert channel((math.inf, None), loss=1.0).send(0.0, 1) == LOST
    frames = 20_000
    for size, packets in ((1472, 1), (1473, 2)):
        lossy = channel((math.inf, None), loss=0.2)
        lost = sum(lossy.send(float(i), size).reason is not None for i in range(frames))
        assert lost / frames == pytest.approx(1 - 0.8**packets, abs=0.015)


def test_packets_of_a_message_step_the_burst_each() -> None:
    burst = Burst(enter=0.01, leave=0.1, loss=1.0)
    bursty = channel((math.inf, None), burst=burst)
    frames, packets = 20_000, 10
    lost = sum(bursty.send(float(i), packets * PACKET_PAYLOAD).reason == "burst" for i in range(frames))
    # Whole only if the link was good before (share 10/11) and did not turn within the message.
    assert lost / frames == pytest.approx(1 - 10 / 11 * 0.99**packets, rel=0.05)


def test_it_arrives_when_its_last_packet_does() -> None:
    link = channel((math.inf, 80), delay_ms=20, jitter_ms=40, reorder=True, seed=3)
    packets = emulator((math.inf, 80), delay_ms=20, jitter_ms=40, reorder=True, seed=3)
    for i in range(50):
        outcomes = [packets.offer(2.0 * i, packet) for packet in next(datagrams(8000))]
        last = max(outcome.at for outcome in outcomes if isinstance(outcome, Delivery))
        assert link.send(2.0 * i, 8000).arrivals == (last,)


def test_the_first_packet_that_is_lost_says_why() -> None:
    # The first packet fails on the air, and what follows it finds the queue full.
    lossy = channel((math.inf, 80), loss=1.0, queue_bytes=2000)
    assert lossy.send(0.0, 4000) == LOST
    assert lossy.send(0.0, 4000).reason == "queue"
    assert lossy.lost == {"loss": 1, "queue": 1}


def test_what_does_not_fit_ends_its_datagram_and_has_used_the_link() -> None:
    full = channel((math.inf, 80), queue_bytes=4000)
    assert full.send(0.0, 8000).reason == "queue"
    assert full.carried == 2 * 1514
    # The last, small packet would have found room.
    assert full.send(0.0, 1473).reason == "queue"
    assert full.carried == 2 * 1514
    assert full.send(0.0, 700).reason is None
    # The second datagram of a large message is one of its own.
    large = channel((1, 0), (math.inf, None), queue_bytes=60_000)
    assert large.send(0.0, 80_000).reason == "queue"
    assert large.carried == 39 * 1514
    assert channel((math.inf, 80)).send(0.0, 100_000).reason == "queue"


def test_an_outage_without_end_is_silent_but_loses_nothing() -> None:
    dead = channel((1, 800), (1, 0), queue_bytes=8000, duplicate=1.0)
    assert dead.send(2.0, 4000) == Fate((), None)
    assert dead.send(3.0, 4000) == Fate((), "queue")
    assert dead.lost == {"queue": 1}


def test_a_queue_in_ms_bounds_the_wait_of_each_packet() -> None:
    slow = channel((math.inf, 80), queue_ms=250)
    waits = [at - i / 100 for i in range(500) for at in slow.send(i / 100, 1000).arrivals]
    assert max(waits) == pytest.approx(0.25 + 0.1042, abs=0.02)


def test_duplicates_are_whole_messages_that_come_after_and_take_no_capacity() -> None:
    twice = channel((math.inf, 80), delay_ms=20, jitter_ms=30, duplicate=1.0, queue_bytes=10_000)
    later = 0
    for i in range(100):
        first, again = twice.send(float(i), 958).arrivals
        assert i + 0.12 <= first <= again <= i + 0.15
        later += first < again
    assert 30 < later < 70  # a copy of less jitter waits for the first
    assert twice.used(1000.0) == 100 * 1000


@pytest.mark.parametrize("size", [100, 8000])
def test_duplicates_are_as_frequent_as_asked_whatever_the_size(size: int) -> None:
    some = channel((math.inf, None), duplicate=0.1)
    counts = [len(some.send(float(i), size).arrivals) for i in range(10_000)]
    assert counts.count(2) == pytest.approx(1000, rel=0.12)
    assert counts.count(1) == 10_000 - counts.count(2)


def test_a_lost_message_has_no_duplicate() -> None:
    assert channel((math.inf, None), duplicate=1.0, loss=1.0).send(0.0, 100) == LOST


def test_the_same_seed_is_the_same_channel() -> None:
    def fates(seed: int) -> list[Fate]:
        nasty = channel((5, 800), (5, 80), seed=seed, loss=0.05, jitter_ms=30, duplicate=0.1)
        return [nasty.send(i / 30, 3000) for i in range(300)]

    assert fates(7) == fates(7)
    assert fates(7) != fates(8)


def test_what_is_carried_is_the_capacity() -> None:
    link = channel((10, 800), (10, 80), queue_bytes=16_000)
    sizes = np.random.default_rng(1).integers(500, 9000, 3000)
    for i, size in enumerate(sizes.tolist()):
        link.send(i / 150, size)
    assert link.used(20.0) == pytest.approx((10 * 800 + 10 * 80) * 125, rel=0.01)
