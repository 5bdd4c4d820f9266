"""The messages that carry frames: split, protected by parity, kept to be sent again."""

import threading
from collections import OrderedDict

from edgesr_ros.codecs.format import STREAMS, FrameFormat
from edgesr_ros.codecs.parity import MOST_COVERED, protect
from edgesr_ros.codecs.parts import Message, split
from edgesr_ros.codecs.streams import STREAM_CODECS
from edgesr_ros.control.repair import STORE_EVERY, Repair
from edgesr_ros.control.report import ArrivalReport
from edgesr_ros.ladder.stream import References

PACKET_BYTES = 1200  # of a UDP datagram that a packet takes on any path, tunnels included

# Bytes of RTPS (72) and of a CompressedImage beside data and format, with a frame_id of up to 16 characters,
# and by which a message of parity is larger than those that it is over.
_HEADERS = 145
_KEPT = 90  # frames
_GROUP_SECONDS = 0.15  # that parity waits for the frames that it is over
_GAIN = 1 / 8  # weight of a group in the share of parity


class Outbox:
    """What was sent of late, as messages; decides by reports what is sent again.

    Time is in seconds. May be used from several threads.

    Attributes:
        parity_share: of the bytes sent.
    """

    def __init__(self) -> None:
        self._repair = Repair()
        self._lock = threading.RLock()
        self._messages: OrderedDict[int, list[Message]] = OrderedDict()  # by number of their frame
        self._numbers: OrderedDict[int, int] = OrderedDict()  # of frames, by those of their codec
        self._group: list[list[Message]] = []  # the newest frames, that no parity is over yet
        self._group_since = 0.0
        self._again: list[tuple[int, Message]] = []  # with the number of its frame
        self.parity_share = 0.0

    def references(self, number: int) -> References:
        """What the next frame, of this number, is to build on, and whether later ones may on it."""
        repair = self._repair
        with self._lock:
            acknowledged = next(
                (codecs for codecs, known in self._numbers.items() if known == repair.acknowledged), None
            )
            store = repair.reported and number % STORE_EVERY == 0
            return References(repair.recover, repair.key, store, acknowledged)

    def put(
        self, now: float, stamp_ns: int, form: FrameFormat, data: bytes, most: int
    ) -> tuple[list[Message], list[Message]]:
        """A frame goes out now: as which messages, and what parity over it and those before follows them.

        `most` bytes are in the datagram of a message; 0: as losses ask for it.
        """
        whole = Message(stamp_ns, form.text(), data)
        number = form.number
        if number is None or form.codec not in STREAMS:
            return (split(whole, number, most - _HEADERS) if most and number is not None else [whole]), []
        with self._lock:
            limit = most or (PACKET_BYTES if self._repair.parts else 0)
            messages = split(whole, number, limit - _HEADERS) if limit else [whole]
            packet = STREAM_CODECS[form.codec].dependence(data)
            base = None if packet.base is None else self._numbers.get(packet.base)
            self._numbers[packet.number] = number
            self._messages[number] = messages
            size = sum(message.size for message in messages)
            self._repair.sent(now, number, base, packet.stored, len(messages), size)
            for known in (self._messages, self._numbers):
                while len(known) > _KEPT:
                    known.popitem(last=False)
            return messages, self._parity(now, number, stamp_ns)

    def _parity(self, now: float, number: int, stamp_ns: int) -> list[Message]:
        """What follows the frame of this number: parity, where a group is complete and it is of use."""
        if not self._group:
            self._group_since = now
        self._group.append(self._messages[number])
        if len(self._group) < self._repair.group and now - self._group_since < _GROUP_SECONDS:
            return []
        group, self._group = self._group, []
        covered = sum(map(len, group))
        count = self._repair.parity(covered)
        parity: list[Message] = []
        first = number - len(group) + 1
        if count and covered <= MOST_COVERED and self._messages.keys() >= set(range(first, number)):
            parity = protect(first, group, count, stamp_ns)
        self._repair.closed(first, number, len(parity))
        more = sum(message.size for message in parity)
        share = more / (more + sum(message.size for messages in group for message in messages))
        self.parity_share += _GAIN * (share - self.parity_share) if count else -self.parity_share
        return parity

    def told(self, now: float, report: ArrivalReport, round_trip: float | None, lost: bool) -> None:
        """A report came; arguments as of `Repair.told`. `again` gives what it asks for."""
        with self._lock:
            for number, parts in self._repair.told(now, report, round_trip, lost):
                messages = self._messages.get(number, [])
                which = [part for part in parts or range(len(messages)) if part < len(messages)]
                self._again += [(number, messages[part]) for part in which] * self._repair.copies

    def again(self) -> list[tuple[int, Message]]:
        """What is to be sent again at once, each with the number of its frame."""
        with self._lock:
            again, self._again = self._again, []
            return again
