import cv2
import numpy as np
import pytest

from edgesr_ros.control.motion import MotionMeter

PERIOD = 1 / 30


def pan(speed: float, colour: bool = True, seed: int = 3) -> list[np.ndarray]:
    """A window of 320x240 that moves over a texture by so many pixels a frame."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (40, 120, 3)).astype(np.float32)
    scene = cv2.resize(coarse, None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)
    found = []
    for frame in range(20):
        shift = np.float32([[1, 0, -speed * frame], [0, 1, 0]])
        found.append(cv2.warpAffine(scene, shift, (320, 240)))
    return found if colour else [cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) for one in found]


def measured(frames: list[np.ndarray], period: float = PERIOD) -> MotionMeter:
    meter = MotionMeter()
    for number, frame in enumerate(frames):
        meter.frame(number * period, frame)
    return meter


def test_faster_motion_is_more() -> None:
    found = [measured(pan(speed)).moved for speed in (0, 0.5, 2, 6)]
    assert found == sorted(found)
    assert found[0] < 0.01 < 0.05 < found[-1]


def test_it_does_not_depend_on_how_often_it_looks() -> None:
    frames = pan(1.0)
    every, second = measured(frames), measured(frames[::2], 2 * PERIOD)
    assert second.moved == pytest.approx(every.moved, rel=0.35)


def test_grey_is_as_colour() -> None:
    assert measured(pan(2.0, colour=False)).moved == pytest.approx(measured(pan(2.0)).moved, rel=0.25)


def test_a_large_camera_sees_the_same() -> None:
    frames = pan(2.0)
    large = [frame.repeat(8, axis=0).repeat(8, axis=1) for frame in frames]
    assert large[0].shape[1] >= 2560
    assert measured(large).moved == pytest.approx(measured(frames).moved, rel=0.02)


def test_cuts_do_not_count() -> None:
    one, other = pan(0.5), pan(0.5, seed=4)
    cut = [*one[:7], *other[7:14], *one[14:]]
    assert measured(cut).moved == pytest.approx(measured(one).moved, rel=0.2)


def test_pauses_new_sizes_and_tiny_pictures_are_borne() -> None:
    meter = measured(pan(2.0))
    before = meter.moved
    meter.frame(100.0, np.zeros((240, 320, 3), np.uint8))  # nothing is known of the time between
    meter.frame(100.1, np.zeros((3, 5), np.uint8))
    meter.frame(100.1, np.zeros((3, 5), np.uint8))  # a clock that stands
    assert meter.moved == before


def test_it_says_what_lpips_says(shared) -> None:
    """On a real drive: within a third of LPIPS itself, which is what it stands for."""
    from edgesr_ros.quality.lpips import Lpips
    from edgesr_ros.sources.opening import open_source

    source = open_source(str(shared / "data" / "recordings" / "solidWhiteRight.mp4"))
    frames = []
    for frame in source:
        frames.append(cv2.resize(frame.array, (640, 360), interpolation=cv2.INTER_AREA))
        if len(frames) == 40:
            break
    source.close()
    lpips = Lpips(1)
    truth = np.median([lpips(frames[n], frames[n + 1]) for n in range(3, 38, 7)])
    assert measured(frames).moved == pytest.approx(truth, rel=0.4)
