import numpy as np
import pytest

from edgesr_ros.codecs.decoder import Received
from edgesr_ros.codecs.format import FrameFormat
from edgesr_ros.ends.ground import Ground, together


class Blank:
    """Decodes anything to a black picture."""

    def decode(self, data, text, stamp_ns):
        form = FrameFormat.parse(text, 1, 1)
        return Received(np.zeros((48, 64, 3), np.uint8), form, 1, stamp_ns, len(data))


def came(grounds, name, number, codec, at, report_ms=60):
    """A frame of a camera, `at` ms; what is told then, by camera, as numbers of the frames, newest first."""
    size = {"full_width": 64, "full_height": 48}
    form = FrameFormat(encoding="rgb8", codec=codec, **size, number=number, report_ms=report_ms)
    ground, now_ns = grounds[name], round(at * 1_000_000)
    received = ground.decode(0, b"frame", form.text())
    report, _ = ground.arrived(now_ns, now_ns, received)
    if report is None:
        return None
    told = together(grounds, name, report, now_ns)
    return {camera: [frame.number for frame in report.arrivals[::-1]] for camera, report in told.items()}


def test_what_one_camera_has_to_tell_goes_with_the_report_of_another_and_once_more():
    grounds = {name: Ground(Blank()) for name in ("front", "rear")}
    assert came(grounds, "front", 7, "webp", 0) == {"front": [7]}
    assert came(grounds, "rear", 50, "webp", 10) == {"rear": [50], "front": [7]}
    assert came(grounds, "rear", 51, "webp", 20) == {"rear": [51, 50]}


def test_arrivals_that_a_camera_has_kept_to_itself_are_told_by_another():
    grounds = {name: Ground(Blank()) for name in ("front", "rear")}
    for number in range(20):  # until reports are few
        came(grounds, "front", number, "av1", 100 * number)
    assert came(grounds, "front", 20, "av1", 1910) is None
    told = came(grounds, "rear", 50, "webp", 1920)
    assert told["rear"] == [50]
    assert told["front"][:2] == [20, 19]
    # The front need not say so again at once.
    assert came(grounds, "front", 21, "av1", 1930) is None


@pytest.mark.parametrize(("asked", "expected"), [((250, 250, 250), 250), ((100, 250, 250), 100)])
def test_messages_are_as_many_as_the_camera_asks_for_that_wants_most(asked, expected):
    grounds = {name: Ground(Blank()) for name in ("front", "rear", "arm")}
    told_at, frames = [], set()
    for number in range(600):  # of each at 30 Hz, in turn
        for index, (name, report_ms) in enumerate(zip(grounds, asked, strict=True)):
            at = 100 / 3 * (number + index / 3)
            told = came(grounds, name, number, "av1", at, report_ms)
            if told is not None:
                told_at.append(at)
                frames |= {(camera, frame) for camera, numbers in told.items() for frame in numbers}
    apart = np.diff([at for at in told_at if at > 2_000])
    assert apart.mean() == pytest.approx(expected, rel=0.1)
    assert apart.max() < 2 * expected
    assert {(name, number) for name in grounds for number in range(580)} <= frames
