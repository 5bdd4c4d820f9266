"""Parity over messages: any m that were lost are made again from m of parity and all others.

A systematic Reed-Solomon code over GF(256), as RFC 5510 has it, of a Cauchy matrix whose columns are scaled
so that the first row is all ones: the first message of parity is the XOR of all, as in RFC 5109 and 8627.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from edgesr_ros.codecs.parts import MOST_PARTS, Message, Part
from edgesr_ros.errors import InputError

MOST_COVERED = 64  # messages
MOST_PARITY = 8  # messages

_POLYNOMIAL = 0x11D  # of GF(256), primitive
_LENGTH_BYTES = 4
_FORMAT = re.compile(r"parity (\d{1,2})/(\d{1,2}) frames_n(\d{1,19}); parts=(\d{1,3}(?:,\d{1,3}){0,63})")


def _tables() -> tuple[np.ndarray, np.ndarray]:
    """(256, 256) products, and (256,) inverses, of which the one of 0 means nothing; uint8."""
    powers = [1]
    for _ in range(254):
        doubled = powers[-1] << 1
        powers.append(doubled ^ _POLYNOMIAL if doubled & 256 else doubled)
    exponents = np.zeros(256, int)
    exponents[powers] = np.arange(255)
    power = np.array(powers, np.uint8)
    products = power[(exponents[:, None] + exponents) % 255]
    products[0] = products[:, 0] = 0
    return products, power[-exponents % 255]


_PRODUCT, _INVERSE = _tables()


class Group(NamedTuple):
    """What a message of parity covers.

    Attributes:
        place: of this message of parity, from 0.
        total: of all that there are over these frames.
        first: number of the first frame; each one is 1 more than the one before.
        parts: messages of each frame.
    """

    place: int
    total: int
    first: int
    parts: tuple[int, ...]

    @property
    def text(self) -> str:
        """The message's format, for example `parity 1/2 frames_n41; parts=1,1,3,1`."""
        parts = ",".join(map(str, self.parts))
        return f"parity {self.place + 1}/{self.total} frames_n{self.first}; parts={parts}"

    @property
    def covered(self) -> list[tuple[int, int]]:
        """Number of the frame, and which of its messages, of all that are covered."""
        return [
            (self.first + frame, place) for frame, parts in enumerate(self.parts) for place in range(parts)
        ]

    @staticmethod
    def of(text: str) -> "Group | None":
        """What a format says; None: the message is no parity."""
        found = _FORMAT.fullmatch(text)
        if found is None:
            return None
        place, total, first = (int(group) for group in found.groups()[:3])
        parts = tuple(map(int, found[4].split(",")))
        good = 1 <= place <= total <= MOST_PARITY and sum(parts) <= MOST_COVERED
        return Group(place - 1, total, first, parts) if good and 0 < min(parts) <= MOST_PARTS else None


def protect(first: int, frames: Sequence[Sequence[Message]], count: int, stamp_ns: int) -> list[Message]:
    """Messages of parity over those of some frames.

    Args:
        first: number of the first frame.
        frames: of each the messages that carry it; 64 at most of all.
        count: 1..8.
        stamp_ns: of the headers.
    """
    parts = tuple(len(messages) for messages in frames)
    blocks = [block_of(message) for messages in frames for message in messages]
    return [
        Message(stamp_ns, Group(index, count, first, parts).text, parity)
        for index, parity in enumerate(parity_of(blocks, count))
    ]


def block_of(message: Message) -> bytes:
    """What parity is over: of a part only the data, as the rest is known."""
    return message.pack() if Part.of(message.format) is None else message.data


def message_of(block: bytes, part: Part) -> Message:
    """The inverse of `block_of`, of a message that is this part; errors as `Message.unpack`."""
    return Message.unpack(block) if part.total == 1 else Message(0, part.text, block)


def parity_of(blocks: Sequence[bytes], count: int) -> list[bytes]:
    """`count` blocks of parity, each 4 bytes longer than the longest of `blocks`."""
    rows = _filled(blocks, max(map(len, blocks)) + _LENGTH_BYTES)
    matrix = _matrix(len(blocks), count)
    return [_combined(factors, rows).tobytes() for factors in matrix]


def restore(blocks: Sequence[bytes | None], parity: Mapping[int, bytes]) -> list[bytes] | None:
    """All blocks again, of which those that are None were lost; None: more of them than of `parity`.

    Args:
        blocks: in their order.
        parity: blocks of parity by their index.

    Raises:
        InputError: they do not belong together.
    """
    lost = [index for index, block in enumerate(blocks) if block is None]
    if len(lost) > len(parity):
        return None
    used = sorted(parity)[: len(lost)]
    lengths = {len(parity[index]) for index in used}
    length = max(lengths, default=0)
    known = [block or b"" for block in blocks]
    if len(lengths) > 1 or (lost and max(map(len, known)) + _LENGTH_BYTES > length):
        raise InputError(f"parity of {length} bytes does not fit the messages that it is over")
    rows = _filled(known, length) if lost else np.zeros((0, 0), np.uint8)
    if lost:
        rows[lost] = 0
    matrix = _matrix(len(blocks), MOST_PARITY)[used]
    left = [
        np.frombuffer(parity[index], np.uint8) ^ _combined(factors, rows)
        for index, factors in zip(used, matrix, strict=True)
    ]
    made = _solved(matrix[:, lost], left)
    result = list(known)
    for index, row in zip(lost, made, strict=True):
        size = int.from_bytes(row[:_LENGTH_BYTES].tobytes(), "big")
        if size > length - _LENGTH_BYTES:
            raise InputError(f"parity of {length} bytes does not fit the messages that it is over")
        result[index] = row[_LENGTH_BYTES : _LENGTH_BYTES + size].tobytes()
    return result


def _matrix(covered: int, count: int) -> np.ndarray:
    """(count, covered) uint8, of which every square part can be inverted; its first row is all ones."""
    columns = np.arange(covered)
    rows = MOST_COVERED + np.arange(count)[:, None]
    return _PRODUCT[_INVERSE[rows ^ columns], rows[0] ^ columns]


def _filled(blocks: Sequence[bytes], length: int) -> np.ndarray:
    """(blocks, length) uint8: each after its length, and before zeros."""
    rows = np.zeros((len(blocks), length), np.uint8)
    for row, block in zip(rows, blocks, strict=True):
        headed = len(block).to_bytes(_LENGTH_BYTES, "big") + block
        row[: len(headed)] = np.frombuffer(headed, np.uint8)
    return rows


def _combined(factors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The sum of all rows times their factors; in GF(256) sums are XOR."""
    if (factors == 1).all():
        return np.bitwise_xor.reduce(rows, axis=0)
    return np.bitwise_xor.reduce(_PRODUCT[factors[:, None], rows], axis=0)


def _solved(matrix: np.ndarray, right: list[np.ndarray]) -> list[np.ndarray]:
    """The rows x of matrix · x = right; Gauss and Jordan, no pivot of a Cauchy matrix is 0."""
    matrix, right = matrix.copy(), list(right)
    for place in range(len(matrix)):
        factor = _INVERSE[matrix[place, place]]
        matrix[place], right[place] = _PRODUCT[factor, matrix[place]], _PRODUCT[factor, right[place]]
        for other in range(len(matrix)):
            if other != place and (factor := matrix[other, place]):
                matrix[other] ^= _PRODUCT[factor, matrix[place]]
                right[other] = right[other] ^ _PRODUCT[factor, right[place]]
    return right
