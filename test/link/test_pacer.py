import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.link.capacity import Schedule, Step
from edgesr_ros.link.emulator import Delivery, LinkEmulator
from edgesr_ros.link.pacer import Pacer
from edgesr_ros.link.profile import LinkProfile, read_profile

PROPAGATION = 0.02
CAMERA_PERIOD = 0.04
SMALLEST, MEAN, LARGEST = 3500, 4000, 4500


@dataclass
class Run:
    """Frames that arrived: when, how old, how large; and how many were sent."""

    arrived: list[float] = field(default_factory=list)
    age: list[float] = field(default_factory=list)
    size: list[int] = field(default_factory=list)
    sent: int = 0

    def between(self, begin: float, end: float) -> np.ndarray:
        """(N, 2): age and size of the frames that arrived within [begin, end)."""
        arrived = np.array(self.arrived)
        return np.column_stack((self.age, self.size))[(arrived >= begin) & (arrived < end)]

    def p95(self, begin: float, end: float) -> float:
        return float(np.percentile(self.between(begin, end)[:, 0], 95))

    def rate(self, begin: float, end: float) -> float:
        """Bytes per second."""
        return float(self.between(begin, end)[:, 1].sum() / (end - begin))


def drive(
    pacer: Pacer,
    profile: LinkProfile,
    seconds: float,
    lose_frame: float = 0.0,
    lose_report: float = 0.0,
    reports: bool = True,
    seed: int = 1,
) -> Run:
    """A camera at 25 Hz, one slot in which the newest frame wins, the pacer, the link, and reports back.

    A report costs no bandwidth and takes the propagation delay. Everything in simulated time.
    """
    rng = np.random.default_rng(seed)
    link = LinkEmulator(profile, seed)
    run = Run()
    slot: int | None = None
    timer = 0.0
    order = iter(range(10**9))
    events: list[tuple[float, int, Callable[[float], None]]] = []

    def at(when: float, action: Callable[[float], None]) -> None:
        if when < seconds:
            heapq.heappush(events, (when, next(order), action))

    def capture(now: float) -> None:
        nonlocal slot
        slot = round(now * 1e9)
        at(now + CAMERA_PERIOD, capture)
        serve(now)

    def serve(now: float) -> None:
        nonlocal slot, timer
        if slot is None:
            return
        if (deadline := pacer.next_deadline(now)) is not None:
            assert deadline > now
            if deadline != timer:
                timer = deadline
                at(deadline, serve)
            return
        stamp, size = slot, int(rng.integers(SMALLEST, LARGEST, endpoint=True))
        slot = None
        pacer.sent(now, stamp, size)
        run.sent += 1
        outcome = link.offer(now, size)
        if isinstance(outcome, Delivery) and rng.random() >= lose_frame:
            at(outcome.at, lambda now: arrive(now, stamp, size))

    def arrive(now: float, stamp: int, size: int) -> None:
        run.arrived.append(now)
        run.age.append(now - stamp * 1e-9)
        run.size.append(size)
        if reports and rng.random() >= lose_report:
            at(now + PROPAGATION, lambda now: report(now, stamp))

    def report(now: float, stamp: int) -> None:
        pacer.acknowledged(now, stamp)
        serve(now)

    at(0.0, capture)
    while events:
        now, _, action = heapq.heappop(events)
        action(now)
    return run


def constant(bytes_per_s: float, **more: object) -> LinkProfile:
    schedule = Schedule(steps=(Step(kbps=bytes_per_s * 8 / 1000),))
    settings = {"delay_ms": PROPAGATION * 1000, "queue_bytes": 32_000} | more
    return LinkProfile(description="constant", capacity=schedule, **settings)


def source_rate() -> float:
    return MEAN / CAMERA_PERIOD


def age_bound(bytes_per_s: float) -> float:
    """Propagation, one frame ahead in the queue and the frame itself, and the wait for the camera."""
    return PROPAGATION + 2 * LARGEST / bytes_per_s + CAMERA_PERIOD


RATES = [10e6, 1e6, 100e3, 30e3, 10e3]


@pytest.mark.parametrize("bytes_per_s", RATES)
def test_uses_the_link_and_keeps_frames_fresh(bytes_per_s: float) -> None:
    run = drive(Pacer(), constant(bytes_per_s), 60)
    assert run.rate(4, 60) >= 0.9 * min(bytes_per_s, source_rate())
    assert run.p95(4, 60) <= age_bound(bytes_per_s)
    assert len(run.arrived) >= run.sent - 2  # nothing lost to overload


def test_a_window_of_one_is_fresher_and_uses_less() -> None:
    one, two = (drive(Pacer(window), constant(100e3), 60) for window in (1, 2))
    assert one.p95(4, 60) < two.p95(4, 60)
    assert one.rate(4, 60) < 0.75 * two.rate(4, 60)


def test_recovers_within_two_seconds_after_each_step_down() -> None:
    profile = read_profile("steps_down")
    run = drive(Pacer(), profile, 48)
    begin = 0.0
    for step in profile.capacity.steps:
        bytes_per_s = step.kbps * 1000 / 8
        assert run.p95(begin + 2, begin + 8) <= age_bound(bytes_per_s)
        assert run.rate(begin, begin + 8) >= 0.75 * min(bytes_per_s, source_rate())
        begin += 8
    assert begin == 48


@pytest.mark.parametrize("before", [10e6, 100e3])
def test_recovers_from_a_fall_to_10_kilobytes_per_s_and_back(before: float) -> None:
    kbps = before * 8 / 1000
    steps = Schedule(steps=(Step(seconds=10, kbps=kbps), Step(seconds=10, kbps=80), Step(kbps=kbps)))
    run = drive(Pacer(), LinkProfile(description="dip", capacity=steps, delay_ms=20), 30)
    assert run.p95(12, 20) <= age_bound(10e3)
    assert run.p95(20.5, 30) <= age_bound(before)
    assert run.rate(20.5, 30) >= 0.9 * source_rate()


@pytest.mark.parametrize("bytes_per_s", RATES)
def test_lost_frames_do_not_stall_it(bytes_per_s: float) -> None:
    run = drive(Pacer(), constant(bytes_per_s), 120, lose_frame=0.2)
    # A fifth is lost; where two frames just fill the link, each lost one leaves it idle for as long again.
    assert run.rate(4, 120) >= 0.7 * 0.8 * min(bytes_per_s, source_rate())
    assert run.p95(4, 120) <= age_bound(bytes_per_s)


@pytest.mark.parametrize("bytes_per_s", RATES)
def test_lost_reports_do_not_stall_it(bytes_per_s: float) -> None:
    run = drive(Pacer(), constant(bytes_per_s), 120, lose_report=0.2)
    assert run.rate(4, 120) >= 2 / 3 * min(bytes_per_s, source_rate())
    assert run.p95(4, 120) <= age_bound(bytes_per_s)


def test_jitter_is_not_taken_for_loss() -> None:
    run = drive(Pacer(), constant(30e3, jitter_ms=100), 60)
    assert run.rate(4, 60) >= 0.75 * 30e3
    assert run.p95(4, 60) <= age_bound(30e3) + 0.1


def test_after_an_outage_a_fresh_frame_comes_soon() -> None:
    steps = Schedule(steps=(Step(seconds=10, kbps=800), Step(seconds=5, kbps=0), Step(kbps=800)))
    run = drive(Pacer(), LinkProfile(description="outage", capacity=steps, delay_ms=20), 25)
    fresh = [at for at, age in zip(run.arrived, run.age, strict=True) if at > 15 and age < 0.2]
    assert fresh[0] - 15 <= 0.7
    assert run.rate(16, 25) >= 0.9 * 100e3


@pytest.mark.parametrize("rate", [10e3, 40e3])
def test_without_reports_it_keeps_to_the_fixed_rate(rate: float) -> None:
    run = drive(Pacer(rate_bytes_per_s=rate), constant(1e6), 42, reports=False)
    assert run.rate(2, 42) == pytest.approx(rate, rel=0.05)


def test_without_reports_and_budget_it_sends_everything() -> None:
    run = drive(Pacer(), constant(1e6), 12, reports=False)
    assert run.rate(3, 12) == pytest.approx(source_rate(), rel=0.02)


def test_silence_of_a_receiver_that_reports_is_loss() -> None:
    pacer = Pacer()
    pacer.expect_reports()
    run = drive(pacer, constant(1e6), 60, reports=False)
    assert run.rate(10, 60) < 0.05 * source_rate()


def test_the_first_report_ends_the_fixed_rate() -> None:
    pacer = Pacer(rate_bytes_per_s=1000)
    pacer.sent(0.0, 1, 2500)
    pacer.sent(0.0, 2, 1500)
    assert pacer.next_deadline(3.0) == 4.0  # 4000 bytes at 1000 B/s
    pacer.acknowledged(3.5, 1)
    assert pacer.may_send(3.5)


def test_at_most_a_window_is_on_the_way() -> None:
    pacer = Pacer(window_frames=2)
    assert pacer.next_deadline(0.0) is None
    pacer.sent(0.0, 10, 1000)
    assert pacer.may_send(0.0)
    pacer.sent(0.0, 20, 1000)
    assert not pacer.may_send(0.1)
    pacer.acknowledged(0.1, 10)
    assert pacer.may_send(0.1)


def test_a_report_settles_the_frames_sent_before_it() -> None:
    pacer = Pacer(window_frames=3)
    # Stamps go back where a recording starts over; what counts is the order of sending.
    for stamp in (30, 10, 20):
        pacer.sent(0.0, stamp, 1000)
    pacer.acknowledged(0.1, 10)
    for stamp in (40, 50):
        assert pacer.may_send(0.1)
        pacer.sent(0.1, stamp, 1000)
    assert not pacer.may_send(0.1)


def test_unknown_and_repeated_reports_change_nothing() -> None:
    pacer = Pacer(window_frames=1)
    pacer.sent(0.0, 1, 1000)
    pacer.acknowledged(0.1, 1)
    pacer.sent(0.1, 2, 1000)
    pacer.acknowledged(0.12, 1)
    pacer.acknowledged(0.12, 99)
    assert not pacer.may_send(0.12)
    assert pacer.round_trip == pytest.approx(0.1)


def test_expiries_double_up_to_two_seconds_with_one_frame_at_a_time() -> None:
    pacer = Pacer(window_frames=2)
    pacer.sent(0.0, 0, 1000)
    pacer.acknowledged(0.05, 0)
    pacer.sent(0.05, 1, 1000)
    now, waits = 0.05, []
    for stamp in range(2, 9):
        assert pacer.may_send(now)
        pacer.sent(now, stamp, 1000)
        deadline = pacer.next_deadline(now)
        assert deadline is not None
        waits.append(deadline - now)
        now = deadline
    assert waits == pytest.approx([0.2, 0.3, 0.6, 1.2, 2.0, 2.0, 2.0])  # the first waits for two frames


def test_a_late_report_takes_the_frames_after_it_back_into_the_window() -> None:
    pacer = Pacer(window_frames=2)
    for stamp in (1, 2):
        pacer.sent(0.0, stamp, 1000)
    assert pacer.may_send(1.0)  # both expired
    pacer.sent(1.0, 3, 1000)
    pacer.acknowledged(1.2, 1)  # slow, not lost: 2 and 3 still wait in the link
    assert not pacer.may_send(1.2)
    pacer.acknowledged(1.4, 2)
    assert pacer.may_send(1.4)


def test_estimates_tell_rate_and_round_trip() -> None:
    pacer = Pacer()
    assert pacer.delivery_rate is None
    assert pacer.round_trip is None
    drive(pacer, constant(30e3), 20)
    assert pacer.delivery_rate == pytest.approx(30e3, rel=0.02)
    assert pacer.round_trip == pytest.approx(2 * MEAN / 30e3, rel=0.2)


def test_keeps_no_memory_of_a_dead_link() -> None:
    pacer = Pacer(rate_bytes_per_s=1e6)
    now = 0.0
    for stamp in range(20_000):
        now = pacer.next_deadline(now) or now
        pacer.sent(now, stamp, 4000)
    kept = sum(len(part) for part in vars(pacer).values() if hasattr(part, "__len__"))
    assert kept < 1000


@pytest.mark.parametrize(
    "wrong", [{"window_frames": 0}, {"rate_bytes_per_s": 0.0}, {"rate_bytes_per_s": -1.0}]
)
def test_wrong_settings_are_named(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        Pacer(**wrong)
