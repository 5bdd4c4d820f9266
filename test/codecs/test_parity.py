import itertools

import numpy as np
import pytest

from edgesr_ros.codecs.format import named_codec
from edgesr_ros.codecs.parity import Group, parity_of, protect, restore
from edgesr_ros.codecs.parts import Message
from edgesr_ros.errors import InputError


def blocks_of(count, seed=0):
    """Of different lengths, an empty one among them."""
    rng = np.random.default_rng(seed)
    return [rng.bytes(int(size)) for size in [0, *rng.integers(1, 300, count - 1)]]


@pytest.mark.parametrize(("covered", "count"), [(1, 1), (4, 1), (4, 2), (6, 3), (5, 4)])
def test_any_so_many_messages_are_made_again_from_any_so_many_of_parity(covered, count):
    blocks = blocks_of(covered)
    parity = dict(enumerate(parity_of(blocks, count)))
    tried = 0
    for lost in range(count + 1):
        for gone in itertools.combinations(range(covered), min(lost, covered)):
            for kept in itertools.combinations(range(count), len(gone)):
                there = [None if index in gone else block for index, block in enumerate(blocks)]
                assert restore(there, {index: parity[index] for index in kept}) == blocks
                tried += 1
    assert tried > count


def test_64_messages_and_8_of_parity():
    rng = np.random.default_rng(1)
    blocks = blocks_of(64)
    parity = dict(enumerate(parity_of(blocks, 8)))
    for _ in range(20):
        gone = set(rng.choice(64, 8, replace=False).tolist())
        assert restore([None if i in gone else block for i, block in enumerate(blocks)], parity) == blocks


def test_the_first_is_the_exclusive_or_of_all():
    blocks = blocks_of(3)
    length = max(map(len, blocks))
    padded = [len(block).to_bytes(4, "big") + block.ljust(length, b"\0") for block in blocks]
    total = bytes(a ^ b ^ c for a, b, c in zip(*padded, strict=True))
    assert parity_of(blocks, 2)[0] == total


def test_more_losses_than_parity_give_nothing():
    blocks = blocks_of(4)
    parity = dict(enumerate(parity_of(blocks, 2)))
    assert restore([None, None, None, blocks[3]], parity) is None
    assert restore([None, *blocks[1:]], {}) is None


def test_what_does_not_belong_together_is_refused():
    blocks = blocks_of(4)
    parity = parity_of(blocks, 2)
    with pytest.raises(InputError, match="does not fit"):
        restore([None, None, *blocks[2:]], {0: parity[0], 1: parity[1][:-1]})
    with pytest.raises(InputError, match="does not fit"):
        restore([None, *blocks[1:3], bytes(400)], {0: parity[0]})
    with pytest.raises(InputError, match="does not fit"):
        restore([blocks[0], None, *blocks[2:]], {0: b"\xff" * len(parity[0])})


def test_it_says_what_it_is_over():
    frames = [[Message(5, "a", b"1")], [Message(6, "b", b"2"), Message(6, "c", b"3")]]
    first, second = protect(41, frames, 2, 7)
    assert (first.format, first.stamp_ns) == ("parity 1/2 frames_n41; parts=1,2", 7)
    assert Group.of(second.format) == Group(1, 2, 41, (1, 2))
    assert Group(1, 2, 41, (1, 2)).covered == [(41, 0), (42, 0), (42, 1)]
    assert named_codec(first.format) is None


@pytest.mark.parametrize(
    "text",
    [
        "rgb8; webp compressed bgr8_n4; full=64x64",
        "parity 3/2 frames_n1; parts=1",
        "parity 0/2 frames_n1; parts=1",
        "parity 1/9 frames_n1; parts=1",
        "parity 1/2 frames_n1; parts=0,1",
        "parity 1/2 frames_n1; parts=60,5",
        "parity 1/2 frames_n1; parts=",
        "parity 1/2 frames_n1; parts=1,1 ",
    ],
)
def test_other_formats_are_no_parity(text):
    assert Group.of(text) is None
