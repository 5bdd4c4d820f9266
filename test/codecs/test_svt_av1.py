import os
import threading

import numpy as np
import pytest

from edgesr_ros.codecs import av1, svt_av1
from edgesr_ros.codecs.av1 import Av1Encoder
from edgesr_ros.codecs.av1_decoder import Av1Decoder
from edgesr_ros.codecs.svt_av1 import SvtEncoder, SvtError
from edgesr_ros.errors import InputError

pytestmark = pytest.mark.usefixtures("svt")


def packets_of(frames, **settings):
    height, width = frames[0].shape[:2]
    encoder = Av1Encoder(width, height, **(settings or {"frame_bytes": 800}))
    packets = [encoder.encode(frame) for frame in frames]
    encoder.close()
    return packets


@pytest.fixture(scope="module")
def packets(svt, drive):  # noqa: ARG001 (a module cannot have its fixtures by a mark)
    return packets_of(drive)


def test_a_closed_encoder_refuses_and_closing_again_does_no_harm(svt, drive):
    encoder = Av1Encoder(320, 240, frame_bytes=800)
    encoder.encode(drive[0])
    encoder.close()
    encoder.close()
    low = SvtEncoder(64, 64, 12, {"rc": 2, "tbr": 100}, svt)
    low.close()
    low.close()
    with pytest.raises(SvtError, match="closed"):
        low.encode(np.zeros(64 * 96, np.uint8))


def test_a_refused_call_ends_the_encoder_and_not_the_process(steered):
    low = SvtEncoder(64, 64, 12, {"rc": 2, "tbr": 100}, steered)
    with pytest.raises(SvtError, match="refuses send_picture"):
        low.encode(np.full(64 * 96, 128, np.uint8), store=0)
    low.close()


def test_after_a_refused_call_the_next_frame_stands_alone(monkeypatch, drive):
    encoder, decoder = Av1Encoder(320, 240, frame_bytes=800), Av1Decoder()
    decoder.decode(encoder.encode(drive[0]))

    def refuse(*_, **__):
        raise SvtError("AV1: SVT-AV1 refuses send_picture (0x80001005)")

    with monkeypatch.context() as patch:
        patch.setattr(SvtEncoder, "encode", refuse)
        with pytest.raises(InputError, match="refuses send_picture"):
            encoder.encode(drive[1])
    decoder.decode(encoder.encode(drive[2]))
    assert encoder.key_frames == 2


def test_encoders_in_several_threads_do_not_disturb_each_other(drive, packets):
    made = {}
    threads = [
        threading.Thread(target=lambda place=place: made.update({place: packets_of(drive[:20])}))
        for place in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found == packets[:20] for found in made.values())


@pytest.mark.parametrize("wanted", [os.SCHED_OTHER, os.SCHED_BATCH])
def test_the_thread_keeps_its_scheduling(svt, wanted):
    """The library would make it real-time where it may, as for root."""
    found = []

    def encode():
        os.sched_setscheduler(0, wanted, os.sched_param(0))
        encoder = SvtEncoder(64, 64, 12, {"rc": 2, "tbr": 100}, svt)
        found.append(os.sched_getscheduler(0))
        encoder.encode(np.full(64 * 96, 128, np.uint8))
        encoder.close()
        found.append(os.sched_getscheduler(0))

    thread = threading.Thread(target=encode)
    thread.start()
    thread.join()
    assert found == [wanted, wanted]


def test_without_the_library_the_reason_is_one_line(monkeypatch):
    def none():
        raise SvtError("AV1: PyAV 1.0 brings no SVT-AV1, expected one of its wheels for Linux")

    monkeypatch.setattr(av1, "load", none)
    assert av1.missing() == "AV1: PyAV 1.0 brings no SVT-AV1, expected one of its wheels for Linux"
    with pytest.raises(InputError, match=r"brings no SVT-AV1"):
        Av1Encoder(64, 64, frame_bytes=500)


def test_another_library_is_refused(monkeypatch):
    library = svt_av1.open_library()
    monkeypatch.setattr(SvtEncoder, "encode", lambda *_, **__: svt_av1.Encoded(b"nothing", 5, True))
    with pytest.raises(SvtError, match="does not answer as"):
        svt_av1._try_out(library)
