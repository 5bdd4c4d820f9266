"""A camera, the sender, a link there and a link back, all in simulated time."""

import heapq
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from edgesr_ros.control.arrivals import ArrivalLog
from edgesr_ros.control.decision import Decision
from edgesr_ros.control.policy import Scene
from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.control.sender import Sender
from edgesr_ros.link.capacity import Schedule, Step
from edgesr_ros.link.emulator import LinkEmulator
from edgesr_ros.link.packets import Channel, Fate, wire_bytes
from edgesr_ros.link.profile import LinkProfile

# Of whose pictures each byte makes more, and which move a little: the link is used as far as it is known.
HUNGRY = Scene(
    np.geomspace(300, 40_000, 16),
    np.linspace(0.9, 0.0, 16),
    moved=0.03,
    growth=1.0,
    stream=True,
    least=300,
    showing=0.0,
)
SOURCE_HZ = 30.0
MAX_FRAME_BYTES = 40_000
PROPAGATION = 0.02
ENCODING, DECODING = 0.006, 0.004
REPORT_BYTES = 450
CLOCK_AHEAD = 1234.5  # s by which the receiver's clock is ahead


@dataclass
class Drive:
    """What happened; times in s, sizes in bytes."""

    sent: list[tuple[float, int, bool]] = field(default_factory=list)  # when, size, dropped by the queue
    arrived: list[tuple[float, int, float]] = field(default_factory=list)  # when, size, age
    decisions: list[tuple[float, Decision]] = field(default_factory=list)

    def used(self, profile: LinkProfile, begin: float, end: float) -> float:
        """Bytes carried, as a share of what the link could carry and the content could use."""
        most = MAX_FRAME_BYTES * SOURCE_HZ
        seconds = begin + np.arange(round(end - begin))
        usable = sum(min(profile.capacity.kbit(s, s + 1) * 125, most) for s in seconds)
        carried = (wire_bytes(size) for at, size, dropped in self.sent if begin <= at < end and not dropped)
        return sum(carried) / usable

    def ages(self, begin: float = 0.0, end: float = math.inf) -> np.ndarray:
        return np.array([age for at, _, age in self.arrived if begin <= at < end])

    def age_p95(self, begin: float = 0.0, end: float = math.inf) -> float:
        return float(np.percentile(self.ages(begin, end), 95))

    def overload_loss(self) -> float:
        return float(np.mean([dropped for _, _, dropped in self.sent]))

    def rates(self, begin: float, end: float) -> np.ndarray:
        return np.array([d.rate_bytes_per_s for at, d in self.decisions if begin <= at < end])

    def first_fresh(self, after: float, age: float = 0.25 + PROPAGATION) -> float:
        return next(at for at, _, old in self.arrived if at > after and old <= age) - after


class Way:
    """A channel whose way becomes longer or shorter, and whose link others use as well.

    `longer` is by how many seconds at a time; `others` their bytes per second at a time, in packets of 1000.
    """

    def __init__(
        self,
        channel: Channel,
        longer: Callable[[float], float],
        others: Callable[[float], float],
        overtaking: bool,
    ) -> None:
        self._overtaking = overtaking
        self._channel, self._longer, self._others = channel, longer, others
        self._last, self._others_next = 0.0, 0.0

    def send(self, now: float, size: int) -> Fate:
        while self._others_next <= now:
            rate = self._others(self._others_next)
            if rate:
                self._channel.send(self._others_next, 1000)
            self._others_next += 1000 / rate if rate else 0.1
        fate = self._channel.send(now, size)
        arrivals = [arrival + self._longer(arrival) for arrival in fate.arrivals]
        if arrivals and not self._overtaking:  # a way that becomes shorter lets nobody overtake
            arrivals[0] = self._last = max(self._last, arrivals[0])
        return fate._replace(arrivals=tuple(arrivals))


def profile(*steps: tuple[float, float], **more: object) -> LinkProfile:
    """Steps of (seconds, kbps)."""
    schedule = Schedule(steps=tuple(Step(seconds=seconds, kbps=kbps) for seconds, kbps in steps))
    settings = {"delay_ms": PROPAGATION * 1000, "queue_bytes": 64_000} | more
    return LinkProfile(description="test", capacity=schedule, **settings)


def drive(
    forward: LinkProfile,
    seconds: float,
    sender: Sender | None = None,
    back: LinkProfile | None = None,
    deviation: float = 0.0,
    lose_report: float = 0.0,
    reports: bool = True,
    seed: int = 1,
    longer: Callable[[float], float] = lambda _: 0.0,
    others: Callable[[float], float] = lambda _: 0.0,
    backlog: int = 0,
) -> Drive:
    """Run `seconds`. Actual frame sizes deviate from the decided ones by up to `deviation`, at random.

    Both ways are `longer` by so many seconds at a time, and `others` send so many bytes per second there. Of
    theirs a `backlog` of bytes is in the queue when it begins.
    """
    rng = np.random.default_rng(seed)
    if sender is None:
        sender = Sender("balanced", SOURCE_HZ, max_frame_bytes=MAX_FRAME_BYTES)
        sender.use("balanced", SOURCE_HZ, MAX_FRAME_BYTES, HUNGRY)
    channel = Channel(LinkEmulator(forward, seed))
    for _ in range(backlog // 1000):
        channel.send(0.0, 1000)
    there = Way(channel, longer, others, forward.reorder)
    back_again = Way(
        Channel(LinkEmulator(back or profile((math.inf, 1e5)), seed + 1)), longer, lambda _: 0.0, True
    )
    log, result = ArrivalLog(), Drive()
    slot: float | None = None
    encoding = False
    timer: float | None = None
    events: list[tuple[float, int, Callable[[float], None]]] = []
    order = itertools.count()

    def at(when: float, action: Callable[[float], None]) -> None:
        if when < seconds:
            heapq.heappush(events, (when, next(order), action))

    def capture(now: float) -> None:
        nonlocal slot
        slot = now
        at(now + 1 / SOURCE_HZ + rng.uniform(-1e-3, 1e-3), capture)
        serve(now)

    def serve(now: float) -> None:
        nonlocal slot, encoding, timer
        if slot is None or encoding:
            return
        if (deadline := sender.next_deadline(now)) is not None:
            assert deadline > now
            if deadline != timer:
                timer = deadline
                at(deadline, serve)
            return
        captured, slot, encoding = slot, None, True
        decision = sender.decision(now)
        assert 0 < decision.frame_bytes <= MAX_FRAME_BYTES
        result.decisions.append((now, decision))
        size = max(1, round(decision.frame_bytes * (1 + deviation * rng.uniform(-1, 1))))
        at(now + ENCODING, lambda now: send(now, captured, size))

    def send(now: float, captured: float, size: int) -> None:
        nonlocal encoding
        encoding = False
        sender.sent(now, round(captured * 1e9), size)
        fate = there.send(now, size)
        result.sent.append((now, size, fate.reason == "queue"))
        for arrival in fate.arrivals:
            at(arrival, lambda now: arrive(now, captured, size))
        serve(now)

    def arrive(now: float, captured: float, size: int) -> None:
        report = log.arrived(round((now + CLOCK_AHEAD) * 1e9), round(captured * 1e9), size, DECODING)
        if log.order == "new":
            result.arrived.append((now + DECODING, size, now + DECODING - captured))
        if reports:
            at(now + DECODING, lambda now: answer(now, report))

    def answer(now: float, report: ArrivalReport) -> None:
        fate = back_again.send(now, REPORT_BYTES)
        if rng.random() >= lose_report:
            for arrival in fate.arrivals:
                at(arrival, lambda now: hear(now, ArrivalReport.from_pairs(report.to_pairs())))

    def hear(now: float, report: ArrivalReport) -> None:
        sender.reported(now, report)
        serve(now)

    at(0.0, capture)
    while events:
        now, _, action = heapq.heappop(events)
        action(now)
    return result


@pytest.fixture(name="drive")
def _drive() -> Callable[..., Drive]:
    return drive


@pytest.fixture(name="steps")
def _profile() -> Callable[..., LinkProfile]:
    return profile
