import cv2
import numpy as np
import pytest

from edgesr_ros.codecs.av1 import Av1Encoder
from edgesr_ros.codecs.decoder import FrameDecoder
from edgesr_ros.codecs.format import FrameFormat
from edgesr_ros.codecs.frame_number import RecoveringError
from edgesr_ros.codecs.h264 import H264Encoder
from edgesr_ros.codecs.stills import encode
from edgesr_ros.errors import InputError


def form(codec, width=64, height=48, encoding="rgb8"):
    return FrameFormat(encoding=encoding, codec=codec, full_width=width, full_height=height).text()


def test_a_frame_that_stands_alone_says_by_how_much_it_was_reduced(picture):
    received = FrameDecoder().decode(encode(picture[:12, :16], "png", 90), form("png"))
    np.testing.assert_array_equal(received.picture, picture[:12, :16])
    assert (received.factor, received.format.codec) == (4, "png")


def test_a_format_without_a_size_means_full_size(picture):
    received = FrameDecoder().decode(encode(picture, "jpeg", 90), "jpeg")
    assert (received.factor, received.format.full_width, received.format.full_height) == (1, 64, 48)


def test_a_stream_is_decoded_frame_by_frame_and_waits_after_a_loss(picture):
    soft = cv2.GaussianBlur(picture, (0, 0), 3)
    encoder, decoder = H264Encoder(64, 48, 20, refresh_frames=4), FrameDecoder()
    packets = [encoder.encode(np.roll(soft, i, axis=1)) for i in range(20)]
    first = decoder.decode(packets[0], form("h264", 128, 96))
    assert first.factor == 2
    assert np.abs(first.picture.astype(int) - soft).mean() < 6
    with pytest.raises(RecoveringError):
        decoder.decode(packets[2], form("h264"))
    # A still in between belongs to nobody's stream.
    decoder.decode(encode(picture, "webp", 90), form("webp"))
    shown = []
    for i in range(3, 20):
        try:
            shown.append((i, decoder.decode(packets[i], form("h264")).picture))
        except RecoveringError:
            assert not shown
    assert shown
    for i, found in shown:
        assert np.abs(found.astype(int) - np.roll(soft, i, axis=1)).mean() < 6


@pytest.mark.usefixtures("svt")
def test_streams_of_two_codecs_are_kept_apart(picture):
    h264, av1, decoder = H264Encoder(64, 48, 20), Av1Encoder(64, 48, 80), FrameDecoder()
    for _ in range(4):
        for codec, encoder in (("h264", h264), ("av1", av1)):
            received = decoder.decode(encoder.encode(picture), form(codec))
            assert received.format.codec == codec
            assert np.abs(received.picture.astype(int) - picture).mean() < 12


@pytest.mark.parametrize(
    ("data", "text", "expected"),
    [
        (None, form("png", 640, 480), "reduction of both sides"),
        (None, "png; full=640", "format is 'png; full=640', expected a full size"),
        (b"II*\0 a TIFF", "tiff", "begin with .* expected a WebP, JPEG, PNG or AVIF file"),
    ],
)
def test_what_does_not_fit_is_one_line(picture, data, text, expected):
    with pytest.raises(InputError, match=expected) as caught:
        FrameDecoder().decode(data or encode(picture[:5, :7], "png", 90), text)
    assert "\n" not in str(caught.value)
