import av
import numpy as np
import pytest
from packets import shown_by

from edgesr_ros.codecs.av1 import Av1Encoder
from edgesr_ros.codecs.av1_decoder import Av1Decoder
from edgesr_ros.codecs.av1_trailer import SIZE, Av1Trailer
from edgesr_ros.codecs.frame_number import RecoveringError
from edgesr_ros.codecs.machine import ANY
from edgesr_ros.errors import InputError

pytestmark = pytest.mark.usefixtures("svt")


def packets_of(frames, **settings):
    height, width = frames[0].shape[:2]
    encoder = Av1Encoder(width, height, **(settings or {"frame_bytes": 800}))
    packets = [encoder.encode(frame) for frame in frames]
    encoder.close()
    return packets


def shown(packets, numbers):
    return shown_by(Av1Decoder(), packets, numbers)


@pytest.fixture(scope="module")
def packets(svt, drive):  # noqa: ARG001 (a module cannot have its fixtures by a mark)
    return packets_of(drive)


@pytest.mark.parametrize("lost", [(20,), (21, 22), tuple(range(20, 36))])
def test_after_a_loss_nothing_is_shown_before_a_key_frame(drive, lost):
    encoder = Av1Encoder(320, 240, frame_bytes=800)
    packets = [encoder.encode(frame, key=number == 50) for number, frame in enumerate(drive[:60])]
    assert encoder.key_frames == 2
    undisturbed = shown(packets, range(60))
    pictures = shown(packets, [number for number in range(60) if number not in lost])
    assert sorted(pictures) == [*range(lost[0]), *range(50, 60)]
    for number, picture in pictures.items():
        np.testing.assert_array_equal(picture, undisturbed[number])


def test_a_late_receiver_sees_nothing_damaged(packets):
    with pytest.raises(RecoveringError, match=r"frame 6, which 7 builds on, is missing"):
        Av1Decoder().decode(packets[7])


def test_a_frame_that_was_sent_again_mends_the_chain(packets):
    decoder = Av1Decoder()
    for packet in packets[:10]:
        decoder.decode(packet)
    with pytest.raises(RecoveringError):
        decoder.decode(packets[11])
    for number in (10, 11):
        np.testing.assert_array_equal(decoder.decode(packets[number]), shown(packets, range(12))[number])
    with pytest.raises(InputError, match="packet 4 comes twice or late"):
        decoder.decode(packets[4])
    decoder.decode(packets[12])


@pytest.mark.usefixtures("steered")
def test_a_frame_builds_on_an_acknowledged_one_bit_by_bit(drive):
    """Frames are lost at random, some of them stored ones, and so are some acknowledgements."""
    rng = np.random.default_rng(6)
    encoder, whole, lossy = Av1Encoder(320, 240, frame_bytes=800), Av1Decoder(), Av1Decoder()
    recover, mended, compared = False, 0, 0
    for turn, frame in enumerate([*drive, *drive]):
        encoder.set_frame_bytes(int(rng.integers(300, 1200)))
        number, store, keys = encoder.next_number, turn % 4 == 0, encoder.key_frames
        packet = encoder.encode(frame, store=store, recover=recover)
        mended += recover and encoder.key_frames == keys
        recover = False
        picture = whole.decode(packet)
        if turn and rng.random() < 0.15:
            continue
        try:
            np.testing.assert_array_equal(lossy.decode(packet), picture)
            compared += 1
            if store and rng.random() < 0.8:
                encoder.acknowledge(number)
        except RecoveringError:
            recover = True
    assert mended > 15
    assert compared > 150
    assert encoder.key_frames <= 2


def test_without_an_acknowledged_frame_the_next_one_stands_alone(drive):
    encoder, decoder = Av1Encoder(320, 240, frame_bytes=800), Av1Decoder()
    for frame in drive[:5]:
        encoder.encode(frame, store=True)
    assert decoder.decode(encoder.encode(drive[5], recover=True)).shape == (240, 320, 3)
    assert encoder.key_frames == 2


def test_where_nothing_is_acknowledged_a_key_frame_comes_now_and_then(drive):
    encoder, decoder = Av1Encoder.live(320, 240, 800, None, 0, ANY), Av1Decoder()
    missing = []
    for number, frame in enumerate([*drive, *drive]):
        packet = encoder.encode(frame)
        try:
            if number != 50:
                decoder.decode(packet)
        except RecoveringError:
            missing.append(number)
    assert missing == list(range(51, 90))
    assert encoder.key_frames == 3


@pytest.mark.usefixtures("steered")
def test_what_is_acknowledged_spares_the_key_frame(drive):
    encoder = Av1Encoder(320, 240, frame_bytes=800, key_every=20)
    for number, frame in enumerate(drive):
        encoder.encode(frame, store=number % 8 == 0)
        if number % 8 == 0:
            encoder.acknowledge(number)
    assert encoder.key_frames == 1


@pytest.mark.usefixtures("steered")
def test_a_key_frame_ends_what_was_acknowledged(drive):
    encoder = Av1Encoder(320, 240, frame_bytes=800)
    encoder.encode(drive[0], store=True)
    encoder.acknowledge(0)
    encoder.encode(drive[1], key=True)
    encoder.encode(drive[2], recover=True)
    assert encoder.key_frames == 3


def test_numbers_go_on_from_encoder_to_encoder_and_round(drive):
    decoder = Av1Decoder()
    first = Av1Encoder(320, 240, frame_bytes=800, first_number=2**20 - 2)
    for frame in drive[:4]:
        decoder.decode(first.encode(frame))
    assert first.next_number == 2
    second = Av1Encoder(100, 80, frame_bytes=800, first_number=first.next_number)
    lost = second.encode(drive[4][:80, :100])
    with pytest.raises(RecoveringError):
        decoder.decode(second.encode(drive[5][:80, :100]))
    decoder.decode(lost)


def test_other_decoders_skip_the_trailer(packets):
    contexts = [av.CodecContext.create("libdav1d", "r") for _ in range(2)]
    for context in contexts:
        context.thread_count = 1
    for packet in packets[:10]:
        one, other = (
            context.decode(av.Packet(data))
            for context, data in zip(contexts, (packet, packet[:-SIZE]), strict=True)
        )
        for left, right in zip(one, other, strict=True):
            np.testing.assert_array_equal(left.to_ndarray(), right.to_ndarray())


@pytest.mark.parametrize(
    "trailer",
    [
        Av1Trailer(0, 0, False, False, 0, 0),
        Av1Trailer(65535, 255, True, True, 63, 63),
        Av1Trailer(9, 1, False, True, 1, 0),
    ],
)
def test_a_trailer_is_read_back(trailer):
    data = b"packet" + trailer.to_bytes(b"packet")
    assert len(data) == 6 + SIZE == 6 + 9
    assert data[-1] != 0  # of a padding OBU
    assert Av1Trailer.of(data) == trailer
    base = None if trailer.back == 0 else (trailer.number - trailer.back) % 65536
    assert trailer.base == base
