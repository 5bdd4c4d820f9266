import numpy as np
import pytest

from edgesr_ros.codecs.assembly import Assembly, is_fragment
from edgesr_ros.codecs.format import FrameFormat
from edgesr_ros.codecs.parity import protect
from edgesr_ros.codecs.parts import Message, Part, split
from edgesr_ros.ends.ground import Ground
from edgesr_ros.errors import InputError


def frame(number, size, codec="av1"):
    form = FrameFormat(encoding="rgb8", codec=codec, full_width=64, full_height=48, number=number)
    return Message(1000 + number, form.text(), np.random.default_rng(number).bytes(size))


@pytest.mark.parametrize("size", [1, 199, 200, 5000])
def test_parts_are_small_enough_and_make_the_frame_in_any_order(size):
    whole = frame(7, size)
    parts = split(whole, 7, 250)
    assert max(part.size for part in parts) <= 250
    assert len(parts) == 1 or all(is_fragment(part.format) for part in parts)
    rng = np.random.default_rng(0)
    assembly, made = Assembly(), []
    for place in rng.permutation(len(parts)):
        made += assembly.take(parts[place])
    assert made == [whole]
    if len(parts) > 1:
        assert assembly.last.total == len(parts)
        assert assembly.take(parts[0]) == []  # once again


def test_a_frame_of_too_many_parts_stays_whole():
    whole = frame(7, 30_000)
    assert split(whole, 7, 100) == [whole]
    assert split(whole, 7, 20) == [whole]


def test_a_part_says_which():
    text = split(frame(41, 500), 41, 250)[1].format
    assert text == "part 2/3 frame_n41"
    assert Part.of(text) == Part(41, 1, 3)
    for other in ("part 0/3 frame_n41", "part 4/3 frame_n41", "part 1/256 frame_n41", "part 1/2", "x" + text):
        assert Part.of(other) is None


def test_older_ground_stations_refuse_parts_and_parity_in_one_line():
    parts = split(frame(41, 500), 41, 250)
    for message in (parts[0], protect(41, [parts], 1, 0)[0]):
        with pytest.raises(InputError, match="expected one of webp") as error:
            FrameFormat.parse(message.format, 1, 1)  # as all of them begin
        assert "\n" not in str(error.value)


def test_parity_makes_up_for_whole_frames_and_parts():
    frames = [
        split(frame(number, size), number, 400) for number, size in ((1, 100), (2, 900), (3, 100), (4, 2))
    ]
    parity = protect(1, frames, 2, 0)
    for lost in ((0, 2), (1, 2), (3, 4), (1, 5)):
        assembly, made = Assembly(), []
        messages = [message for group in frames for message in group]
        for place, message in enumerate(messages):
            if place not in lost:
                made += assembly.take(message)
        for message in parity:
            made += assembly.take(message)
        assert sorted(made) == sorted(
            frame(number, size) for number, size in ((1, 100), (2, 900), (3, 100), (4, 2))
        )
        assert assembly.repaired == 2


def test_what_comes_after_its_parity_helps_it():
    frames = [[frame(number, 100)] for number in range(4)]
    (parity,) = protect(0, frames, 1, 0)
    assembly = Assembly()
    made = assembly.take(parity)
    for (message,) in frames[1:]:
        made += assembly.take(message)
    assert sorted(made) == sorted(message for (message,) in frames)


def test_parity_of_other_messages_costs_no_frame_that_came():
    (parity,) = protect(0, [[frame(0, 100)], split(frame(1, 500), 1, 250)], 1, 0)
    assembly = Assembly()
    assert assembly.take(parity._replace(data=parity.data[:50])) == []
    *first, last = split(frame(1, 500), 1, 250)
    for part in first:
        assert assembly.take(part) == []
    assert assembly.take(last) == [frame(1, 500)]
    with pytest.raises(InputError, match="parity of 50 bytes does not fit"):
        assembly.take(parity._replace(data=parity.data[:50]))


def test_losses_at_random_leave_what_is_left():
    """What comes out are frames that went in, each at least once if all of it came, and nothing else."""
    rng = np.random.default_rng(5)
    assembly, made, sent = Assembly(), [], {}
    for first in range(0, 400, 4):
        group = []
        for number in range(first, first + 4):
            sent[number] = frame(number, int(rng.integers(1, 1500)))
            group.append(split(sent[number], number, 500))
        messages = [message for parts in group for message in parts] + protect(first, group, 2, 0)
        for message in messages:
            if rng.random() > 0.1:
                made += assembly.take(message)
    assert set(made) <= set(sent.values())
    assert len(set(made)) > 0.9 * len(sent)
    assert assembly.repaired > 20


def test_nonsense_is_bounded_and_harmless():
    rng = np.random.default_rng(6)
    ground = Ground()
    for _ in range(3000):
        number, total = int(rng.integers(0, 1 << 40)), int(rng.integers(1, 256))
        texts = (
            Part(number, int(rng.integers(0, total)), total).text,
            f"parity 1/1 frames_n{number}; parts=1,1",
            "part 1/1 frame_n5",
        )
        try:
            received = ground.decode(0, rng.bytes(2000), texts[int(rng.integers(0, 3))])
        except InputError:
            continue
        assert received is None
        ground.arrived(0, 0, received)
    kept = sum(len(parts) for parts in ground._assembly._messages.values())
    assert kept <= 64
    assert len(ground._assembly._parity) <= 64
