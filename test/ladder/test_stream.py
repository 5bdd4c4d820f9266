"""What an encoder of a stream is asked for."""

import numpy as np
import pytest

from edgesr_ros.codecs.streams import STREAM_CODECS
from edgesr_ros.ladder.points import read_ladder
from edgesr_ros.ladder.stream import StreamStage
from edgesr_ros.ladder.walk import LadderWalk

TARGET = 20_000


class Encoder:
    """Gives frames of a size and a quality, and keeps what it is asked for."""

    saving = 1.0

    def __init__(self) -> None:
        self.next_number, self.size, self.quality, self.asked = 0, 7000, 60, 0

    def set_scale(self, _scale: int) -> bool:
        return True

    def follows(self, _frame_bytes: int, _most: int | None) -> bool:
        return True

    def set_frame_bytes(self, frame_bytes: int) -> None:
        self.asked = frame_bytes

    def acknowledge(self, number: int) -> None:
        """It has no references."""

    def encode(self, _image: np.ndarray, *, store: bool = False, recover: bool = False) -> bytes:
        assert not (store or recover)
        self.next_number += 1
        return bytes(self.size)

    def close(self) -> None:
        """It has nothing."""


@pytest.fixture
def encoder(monkeypatch) -> Encoder:
    encoder = Encoder()
    codec = STREAM_CODECS["av1"]._replace(live=lambda *_: encoder)
    monkeypatch.setitem(STREAM_CODECS, "av1", codec)
    return encoder


@pytest.fixture
def asked(encoder):
    """What the last of so many frames is asked to take."""
    stage = StreamStage(LadderWalk(read_ladder("av1")), 0)

    def asked(frames: int, height: int = 480, width: int = 640) -> int:
        for _ in range(frames):
            stage.encode(np.zeros((height, width, 3), np.uint8), TARGET, None)
        return encoder.asked

    return asked


def test_a_burst_is_limited_by_what_frames_take(encoder, asked):
    assert asked(30) == pytest.approx(2.5 * 7000, rel=0.01)
    encoder.size, encoder.quality = 130, 95  # nothing is new in the scene
    assert asked(30) == 1500


def test_frames_that_are_small_for_want_of_bytes_lower_nothing(encoder, asked):
    """The encoder has to save what it spent: who asks for less then makes that take the longer."""
    before = asked(30)
    encoder.size, encoder.quality = 130, 2
    assert asked(30) == before


def test_of_a_large_frame_more_is_asked_for_in_any_case(encoder, asked):
    encoder.size, encoder.quality = 130, 95
    assert asked(60, 960, 1280) == 4 * 1500
