import numpy as np

from edgesr_ros.codecs.decoder import Received
from edgesr_ros.codecs.format import FrameFormat
from edgesr_ros.ends.ground import Ground, together


class Blank:
    """Decodes anything to a black picture."""

    def decode(self, data, text, stamp_ns):
        form = FrameFormat.parse(text, 1, 1)
        return Received(np.zeros((48, 64, 3), np.uint8), form, 1, stamp_ns, len(data))


def came(grounds, name, number, codec, at):
    """A frame of a camera, `at` ms; what is told then, by camera, as numbers of the frames, newest first."""
    form = FrameFormat(encoding="rgb8", codec=codec, full_width=64, full_height=48, number=number)
    ground, now_ns = grounds[name], at * 1_000_000
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
