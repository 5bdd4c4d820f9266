import numpy as np
import pytest

from edgesr_ros.codecs.decoder import FrameDecoder
from edgesr_ros.codecs.format import FrameFormat
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.plan import H264, Av1
from edgesr_ros.experiment.streams import stream_of

RATE_HZ = 20


@pytest.mark.parametrize("setting", [H264(name="x", kbps=60), Av1(name="x", kbps=60)])
def test_video_has_the_rate_that_was_asked_for(footage, setting):
    stream = stream_of(setting, RATE_HZ)
    sizes = [len(stream.encode(footage.frame(number))) for number in range(4 * RATE_HZ)]
    assert sum(sizes) * 8e-3 / 4 == pytest.approx(60, rel=0.25)
    assert max(sizes) < 4 * np.mean(sizes)


def test_av1_can_be_joined_at_each_key_frame_and_nowhere_else(footage):
    stream = stream_of(Av1(name="x", kbps=60, key_interval_s=0.5), RATE_HZ)
    packets = [stream.encode(footage.frame(number)) for number in range(30)]
    text = FrameFormat.of(footage.frame(0), stream.codec).text()

    def joined(number):
        try:
            FrameDecoder().decode(packets[number], text)
        except InputError:
            return False
        return True

    assert [number for number in range(30) if joined(number)] == [0, 10, 20]
