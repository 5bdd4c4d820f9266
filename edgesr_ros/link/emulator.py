"""A link as a function of time: what happens to each packet that is put on it."""

import heapq
import math
from collections import Counter, deque
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edgesr_ros.link.profile import LinkProfile

DropReason = Literal["queue", "loss", "burst"]


@dataclass(frozen=True)
class Delivery:
    """The packet arrives `at` seconds, and perhaps `again`; infinite where the link stays silent."""

    at: float
    again: float | None = None


@dataclass(frozen=True)
class Drop:
    """The packet never arrives: no room in the queue, a random loss, or a loss in a burst."""

    reason: DropReason


@dataclass(frozen=True)
class LinkCounts:
    """Packets so far: offered = delivered + in_flight + the sum of dropped.

    `duplicates` arrived a second time; the other figures do not count them again.
    """

    offered: int
    delivered: int
    in_flight: int
    dropped: dict[str, int]
    duplicates: int = 0


class LinkEmulator:
    """One direction of a link for packets: queue → transmission at the capacity → loss → delay, jitter.

    Messages, which may be larger than a packet, go over it by a `Channel` (packets.py).

    - The queue is first in, first out, and drops the newcomer that does not fit (drop tail). A packet
      counts with its whole size until its last byte is sent, so one larger than `queue_bytes` gets through
      only at unlimited capacity, where packets need no room because they leave at once. A queue in ms
      takes a packet of any size that its turn comes soon enough for: in an outage, one.
    - A lost packet has used the link as any other.
    - A duplicate arises behind the bottleneck, so it takes no capacity; it has a jitter of its own.
    - A packet's size is all that the capacity is spent on, headers included.

    Args:
        profile: what the link does.
        seed: of losses, jitter and duplicates; the same packets at the same times then meet the same fate.
    """

    def __init__(self, profile: LinkProfile, seed: int = 0) -> None:
        self.profile = profile
        self._rng = np.random.default_rng(seed)
        self._queue: deque[tuple[float, int]] = deque()  # (time at which it is sent, size)
        self._queued_bytes = 0
        self._busy_until = -math.inf
        self._in_burst = False
        self._arrivals: list[float] = []  # heap: of what is in flight
        self._duplicates: list[float] = []  # the same of second arrivals
        self._last_arrival = -math.inf
        self._offered = self._delivered = self._duplicated = 0
        self._dropped: Counter[str] = Counter()

    def doubles(self) -> bool:
        """Whether the link makes two of what is offered next; drawn anew at each call."""
        return bool(self.profile.duplicate) and self._rng.random() < self.profile.duplicate

    def offer(self, now: float, size: int, twice: bool = False) -> Delivery | Drop:
        """Put a packet of `size` bytes on the link, `now` seconds after the start of the schedule.

        `now` must not go backwards from call to call. A packet that arrives does so `twice` if that is asked.
        """
        self._advance(now)
        self._offered += 1
        begin = max(now, self._busy_until)
        sent = self.profile.capacity.finish(begin, size)
        if sent > now and self._no_room(begin - now, size):
            return self._drop("queue")
        self._busy_until = sent
        self._queue.append((sent, size))
        self._queued_bytes += size
        if (reason := self._lost()) is not None:
            return self._drop(reason)
        at, again = self._arrival(sent), None
        if twice:
            at, again = sorted((at, self._arrival(sent)))
            heapq.heappush(self._duplicates, again)
        heapq.heappush(self._arrivals, at)
        return Delivery(at, again)

    def queued_bytes(self, now: float) -> int:
        """Size of the packets that are not wholly sent yet."""
        self._advance(now)
        return self._queued_bytes

    def counts(self, now: float) -> LinkCounts:
        """What became of the packets so far."""
        self._advance(now)
        in_flight = len(self._arrivals)
        return LinkCounts(self._offered, self._delivered, in_flight, dict(self._dropped), self._duplicated)

    def _advance(self, now: float) -> None:
        while self._queue and self._queue[0][0] <= now:
            self._queued_bytes -= self._queue.popleft()[1]
        while self._arrivals and self._arrivals[0] <= now:
            heapq.heappop(self._arrivals)
            self._delivered += 1
        while self._duplicates and self._duplicates[0] <= now:
            heapq.heappop(self._duplicates)
            self._duplicated += 1

    def _no_room(self, wait: float, size: int) -> bool:
        most_bytes, most_ms = self.profile.queue_bytes, self.profile.queue_ms
        return (most_bytes is not None and self._queued_bytes + size > most_bytes) or (
            most_ms is not None and wait * 1000 > most_ms
        )

    def _arrival(self, sent: float) -> float:
        at = sent + self.profile.jitter_ms / 1000 * self._rng.random()
        if math.isfinite(sent):
            at += self.profile.delay_at(sent)
        if self.profile.reorder:
            return at
        self._last_arrival = max(self._last_arrival, at)
        return self._last_arrival

    def _drop(self, reason: DropReason) -> Drop:
        self._dropped[reason] += 1
        return Drop(reason)

    def _lost(self) -> DropReason | None:
        """Why a packet is lost on the air, if it is."""
        loss, burst = self.profile.loss, self.profile.burst
        if not loss and burst is None:
            return None
        turn, fate = self._rng.random(2).tolist()
        if burst is not None and turn < (burst.leave if self._in_burst else burst.enter):
            self._in_burst = not self._in_burst
        if fate >= (burst.loss if burst is not None and self._in_burst else loss):
            return None
        return "burst" if self._in_burst else "loss"
