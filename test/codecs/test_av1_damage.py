"""What anybody may send: no crash, no picture that was not sent, no memory beyond the limit."""

import resource

import cv2
import numpy as np
import pytest

from edgesr_ros.codecs.av1 import Av1Encoder
from edgesr_ros.codecs.av1_decoder import Av1Decoder
from edgesr_ros.codecs.av1_trailer import SIZE, Av1Trailer
from edgesr_ros.codecs.frame_number import RecoveringError
from edgesr_ros.errors import InputError


@pytest.fixture(scope="module")
def packets(svt, drive):  # noqa: ARG001 (a module cannot have its fixtures by a mark)
    encoder = Av1Encoder(160, 120, frame_bytes=300)
    made = [encoder.encode(cv2.resize(frame, (160, 120))) for frame in drive[:40]]
    encoder.close()
    return made


def test_a_packet_cut_short_or_changed_anywhere_is_refused_and_does_no_harm(packets):
    decoder = Av1Decoder()
    decoder.decode(packets[0])
    for length in range(len(packets[1])):
        with pytest.raises(InputError, match=r"cut short|checksum"):
            decoder.decode(packets[1][:length])
    for place in range(len(packets[1])):
        changed = bytearray(packets[1])
        changed[place] ^= 0x10
        with pytest.raises(InputError, match=r"cut short|checksum"):
            decoder.decode(bytes(changed))
    fresh = Av1Decoder()
    fresh.decode(packets[0])
    np.testing.assert_array_equal(decoder.decode(packets[1]), fresh.decode(packets[1]))


@pytest.mark.parametrize("data", [b"", b"\0", b"hello" * 100, bytes(1000), b"\x12\0"])
def test_other_bytes_are_refused(data):
    with pytest.raises(InputError, match=f"packet of {len(data)} bytes is cut short, or has no frame number"):
        Av1Decoder().decode(data)


def forged(packet, side):
    """The key frame with a sequence header that claims a square of this side, up to 65536."""
    # profile, still, reduced, timing, delay, points; operating point; level; sizes of 16 bits each
    bits = f"{0:07b}{0:05b}{0:012b}{8:05b}0{15:04b}{15:04b}{side - 1:016b}{side - 1:016b}"
    rest = packet[2:-SIZE]
    header = int(bits.ljust(80, "0"), 2).to_bytes(10, "big")
    size = rest[1]
    data = b"\x12\0" + bytes([rest[0], len(header)]) + header + rest[2 + size :]
    return data + Av1Trailer(0, 0, False, False, 0, 0).to_bytes(data)


@pytest.mark.parametrize("side", [4097, 16384, 65536])
def test_a_forged_size_is_refused_before_anything_is_allocated(packets, side):
    decoder = Av1Decoder()
    decoder.decode(packets[0])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match=f"header claims {side}x{side}, expected one of at most 16777216"):
        decoder.decode(forged(packets[0], side))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # kB
    decoder.decode(packets[1])


def test_a_picture_above_the_limit_is_refused(packets):
    assert Av1Decoder(max_pixels=160 * 128).decode(packets[0]).shape == (120, 160, 3)  # padding included
    with pytest.raises(InputError, match="header claims 160x128") as caught:
        Av1Decoder(max_pixels=160 * 127).decode(packets[0])
    assert not isinstance(caught.value, RecoveringError)


def test_a_picture_that_is_nothing_but_padding_is_refused(packets):
    decoder = Av1Decoder()
    data = packets[0][:-SIZE]
    small = forged(packets[0], 48)[:-SIZE]
    for right, bottom in ((48, 0), (0, 63)):
        with pytest.raises(InputError, match="nothing but padding"):
            decoder.decode(small + Av1Trailer(0, 0, False, False, right, bottom).to_bytes(small))
    assert decoder.decode(data + Av1Trailer(0, 0, False, False, 63, 63).to_bytes(data)).shape == (65, 97, 3)


def test_a_forged_number_costs_the_frames_until_the_next_key_frame_only(packets):
    decoder = Av1Decoder()
    for packet in packets[:5]:
        decoder.decode(packet)
    data = packets[5][:-SIZE]
    with pytest.raises(RecoveringError):
        decoder.decode(data + Av1Trailer(9000, 1, False, False, 0, 0).to_bytes(data))
    decoder.decode(packets[5])
    with pytest.raises(InputError, match="key frame or not"):
        decoder.decode(data + Av1Trailer(6, 0, False, False, 0, 0).to_bytes(data))
    decoder.decode(packets[6])
