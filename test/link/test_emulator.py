import math

import numpy as np
import pytest

from edgesr_ros.link.capacity import Schedule, Step
from edgesr_ros.link.curve import Curve
from edgesr_ros.link.emulator import Delivery, Drop, LinkEmulator
from edgesr_ros.link.profile import Burst, LinkProfile
from edgesr_ros.link.trace import Trace


def link(*steps: tuple[float, float | None], seed: int = 0, **settings: object) -> LinkEmulator:
    schedule = Schedule(steps=tuple(Step(seconds=seconds, kbps=kbps) for seconds, kbps in steps))
    return LinkEmulator(LinkProfile(description="test", capacity=schedule, **settings), seed)


def arrival(outcome: Delivery | Drop) -> float:
    assert isinstance(outcome, Delivery)
    return outcome.at


def test_no_limit_and_no_delay_delivers_at_once_whatever_the_size() -> None:
    free = link((math.inf, None), queue_bytes=1000)
    assert arrival(free.offer(1.5, 1_000_000)) == 1.5
    assert arrival(free.offer(1.5, 1_000_000)) == 1.5


def test_packets_are_sent_one_after_the_other() -> None:
    slow = link((math.inf, 80), delay_ms=20)  # 10 kB/s
    assert arrival(slow.offer(0.0, 4000)) == pytest.approx(0.42)
    assert arrival(slow.offer(0.1, 2000)) == pytest.approx(0.62)
    assert arrival(slow.offer(5.0, 1000)) == pytest.approx(5.12)  # idle in between


def test_a_packet_that_spans_a_step_arrives_at_the_exact_time() -> None:
    falling = link((1, 800), (math.inf, 80), delay_ms=20)
    # 100 kB/s until 1.0, then 10 kB/s: 2000 bytes before the step, 2000 in 0.2 s after it.
    assert arrival(falling.offer(0.98, 4000)) == pytest.approx(1.22, abs=1e-9)


def test_an_outage_holds_the_queue() -> None:
    gap = link((1, 800), (5, 0), (1, 800), queue_bytes=10_000)
    first, second = gap.offer(2.0, 4000), gap.offer(3.0, 4000)
    assert gap.queued_bytes(5.99) == 8000
    assert gap.offer(5.0, 4000) == Drop("queue")
    assert (arrival(first), arrival(second)) == (pytest.approx(6.04), pytest.approx(6.08))
    assert gap.queued_bytes(6.05) == 4000
    assert gap.queued_bytes(6.09) == 0


def test_an_outage_without_end_never_delivers() -> None:
    dead = link((1, 800), (1, 0), queue_bytes=8000)
    assert arrival(dead.offer(2.0, 4000)) == math.inf
    assert arrival(dead.offer(3.0, 4000)) == math.inf
    assert dead.offer(4.0, 4000) == Drop("queue")
    counts = dead.counts(1e9)
    assert (counts.offered, counts.delivered, counts.in_flight) == (3, 0, 2)


def test_the_queue_drops_the_newcomer_that_does_not_fit() -> None:
    slow = link((math.inf, 80), queue_bytes=10_000)
    outcomes = [slow.offer(0.0, 4000) for _ in range(3)]
    assert [isinstance(outcome, Delivery) for outcome in outcomes] == [True, True, False]
    assert outcomes[2] == Drop("queue")
    assert isinstance(slow.offer(0.0, 2000), Delivery)  # exactly full
    assert slow.offer(0.399, 1) == Drop("queue")
    assert isinstance(slow.offer(0.401, 4000), Delivery)  # the first packet has left


SCHEDULES = {
    "constant": [(60.0, 80.0)],
    "steps": [(9.3, 8000.0), (10.7, 240.0), (20.1, 80.0), (19.9, 2400.0)],
    "outages": [(7.0, 800.0), (3.0, 0.0), (11.0, 240.0), (9.0, 0.0), (30.0, 1600.0)],
}


@pytest.mark.parametrize("steps", SCHEDULES.values(), ids=SCHEDULES.keys())
def test_an_overloaded_link_delivers_its_capacity(steps: list[tuple[float, float]]) -> None:
    overloaded = link(*steps, queue_bytes=64_000)
    rng = np.random.default_rng(1)
    delivered = 0
    for tick in range(60_000):  # 2 kB a millisecond: 2 MB/s
        size = int(rng.integers(1000, 3000))
        outcome = overloaded.offer(tick / 1000, size)
        if isinstance(outcome, Delivery) and outcome.at <= 60.0:
            delivered += size
    # Every step is below 2 MB/s, so the queue never runs dry.
    integral = sum(seconds * kbps for seconds, kbps in steps) * 1000 / 8
    assert delivered == pytest.approx(integral, rel=0.02)


def test_a_lost_packet_has_used_the_link() -> None:
    lossy = link((math.inf, 80), loss=1.0, queue_bytes=8000)
    assert [lossy.offer(0.0, 4000).reason for _ in range(3)] == ["loss", "loss", "queue"]


def test_bursts_have_the_losses_and_lengths_of_gilbert_elliott() -> None:
    burst = Burst(enter=0.01, leave=0.1, loss=1.0)
    bursty = link((math.inf, None), burst=burst)
    packets = 200_000
    lost = np.array([bursty.offer(float(i), 1000) == Drop("burst") for i in range(packets)])
    # Stationary share of the bad state is enter / (enter + leave), its mean length 1 / leave.
    assert lost.mean() == pytest.approx(0.01 / 0.11, rel=0.1)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], lost.astype(int), [0]))))
    assert np.mean(edges[1::2] - edges[::2]) == pytest.approx(10, rel=0.1)


def test_the_reason_tells_random_loss_from_bursts() -> None:
    both = link((math.inf, None), loss=0.1, burst=Burst(enter=0.02, leave=0.2, loss=0.5))
    for i in range(20_000):
        both.offer(float(i), 1000)
    dropped = both.counts(20_000.0).dropped
    assert dropped["loss"] == pytest.approx(20_000 * 10 / 11 * 0.1, rel=0.1)
    assert dropped["burst"] == pytest.approx(20_000 * 1 / 11 * 0.5, rel=0.15)


def test_jitter_delays_and_never_reorders() -> None:
    shaky = link((math.inf, 80_000), delay_ms=20, jitter_ms=50)
    arrivals = np.array([arrival(shaky.offer(i / 1000, 100)) for i in range(5000)])
    assert np.all(np.diff(arrivals) >= 0)
    spaced = link((math.inf, None), delay_ms=20, jitter_ms=50)
    delays = np.array([arrival(spaced.offer(float(i), 100)) - i for i in range(5000)])
    assert 0.02 <= delays.min() < 0.021
    assert 0.069 < delays.max() <= 0.07
    assert delays.mean() == pytest.approx(0.045, rel=0.05)


def test_jitter_reorders_where_it_is_asked_to() -> None:
    shaky = link((math.inf, 80_000), delay_ms=20, jitter_ms=50, reorder=True)
    outcomes = [shaky.offer(i / 1000, 100) for i in range(5000)]
    arrivals = np.array([arrival(outcome) for outcome in outcomes])
    assert 0.3 < np.mean(np.diff(arrivals) < 0) < 0.6
    delays = arrivals - np.arange(5000) / 1000
    assert delays.mean() == pytest.approx(0.045, rel=0.05)  # none waits for another
    for now in (5.0, 5.02, 6.0):
        assert shaky.counts(now).delivered == np.sum(arrivals <= now)


def test_the_delay_of_a_trace_varies_and_adds_to_the_profiles() -> None:
    trace = Trace(Curve([1.0, 1.0], [8000.0, 8000.0], repeat=True), delays=(0.2, 0.05))
    far = LinkEmulator(LinkProfile(description="test", capacity=trace, delay_ms=10))
    assert arrival(far.offer(0.5, 1000)) == pytest.approx(0.501 + 0.21)
    assert arrival(far.offer(1.05, 1000)) == pytest.approx(1.111)
    # A delay that falls makes nobody overtake: 2.96 + 0.2 s is later than 3.011 + 0.05 s.
    early, late = far.offer(2.959, 1000), far.offer(3.01, 1000)
    assert arrival(early) == arrival(late) == pytest.approx(2.96 + 0.21)


def test_a_packet_that_is_asked_to_comes_twice_with_a_jitter_of_its_own() -> None:
    twice = link((math.inf, 80), delay_ms=20, jitter_ms=30, queue_bytes=10_000)
    for i in range(100):
        outcome = twice.offer(float(i), 1000, twice=True)
        assert isinstance(outcome, Delivery)
        assert outcome.again is not None
        assert i + 0.12 <= outcome.at <= outcome.again <= i + 0.15
    counts = twice.counts(1000.0)
    assert (counts.offered, counts.delivered, counts.duplicates, counts.in_flight) == (100, 100, 100, 0)


def test_a_queue_in_ms_bounds_the_wait_whatever_the_rate() -> None:
    steps = link((10, 80), (math.inf, 8000), queue_ms=250)
    waits = []
    for tick in range(2000):  # 2 MB/s
        now = tick / 100
        outcome = steps.offer(now, 20_000)
        if isinstance(outcome, Delivery):
            waits.append(outcome.at - now)
    # A packet of that size takes 2 s at 10 kB/s and 0.02 s at 1 MB/s; before it begins, 0.25 s at most.
    assert max(waits) == pytest.approx(2.25, abs=0.02)
    assert max(waits[-100:]) == pytest.approx(0.27, abs=0.02)


def test_a_queue_in_ms_takes_one_packet_in_an_outage() -> None:
    gap = link((1, 800), (5, 0), (1, 800), queue_ms=100)
    assert arrival(gap.offer(2.0, 4000)) == pytest.approx(6.04)
    assert gap.offer(2.1, 4000) == Drop("queue")
    assert isinstance(gap.offer(5.95, 4000), Delivery)


NASTY = {
    "loss": 0.05,
    "burst": Burst(enter=0.02, leave=0.3, loss=0.8),
    "jitter_ms": 30,
    "duplicate": 0.1,
    "queue_bytes": 16_000,
}


def fate(seed: int) -> list[Delivery | Drop]:
    nasty = link((5, 800), (5, 80), (5, 8000), seed=seed, **NASTY)
    return [nasty.offer(i / 50, 3000, nasty.doubles()) for i in range(750)]


def test_the_same_seed_is_the_same_link() -> None:
    assert fate(7) == fate(7)
    assert fate(7) != fate(8)


def test_what_is_offered_is_delivered_dropped_or_in_flight() -> None:
    nasty = link((5, 800), (5, 80), (5, 8000), delay_ms=100, **NASTY)
    outcomes: list[Delivery | Drop] = []
    for i in range(750):
        now = i / 50
        outcomes.append(nasty.offer(now, 3000, nasty.doubles()))
        counts = nasty.counts(now)
        deliveries = [outcome.at for outcome in outcomes if isinstance(outcome, Delivery)]
        assert counts.offered == i + 1
        assert counts.delivered == sum(at <= now for at in deliveries)
        assert counts.in_flight == sum(at > now for at in deliveries)
        assert counts.offered == counts.delivered + counts.in_flight + sum(counts.dropped.values())
    assert set(counts.dropped) == {"queue", "loss", "burst"}
    assert nasty.counts(1000.0).in_flight == 0
