import struct

import numpy as np
import pytest

from edgesr_ros.codecs.avif_header import avif_size, avif_whole
from edgesr_ros.codecs.stills import encode


@pytest.fixture
def data():
    return encode(np.random.default_rng(6).integers(0, 256, (48, 65, 3), np.uint8), "avif", 60)


@pytest.mark.parametrize("size", [(1, 1), (3, 700), (257, 2), (640, 480)])
@pytest.mark.parametrize("grey", [False, True])
def test_size_and_end_of_real_files(size, grey):
    image = np.random.default_rng(6).integers(0, 256, (size[1], size[0], 3), np.uint8)
    data = encode(image[:, :, 0] if grey else image, "avif", 60)
    assert avif_size(data) == size
    assert avif_whole(data)
    assert avif_whole(data + bytes(20))
    assert not avif_whole(data[:-1])


def change(data, kind, at, value):
    """The file with other bytes so far into the contents of a box."""
    place = data.index(kind) + 4 + at
    return data[:place] + value + data[place + len(value) :]


@pytest.mark.parametrize(
    ("kind", "at", "value"),
    [
        (b"ispe", 4, struct.pack(">I", 66)),  # the stream says 65
        (b"ispe", 8, struct.pack(">I", 4)),
        (b"ispe", -4, b"free"),  # no size
        (b"pixi", -4, b"ispe"),  # two sizes
        (b"meta", -8, struct.pack(">I", 0)),
        (b"meta", -8, struct.pack(">I", 1)),
        (b"meta", -8, struct.pack(">I", 4)),
        (b"meta", -4, b"moov"),
        (b"mdat", -4, b"moov"),
        (b"iprp", -4, b"free"),
        (b"iloc", -4, b"free"),
        (b"iloc", 0, b"\1"),  # version
        (b"iloc", 4, b"\x88"),  # fields of 8 bytes
        (b"iloc", 7, b"\2"),  # items
        (b"iloc", 13, b"\2"),  # extents
        (b"iloc", 17, b"\x20"),  # the picture lies elsewhere
        (b"iloc", 20, b"\x7f"),  # and goes on after the end
        (b"mdat", 0, b"\x92"),  # a unit that is forbidden
        (b"mdat", 0, b"\x16"),  # layers
        (b"mdat", 0, b"\x10"),  # a unit without a size
        (b"mdat", 2, b"\x12"),  # no sequence header
        (b"mdat", 4, b"\x00"),  # that of a video
        (b"mdat", 3, b"\xff\xff\xff\xff\xff\xff"),  # a size without an end
    ],
)
def test_what_is_not_plain_or_contradicts_itself_is_refused(data, kind, at, value):
    assert avif_size(data) == (65, 48)
    with pytest.raises((ValueError, IndexError)):
        avif_size(change(data, kind, at, value))


def test_a_second_sequence_header_of_another_size_is_refused():
    first, second = (encode(np.zeros(shape, np.uint8), "avif", 60) for shape in ((48, 65, 3), (480, 650, 3)))
    stream = second[second.index(b"mdat") + 4 :]
    joined = first + stream
    place = joined.index(b"mdat") - 4
    joined = change(joined, b"mdat", -8, struct.pack(">I", len(joined) - place))
    joined = change(joined, b"iloc", 18, struct.pack(">I", len(joined) - place - 8))
    with pytest.raises(ValueError):
        avif_size(joined)


def test_a_file_cut_short_anywhere_in_its_header_is_refused(data):
    for length in range(data.index(b"mdat") + 15):
        with pytest.raises((ValueError, IndexError)):
            avif_size(data[:length])
