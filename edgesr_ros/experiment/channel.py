"""Frames as packets over the emulated link: what the network below a CompressedImage does with it."""

from collections import Counter
from typing import NamedTuple

from edgesr_ros.link.emulator import PACKET_PAYLOAD, Drop, LinkEmulator


class Fate(NamedTuple):
    """What becomes of a frame: it arrives `at` seconds, or it is lost for a `reason`."""

    at: float | None
    reason: str | None


class Channel:
    """One direction of a link that carries frames as UDP does: a frame is lost with any of its packets.

    Each packet meets the queue and the losses by itself. So the rest of a frame that overflows the queue
    still takes its share of the link: overload does not thin a stream, it destroys it.

    Attributes:
        lost: frames by reason.
        carried: bytes that the queue took, those of frames that were lost later included.
    """

    def __init__(self, link: LinkEmulator) -> None:
        self._link = link
        self.lost: Counter[str] = Counter()
        self.carried = 0

    def send(self, now: float, size: int) -> Fate:
        """Put a frame on the link; `now` never goes backwards."""
        at, reason = now, None
        for start in range(0, max(size, 1), PACKET_PAYLOAD):
            packet = min(PACKET_PAYLOAD, size - start)
            outcome = self._link.offer(now, packet)
            if isinstance(outcome, Drop):
                reason = reason or outcome.reason
            else:
                at = max(at, outcome.at)
            if not (isinstance(outcome, Drop) and outcome.reason == "queue"):
                self.carried += packet
        if reason is not None:
            self.lost[reason] += 1
            return Fate(None, reason)
        return Fate(at, None)

    def used(self, now: float) -> int:
        """Bytes that the link has carried until `now`."""
        return self.carried - self._link.queued_bytes(now)
