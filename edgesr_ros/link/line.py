"""One direction of a link for real packets: Ethernet frames in, and out again as the link delivers them."""

import heapq
import math
from collections import Counter
from typing import NamedTuple

import msgspec

from edgesr_ros.link.capacity import Schedule, Step
from edgesr_ros.link.emulator import Drop, LinkEmulator
from edgesr_ros.link.profile import LinkProfile
from edgesr_ros.schema import Struct

_IPV4 = b"\x08\x00"  # EtherType, RFC 894
_HEADERS = 34  # bytes of Ethernet and IPv4
_MORE_FRAGMENTS, _OFFSET = 0x2000, 0x1FFF  # RFC 791


class LineState(Struct):
    """What a direction carries now.

    Attributes:
        kbps: capacity; 0 is an outage, null no limit.
        sent_bytes: whole Ethernet frames that have used the link, those lost on the air included.
        waiting_bytes: the same of frames that are not wholly sent yet.
        dropped: packets by reason: queue, loss, burst.
    """

    kbps: float | None
    sent_bytes: int
    waiting_bytes: int = 0
    dropped: dict[str, int] = {}  # noqa: RUF012 - msgspec copies it


class _Fragment(NamedTuple):
    datagram: bytes  # RFC 791: source, destination, protocol and identification name it
    first: bool
    last: bool


class Line:
    """A `LinkEmulator` for Ethernet frames, by a clock of the caller's.

    Where a fragment of an IPv4 datagram finds no room in the queue, the rest of the datagram is dropped too,
    and the profile's `duplicate` doubles whole datagrams: both as `Channel` (packets.py) has it, and why.

    Args:
        profile: what the link does.
        seed: see `LinkEmulator`.
        now: s, of the clock. Until `restart` the link is what the profile says of its first moment.
    """

    def __init__(self, profile: LinkProfile, seed: int, now: float) -> None:
        self._profile, self._seed = profile, seed
        self._begin, self._link = now, LinkEmulator(_first_moment(profile), seed)
        self._on_air: list[tuple[float, int, bytes]] = []  # heap: (when it arrives, order, frame)
        self._order = self._carried = 0
        self._dropped: Counter[str] = Counter()
        self._datagram = b""  # the one that fragments come of
        self._cut = self._twice = False  # what becomes of the rest of it
        self._copies: list[bytes] = []
        self._copies_at = -math.inf

    @property
    def next_due(self) -> float:
        """When the next frame arrives; infinite where none does."""
        return self._on_air[0][0] if self._on_air else math.inf

    def put(self, now: float, frame: bytes) -> None:
        """Put a frame on the link; `now` never goes back."""
        fragment = _fragment(frame)
        if fragment is None or fragment.first or fragment.datagram != self._datagram:
            self._send_copies()
            self._datagram = b"" if fragment is None else fragment.datagram
            self._cut, self._twice = False, self._link.doubles()
        if self._cut:
            self._dropped["queue"] += 1
            return
        fate = self._link.offer(now - self._begin, len(frame), self._twice)
        if isinstance(fate, Drop):
            self._dropped[fate.reason] += 1
            self._cut = fate.reason == "queue"
            self._carried += 0 if self._cut else len(frame)
            return
        self._carried += len(frame)
        self._push(self._begin + fate.at, frame)
        if fate.again is not None:
            self._copies.append(frame)
            self._copies_at = max(self._copies_at, self._begin + fate.again)
            if fragment is None or fragment.last:
                self._send_copies()

    def due(self, now: float) -> list[bytes]:
        """Take the frames that have arrived by `now`, in order."""
        frames = []
        while self._on_air and self._on_air[0][0] <= now:
            frames.append(heapq.heappop(self._on_air)[2])
        return frames

    def restart(self, now: float) -> None:
        """Begin the profile's schedule at `now`; what waits for its turn is put on the link anew."""
        self._carried -= self._link.queued_bytes(now - self._begin)
        sent_by = now + self._profile.delay_at(0.0) + self._profile.jitter_ms / 1000
        waiting = [entry for entry in sorted(self._on_air) if entry[0] > sent_by]
        self._on_air = [entry for entry in self._on_air if entry[0] <= sent_by]
        heapq.heapify(self._on_air)
        self._begin, self._link = now, LinkEmulator(self._profile, self._seed)
        for _, _, frame in waiting:
            self.put(now, frame)

    def state(self, now: float) -> LineState:
        """What it carries."""
        waiting = self._link.queued_bytes(now - self._begin)
        kbps = self._link.profile.kbps_at(now - self._begin)
        return LineState(
            kbps=kbps,
            sent_bytes=self._carried - waiting,
            waiting_bytes=waiting,
            dropped=dict(self._dropped),
        )

    def _send_copies(self) -> None:
        """The copy of a datagram is there when its last packet is: before, IP would discard its packets."""
        for frame in self._copies:
            self._push(self._copies_at, frame)
        self._copies.clear()
        self._copies_at = -math.inf

    def _push(self, at: float, frame: bytes) -> None:
        self._order += 1
        heapq.heappush(self._on_air, (at, self._order, frame))


def _first_moment(profile: LinkProfile) -> LinkProfile:
    """A link that stays as the profile's begins."""
    return msgspec.structs.replace(
        profile,
        capacity=Schedule(steps=(Step(kbps=profile.kbps_at(0.0)),)),
        delay_ms=1000 * profile.delay_at(0.0),
    )


def _fragment(frame: bytes) -> _Fragment | None:
    """Which part of an IPv4 datagram a frame holds; None where it is no part of a larger one."""
    if frame[12:14] != _IPV4 or len(frame) < _HEADERS:
        return None
    place = int.from_bytes(frame[20:22], "big")
    offset, more = place & _OFFSET, bool(place & _MORE_FRAGMENTS)
    if not offset and not more:
        return None
    return _Fragment(frame[18:20] + frame[23:24] + frame[26:34], not offset, not more)
