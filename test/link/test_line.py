"""Ethernet frames through one direction of a link, by a clock of the test's own."""

import math
from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest

from edgesr_ros.link.capacity import Schedule, Step
from edgesr_ros.link.emulator import LinkEmulator
from edgesr_ros.link.line import Line
from edgesr_ros.link.packets import Channel, datagrams
from edgesr_ros.link.profile import Burst, LinkProfile

BEGIN = 1234.5  # s: when the clock of the tests begins
BAD = {"loss": 0.02, "burst": Burst(enter=0.02, leave=0.3), "delay_ms": 30, "jitter_ms": 8, "duplicate": 0.2}


def profile(*steps: tuple[float, float | None], **settings: object) -> LinkProfile:
    schedule = Schedule(steps=tuple(Step(seconds=seconds, kbps=kbps) for seconds, kbps in steps))
    return LinkProfile(description="test", capacity=schedule, **settings)


def line(*steps: tuple[float, float | None], seed: int = 0, **settings: object) -> Line:
    """A direction whose schedule begins at `BEGIN`."""
    made = Line(profile(*steps, **settings), seed, BEGIN)
    made.restart(BEGIN)
    return made


def whole(size: int, mark: int = 0) -> bytes:
    """A frame that is no fragment: IPv6."""
    return bytes(12) + b"\x86\xdd" + mark.to_bytes(4, "big") + bytes(size - 18)


def fragments(size: int, number: int) -> list[bytes]:
    """The frames of a message in an IPv4 datagram, as Linux makes them."""
    (packets,) = datagrams(size)
    made, offset = [], 0
    for index, packet in enumerate(packets):
        more = 0x2000 if index < len(packets) - 1 else 0
        header = bytearray(20)
        header[4:6] = number.to_bytes(2, "big")
        header[6:8] = (more | offset // 8).to_bytes(2, "big")
        header[9] = 17
        made.append(bytes(12) + b"\x08\x00" + bytes(header) + bytes(packet - 34))
        offset += packet - 34
    return made


def arrivals(direction: Line) -> list[tuple[float, bytes]]:
    """All that is on its way, with its times since `BEGIN`."""
    found = []
    while math.isfinite(direction.next_due):
        at = direction.next_due
        found += [(at - BEGIN, frame) for frame in direction.due(at)]
    return found


def test_each_frame_takes_the_time_of_its_own_bytes() -> None:
    slow = line((math.inf, 1000), delay_ms=20)
    for size, at in ((500, 0.0), (1514, 0.1), (60, 0.2)):
        slow.put(BEGIN + at, whole(size))
        ((arrived, frame),) = arrivals(slow)
        assert arrived == pytest.approx(at + size * 8 / 1e6 + 0.02)
        assert len(frame) == size


def test_until_the_restart_the_link_is_as_it_begins_and_then_what_waits_goes_anew() -> None:
    stepped = Line(profile((2, 8), (math.inf, 800)), 0, BEGIN)
    stepped.put(BEGIN + 100, whole(1000, 1))
    stepped.put(BEGIN + 100, whole(1000, 2))
    assert stepped.next_due - BEGIN == pytest.approx(101)
    assert stepped.state(BEGIN + 100.5).kbps == 8
    assert stepped.due(BEGIN + 101) == [whole(1000, 1)]
    stepped.restart(BEGIN + 101.5)
    assert stepped.state(BEGIN + 101.5).sent_bytes == 1000
    assert stepped.state(BEGIN + 101.5).waiting_bytes == 1000
    assert stepped.next_due - BEGIN == pytest.approx(102.5)
    assert stepped.state(BEGIN + 104).kbps == 800
    assert stepped.state(BEGIN + 104).sent_bytes == 2000


def test_what_waits_for_ever_in_an_outage_goes_when_the_schedule_begins() -> None:
    gap = Line(profile((1, 0), (math.inf, 800)), 0, BEGIN)
    gap.put(BEGIN, whole(1000))
    assert gap.next_due == math.inf
    gap.restart(BEGIN + 5)
    assert gap.next_due - BEGIN == pytest.approx(6.01)


def test_what_is_on_the_air_at_the_restart_still_arrives() -> None:
    far = Line(profile((math.inf, 8000), delay_ms=500), 0, BEGIN)
    far.put(BEGIN, whole(1000))
    far.restart(BEGIN + 0.2)
    assert far.next_due - BEGIN == pytest.approx(0.501)


def test_the_rest_of_a_datagram_that_found_no_room_is_dropped_and_no_other() -> None:
    small = line((math.inf, 80), queue_bytes=4000)
    for frame in (*fragments(5000, 1), *fragments(500, 2), whole(300)):
        small.put(BEGIN, frame)
    # Two packets of the first found room; the fourth, a small one, would have.
    assert [len(frame) for _, frame in arrivals(small)] == [1514, 1514, 542, 300]
    assert small.state(BEGIN).dropped == {"queue": 2}


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("queue_bytes", [9000, 1_000_000])
def test_datagrams_meet_the_fate_that_the_model_gives_messages(seed: int, queue_bytes: int) -> None:
    rng = np.random.default_rng(seed)
    settings = BAD | {"queue_bytes": queue_bytes}
    model = Channel(LinkEmulator(profile((3, 1000), (2, 0), (9, 4000), **settings), seed))
    real = line((3, 1000), (2, 0), (9, 4000), seed=seed, **settings)
    sizes = rng.integers(100, 9000, 400).tolist()
    times = np.cumsum(rng.exponential(0.02, 400)).tolist()
    expected = [model.send(at, size).arrivals for at, size in zip(times, sizes, strict=True)]
    for number, (at, size) in enumerate(zip(times, sizes, strict=True)):
        for frame in fragments(size, number):
            real.put(BEGIN + at, frame)
    pieces: dict[int, list[tuple[float, bytes]]] = defaultdict(list)
    seen: list[list[float]] = [[] for _ in sizes]
    for at, frame in arrivals(real):
        number = int.from_bytes(frame[18:20], "big")
        have = pieces[number]
        if frame in (one for _, one in have):
            continue  # IP discards it
        have.append((at, frame))
        if len(have) == len(fragments(sizes[number], number)):
            seen[number].append(at)
            have.clear()
    assert [len(times) for times in seen] == [len(times) for times in expected]
    assert sum(map(len, expected)) > 100
    assert sum(len(times) == 2 for times in expected) > 10
    for times, fate in zip(seen, expected, strict=True):
        assert times == pytest.approx(list(fate), abs=1e-6)


@pytest.mark.parametrize("loss", [0.02, 0.05, 0.1])
def test_the_share_that_is_lost(loss: float) -> None:
    lossy = line((math.inf, None), loss=loss)
    for index in range(20_000):
        lossy.put(BEGIN + index, whole(100))
    arrived = len(arrivals(lossy))
    assert arrived / 20_000 == pytest.approx(1 - loss, abs=4 * math.sqrt(loss / 20_000))
    state = lossy.state(BEGIN + 20_000)
    assert state.dropped == {"loss": 20_000 - arrived}
    assert state.sent_bytes == 20_000 * 100  # what is lost has used the link


def test_bursts_have_their_mean_length() -> None:
    bursty = line((math.inf, None), burst=Burst(enter=0.0132, leave=0.25))
    for index in range(40_000):
        bursty.put(BEGIN + index, whole(60, index))
    kept = [int.from_bytes(frame[14:18], "big") for _, frame in arrivals(bursty)]
    gaps = [second - first - 1 for first, second in pairwise(kept) if second - first > 1]
    assert np.mean(gaps) == pytest.approx(4, rel=0.1)
    assert 1 - len(kept) / 40_000 == pytest.approx(0.05, rel=0.15)


def test_order_is_kept_unless_the_profile_reorders() -> None:
    for reorder in (False, True):
        jittery = line((math.inf, 8000), jitter_ms=10, reorder=reorder)
        for index in range(200):
            jittery.put(BEGIN + index / 1000, whole(100, index))
        marks = [int.from_bytes(frame[14:18], "big") for _, frame in arrivals(jittery)]
        assert (marks == sorted(marks)) is not reorder
