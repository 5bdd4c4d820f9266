import pytest

from edgesr_ros.codecs.h264_trailer import Trailer
from edgesr_ros.errors import InputError

_LAST = 2**21 - 1


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300_000, _LAST])
@pytest.mark.parametrize("swept", [False, True])
@pytest.mark.parametrize("odd", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_it_is_read_back(number, odd, swept):
    trailer = Trailer(number, *odd, swept)
    data = b"packet" + trailer.to_bytes()
    assert len(data) == 6 + 8
    assert Trailer.of(data) == trailer


def test_it_is_a_nal_unit_for_applications():
    head, body = Trailer(0, 0, 0, True).to_bytes()[:4], Trailer(0, 0, 0, True).to_bytes()[4:]
    assert head[:3] == b"\0\0\1"
    assert head[3] & 0x1F == 24
    assert all(byte >= 0x80 for byte in body)  # so that no start code appears in it


@pytest.mark.parametrize(
    "data", [b"", b"\0\0\1\x18", b"\0\0\1\x18\x80\x80\x80", b"\0\0\1\x19\x80\x80\x80\x80"]
)
def test_others_are_refused(data):
    with pytest.raises(
        InputError, match=rf"packet of {len(data)} bytes is cut short, or has no frame number"
    ):
        Trailer.of(data)
