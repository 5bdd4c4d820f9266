"""Messages as they come, some of them lost, late or twice → whole frames."""

from collections import OrderedDict, deque
from typing import NamedTuple

from edgesr_ros.codecs.format import STREAMS, FrameFormat, named_codec
from edgesr_ros.codecs.parity import Group, block_of, message_of, restore
from edgesr_ros.codecs.parts import Message, Part
from edgesr_ros.errors import InputError

_FRAMES = 64  # whose messages are kept
_BYTES = 8_000_000  # of all of them
_WHOLE = 256  # numbers of frames that were whole


class Known(NamedTuple):
    """What has come of a frame.

    Attributes:
        number: of the frame.
        parts: which of its messages, from 0.
        total: of all its messages.
    """

    number: int
    parts: frozenset[int]
    total: int


class Assembly:
    """Puts the frames of a stream together; what is no part of any is a frame already.

    Attributes:
        repaired: messages that were made from parity so far.
        last: what had come of the frame that the last message is of; None: it was parity, or not numbered.
    """

    def __init__(self) -> None:
        self.repaired = 0
        self.last: Known | None = None
        self._messages: OrderedDict[int, dict[int, Message]] = OrderedDict()  # by number and part
        self._counts: dict[int, int] = {}
        self._size = 0
        self._parity: OrderedDict[int, tuple[Group, dict[int, bytes]]] = OrderedDict()  # by first frame
        self._whole: deque[int] = deque(maxlen=_WHOLE)

    def take(self, message: Message) -> list[Message]:
        """The frames that are whole now, in the order of their numbers.

        Raises:
            InputError: what was put together is damaged.
        """
        self.last = None
        if (group := Group.of(message.format)) is not None:
            _, blocks = self._parity.setdefault(group.first, (group, {}))
            blocks[group.place] = message.data
            while len(self._parity) > _FRAMES:
                self._parity.popitem(last=False)
            return self._repair([])
        part = Part.of(message.format)
        if part is not None:
            return self._repair(self._keep(part, message))
        if named_codec(message.format) not in STREAMS:
            return [message]
        number = FrameFormat.parse(message.format, 1, 1).number
        if number is None:
            return [message]
        # Even if it came before: who counts must see it twice.
        self._keep(Part(number, 0, 1), message)
        return self._repair([message])

    def _keep(self, part: Part, message: Message) -> list[Message]:
        """The frame that this message makes whole, if it does."""
        number, index, count = part
        if number in self._counts and self._counts[number] != count:
            self._forget(number)  # another robot's
        messages = self._messages.setdefault(number, {})
        self._counts[number] = count
        if index not in messages:
            messages[index] = message
            self._size += message.size
        self.last = Known(number, frozenset(messages), count)
        while len(self._messages) > _FRAMES or (self._size > _BYTES and len(self._messages) > 1):
            self._forget(next(iter(self._messages)))
        if len(messages) < count or number in self._whole:
            return []
        self._whole.append(number)
        if count == 1:
            return [message]
        return [Message.unpack(b"".join(messages[index].data for index in range(count)))]

    def _forget(self, number: int) -> None:
        self._size -= sum(message.size for message in self._messages.pop(number).values())
        del self._counts[number]

    def _repair(self, whole: list[Message]) -> list[Message]:
        """`whole` frames, and those that parity makes so; errors only where there is none."""
        problem = None
        for first, (group, blocks) in list(self._parity.items()):
            there = [self._messages.get(number, {}).get(index) for number, index in group.covered]
            lost = there.count(None)
            if lost > len(blocks):
                continue
            del self._parity[first]
            if not lost:
                continue
            try:
                whole += self._made(group, there, blocks)
            except InputError as error:
                problem = error
        if problem is not None and not whole:
            raise problem
        return whole

    def _made(self, group: Group, there: list[Message | None], blocks: dict[int, bytes]) -> list[Message]:
        """The frames that are whole by the messages of a group that are not there; errors as `take`."""
        made = restore([None if message is None else block_of(message) for message in there], blocks)
        assert made is not None
        whole: list[Message] = []
        for (number, index), message, packed in zip(group.covered, there, made, strict=True):
            if message is None:
                self.repaired += 1
                part = Part(number, index, group.parts[number - group.first])
                whole += self._keep(part, message_of(packed, part))
        return whole


def is_fragment(text: str) -> bool:
    """Whether a CompressedImage's format is of a part of a frame, or of parity."""
    return Part.of(text) is not None or Group.of(text) is not None
