import math

import numpy as np
import pytest

from edgesr_ros.ladder.points import REFERENCE_PIXELS, Ladder, OperatingPoint
from edgesr_ros.ladder.walk import LadderWalk


def point(scale, quality, size, lpips):
    return OperatingPoint(codec="webp", scale=scale, quality=quality, bytes=size, lpips=lpips, psnr_db=30)


LADDER = Ladder(
    points=(
        point(4, 10, 1000, 0.5),
        point(4, 90, 4000, 0.4),
        point(2, 10, 4400, 0.35),
        point(2, 50, 8000, 0.3),
        point(1, 10, 9000, 0.2),
        point(1, 50, 18000, 0.1),
    )
)


@pytest.fixture
def walk():
    return LadderWalk(LADDER)


def follow(walk, targets, ratio=lambda _: 1.0, pixels=REFERENCE_PIXELS):
    """Points chosen for one target after another; the content takes `ratio` times the ladder's bytes."""
    points = []
    for target in targets:
        chosen = walk.choose(target, pixels)
        walk.observe(chosen, round(chosen.bytes * ratio(chosen.scale) * pixels / REFERENCE_PIXELS), pixels)
        points.append(chosen)
    return points


def scales(points):
    return [found.scale for found in points]


def changes(points):
    return int(np.count_nonzero(np.diff(scales(points))))


def test_content_as_measured_gets_the_measured_points():
    for expected in LADDER.points:
        found = LadderWalk(LADDER).choose(expected.bytes * 1.001, REFERENCE_PIXELS)
        assert (found.scale, found.quality) == (expected.scale, expected.quality)


def test_each_scale_where_it_is_best():
    sizes = (1, 999, 1000, 4399, 4400, 8999, 9000, 1e6)
    assert scales(LadderWalk(LADDER).choose(size, REFERENCE_PIXELS) for size in sizes) == [4] * 4 + [
        2,
        2,
        1,
        1,
    ]


def test_bytes_are_those_of_the_frames_own_size(walk):
    assert walk.choose(1000, REFERENCE_PIXELS // 4) == LadderWalk(LADDER).choose(4000, REFERENCE_PIXELS)


@pytest.mark.parametrize("ratio", [0.3, 0.7, 1.6, 4.0])
@pytest.mark.parametrize("target", [2500, 6000, 15000])
def test_it_learns_what_the_content_takes(walk, ratio, target):
    last = follow(walk, [target] * 30, lambda _: ratio)[-1]
    best = LADDER.points[-1]
    assert last.bytes * ratio == pytest.approx(target, rel=0.1) or last.quality in (1, 100, best.quality)


def test_a_frame_that_is_believed_alone_counts_at_once(walk):
    chosen = walk.choose(2000, REFERENCE_PIXELS)
    walk.observe(chosen, 4000, REFERENCE_PIXELS, gain=1.0)
    assert walk.choose(2000, REFERENCE_PIXELS).bytes == pytest.approx(chosen.bytes / 2, rel=0.05)


def test_bytes_that_tremble_about_a_border_do_not_change_the_scale(walk):
    rng = np.random.default_rng(1)
    targets = 4400 * np.exp(rng.uniform(-0.15, 0.15, 200))
    assert changes(follow(walk, targets)) == 0


def test_a_real_change_does(walk):
    found = scales(follow(walk, [2000, 6000, 15000, 6000, 2000]))
    assert found == [4, 2, 1, 2, 4]


def test_content_that_is_dear_at_one_scale_does_not_swing_between_two(walk):
    """At x4 the budget looks enough for x2, at x2 it looks like one for x4."""
    dear = {4: 1.0, 2: 1.6, 1: 1.6}
    points = follow(walk, [5500] * 300, dear.__getitem__)
    assert changes(points) <= 2 * math.ceil(300 / 90) + 1
    assert changes(points[5:90]) == 0


def test_the_scale_between_is_taken_where_the_next_but_one_is_too_dear(walk):
    """At x4 the budget looks enough for x1, at x1 it looks like one for x2."""
    ratio = {4: 0.8, 2: 1.3, 1: 2.0}
    follow(walk, [40_000, 12_000, 2000, 2000], ratio.__getitem__)
    found = follow(walk, [13_000] * 300, ratio.__getitem__)
    assert scales(found) == [2] * 300


def test_what_was_known_of_a_scale_is_forgotten(walk):
    ratio = {4: 1.0, 2: 1.6, 1: 1.6}
    follow(walk, [5500] * 50, ratio.__getitem__)
    ratio[2] = 1.0
    assert scales(follow(walk, [5500] * 150, ratio.__getitem__))[-1] == 2
