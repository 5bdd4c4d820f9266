"""Which encoder of H.264 is taken. Hardware's stand-in is x264 without any of its own options."""

import re

import av
import numpy as np
import pytest

from edgesr_ros.codecs import h264_engine
from edgesr_ros.codecs.h264 import H264Encoder
from edgesr_ros.codecs.h264_decoder import H264Decoder
from edgesr_ros.codecs.h264_engine import X264, Engine, Size, check_name, encoder_names, usable_encoder
from edgesr_ros.errors import InputError

HARDWARE = "h264_nvenc"
LIVE = {"tune": "zerolatency", "forced-idr": "1", "sc_threshold": "0"}
GLOBAL_HEADER = av.codec.context.Flags.global_header
_create = av.CodecContext.create


def key_frames(packets):
    return [number for number, packet in enumerate(packets) if h264_engine.IDR.search(packet)]


@pytest.fixture(autouse=True)
def _tried_anew():
    h264_engine._refusal.cache_clear()
    yield
    h264_engine._refusal.cache_clear()


@pytest.fixture
def stand_in(monkeypatch):
    """Lets the hardware's name open x264, with these options and flags."""

    def use(options=LIVE, flags=0):
        def create(name, mode):
            context = _create(X264 if name == HARDWARE else name, mode)
            if name == HARDWARE and mode == "w":
                context.flags |= flags
            return context

        monkeypatch.setattr(av.CodecContext, "create", create)
        monkeypatch.setitem(h264_engine._OPTIONS, HARDWARE, options)
        monkeypatch.setattr(h264_engine, "encoder_names", lambda: (HARDWARE, X264))

    return use


def test_the_names_are_those_of_encoders_that_take_our_pictures():
    names = encoder_names()
    assert X264 in names
    assert {"h264", "libx264rgb", "h264_cuvid"}.isdisjoint(names)


@pytest.mark.parametrize("asked", ["libx265", "h264", "", "h264_nothing"])
def test_a_name_that_is_missing_is_one_line_that_names_what_there_is(asked):
    listed = ", ".join(("auto", "software", *encoder_names()))
    expected = f"^encoder: PyAV {re.escape(av.__version__)} has no '{asked}', expected one of {listed}$"
    for refuse in (check_name, usable_encoder):
        with pytest.raises(InputError, match=expected):
            refuse(asked)


def test_one_that_cannot_be_opened_here_is_one_line_that_names_what_can(stand_in):
    stand_in({"preset": "no such preset"})
    with pytest.raises(InputError) as caught:
        usable_encoder(HARDWARE)
    assert re.fullmatch(
        rf"encoder: {HARDWARE} cannot be used here \(it cannot be opened: [^\n]+\), "
        rf"expected one of auto, software, {X264}",
        str(caught.value),
    )
    assert usable_encoder("auto") == X264


@pytest.mark.parametrize("name", [name for name in encoder_names() if name != X264])
def test_each_of_hardware_works_or_is_refused_in_one_line(name):
    """Which of both depends on the machine; none may crash."""
    try:
        assert usable_encoder(name) == name
    except InputError as error:
        assert re.fullmatch(rf"encoder: {name} cannot be used here \(.+\), expected one of .+", str(error))
        assert X264 in str(error)


def test_software_and_x264_by_its_name_are_x264():
    assert usable_encoder("software") == usable_encoder(X264) == X264


def test_auto_takes_hardware_where_it_works(stand_in):
    stand_in()
    assert usable_encoder("auto") == usable_encoder(HARDWARE) == HARDWARE


def test_one_that_keeps_frames_back_is_refused(stand_in):
    stand_in({})
    assert usable_encoder("auto") == X264
    with pytest.raises(InputError, match=r"\(it keeps frames back, expected a packet for each at once\)"):
        usable_encoder(HARDWARE)


def test_one_that_makes_no_key_frame_when_asked_is_refused(stand_in, monkeypatch):
    stand_in()
    encode = Engine.encode
    monkeypatch.setattr(Engine, "encode", lambda self, frame, **_: encode(self, frame, key=False))
    assert usable_encoder("auto") == X264
    with pytest.raises(InputError, match=r"\(it makes no key frame when asked\)"):
        usable_encoder(HARDWARE)


def test_parameter_sets_that_are_apart_are_put_before_each_key_frame(stand_in, clip):
    stand_in(flags=GLOBAL_HEADER)
    encoder = H264Encoder.live(161, 129, 2500, None, 0, HARDWARE)
    packets = [encoder.encode(frame, recover=number == 5) for number, frame in enumerate(clip[:8])]
    assert key_frames(packets) == [0, 5]
    for first in (0, 5):  # a receiver that comes late needs nothing from before
        decoder = H264Decoder()
        for number in range(first, 8):
            assert decoder.decode(packets[number]).shape == (129, 161, 3)


def test_hardware_makes_key_frames_by_itself_only_while_nothing_is_acknowledged(stand_in, clip):
    stand_in()
    frames = [clip[number % len(clip)] for number in range(200)]
    for answered, expected in ((False, [0, 90, 180]), (True, [0])):
        encoder, packets = H264Encoder.live(161, 129, 2500, None, 0, HARDWARE), []
        for number, frame in enumerate(frames):
            if answered:
                encoder.acknowledge(number - 1)
            packets.append(encoder.encode(frame))
        assert key_frames(packets) == expected


def test_hardware_is_left_at_a_rate_that_is_near(stand_in):
    stand_in()
    encoder = H264Encoder.live(160, 128, 2000, 4000, 0, HARDWARE)
    assert [encoder.follows(size, 4000) for size in (1500, 1700, 2000, 2400, 2600)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert not encoder.follows(2000, 2500)


def test_hardware_is_opened_for_the_mean_that_is_wanted(stand_in, drive):
    stand_in()
    encoder = H264Encoder.live(320, 240, 2000, None, 0, HARDWARE)
    assert 0.6 * 2000 < np.mean([len(encoder.encode(frame)) for frame in drive[:60]]) < 1.1 * 2000


def test_x264_stands_in_for_sizes_that_hardware_refuses(stand_in, monkeypatch, clip):
    stand_in()
    opened = Engine.__init__

    def init(self, name, width, height, aim, sweep):
        if name == HARDWARE and width < 100:
            raise h264_engine.EngineError("it cannot be opened: too small")
        opened(self, name, width, height, aim, sweep)

    monkeypatch.setattr(Engine, "__init__", init)
    for size, x264 in ((160, False), (80, True)):
        frame = np.ascontiguousarray(clip[0][:size, :size])
        encoder, decoder = H264Encoder.live(size, frame.shape[0], 1500, None, 0, HARDWARE), H264Decoder()
        assert decoder.decode(encoder.encode(frame)).shape == frame.shape
        assert encoder.follows(2200, None) == x264


def test_one_that_fails_is_one_line_and_the_next_frame_begins_anew(monkeypatch, clip):
    encoder, decoder = H264Encoder.live(161, 129, 2500, None, 0), H264Decoder()
    decoder.decode(encoder.encode(clip[0]))
    with monkeypatch.context() as patch:
        patch.setattr(Engine, "encode", _fail)
        with pytest.raises(InputError, match=r"^encoder: libx264: it fails: gone$"):
            encoder.encode(clip[1])
    packet = encoder.encode(clip[2])
    assert key_frames([packet]) == [0]
    assert decoder.decode(packet).shape == (129, 161, 3)


def _fail(*_, **__):
    raise h264_engine.EngineError("it fails: gone")


def test_the_quality_is_unknown_where_the_encoder_does_not_tell(monkeypatch, clip):
    monkeypatch.setattr(h264_engine, "_quantizer", lambda _packet: None)
    encoder = H264Encoder.live(161, 129, 2500, None, 0)
    encoder.encode(clip[0])
    assert encoder.quality is None


def test_x264_is_never_told_a_size_of_nothing():
    for size in (Size(0, 0), Size(1, 1), Size(20, 30)):
        assert (size.bit_rate, size.buffer_bits) >= (1000, 1000)
