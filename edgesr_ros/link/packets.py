"""Messages over the emulated link: what UDP and IP make of a CompressedImage, and what becomes of that."""

import math
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from edgesr_ros.link.emulator import Drop, DropReason, LinkEmulator

_ETHERNET, _IP, _UDP = 14, 20, 8  # bytes of headers: IEEE 802.3 without checksum, RFC 791, RFC 768
_MTU = 1500
_FRAGMENT = _MTU - _IP  # bytes of a datagram, its UDP header included, in one packet
_LARGEST = 65_535 - _IP - _UDP  # bytes of a message in one datagram; Fast DDS splits at nearly the same size

# What a packet carries of a message that fits into it.
PACKET_PAYLOAD = _FRAGMENT - _UDP


def datagrams(size: int) -> Iterator[list[int]]:
    """A message of `size` bytes as UDP datagrams: the bytes of each one's packets on the wire.

    Each packet counts as a whole Ethernet frame, as the kernel's traffic control counts it: up to 1514 bytes.
    """
    for start in range(0, max(size, 1), _LARGEST):
        left = min(size - start, _LARGEST) + _UDP
        packets = [_FRAGMENT] * (left // _FRAGMENT)
        if left % _FRAGMENT:
            packets.append(left % _FRAGMENT)
        yield [packet + _IP + _ETHERNET for packet in packets]


def wire_bytes(size: int) -> int:
    """What a message of `size` bytes takes of the link, headers included."""
    return sum(map(sum, datagrams(size)))


class Fate(NamedTuple):
    """What becomes of a message.

    Attributes:
        arrivals: s, in order. None where it is lost, or waits in an outage that does not end; two where the
            link doubles it.
        reason: why it is lost; None where it is not.
    """

    arrivals: tuple[float, ...]
    reason: DropReason | None


class Channel:
    """One direction of a link that carries messages as UDP does: one link for the node and the simulation.

    - A message goes as the fragments of a datagram (of several above 65,507 bytes), each a packet that meets
      the queue and the losses by itself. It arrives when its last packet does, and is lost with any of them;
      the first that is lost says why. What is left of a message has used the link all the same: overload
      does not thin a stream, it destroys it.
    - Where a packet finds no room in the queue, the rest of its datagram is not tried any more, as Linux does
      where the queue is that of the sender's own interface (ip_do_fragment in net/ipv4/ip_output.c).
    - The profile's `duplicate` doubles whole messages, as a relay or a second path does: then each packet
      comes twice, and the copy is there when its last packet is. Single packets are not doubled: IP discards
      the copy of a fragment, and a datagram of n packets would come twice once in duplicate^n.

    Attributes:
        lost: messages by reason.
        carried: bytes on the wire that the queue took, those of messages that were lost later included.
    """

    def __init__(self, link: LinkEmulator) -> None:
        self._link = link
        self.lost: Counter[str] = Counter()
        self.carried = 0

    def send(self, now: float, size: int) -> Fate:
        """Put a message of `size` bytes on the link; `now`, s since the schedule began, never goes back."""
        at, again, reason = now, now, None
        twice = self._link.doubles()
        for packets in datagrams(size):
            for packet in packets:
                outcome = self._link.offer(now, packet, twice)
                if not isinstance(outcome, Drop):
                    at, again = max(at, outcome.at), max(again, outcome.again or outcome.at)
                else:
                    reason = reason or outcome.reason
                    if outcome.reason == "queue":
                        break
                self.carried += packet
        if reason is not None:
            self.lost[reason] += 1
            return Fate((), reason)
        return Fate(tuple(time for time in (at, again)[: 1 + twice] if math.isfinite(time)), None)

    def used(self, now: float) -> int:
        """Bytes on the wire that the link has carried until `now`."""
        return self.carried - self._link.queued_bytes(now)
