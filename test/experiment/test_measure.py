import numpy as np
import pytest

from edgesr_ros.experiment.measure import Names, ages_on_screen, outages, row_of
from edgesr_ros.experiment.screen import Seen
from edgesr_ros.experiment.simulation import Run, Shown
from edgesr_ros.link.capacity import Schedule, Step
from edgesr_ros.link.profile import LinkProfile

ONE_LOOK = (Seen(1.0, 0.2, 25.0, None),)
NAMES = Names("ours", "test", "clip", "simulated")


def link(*kbps_and_seconds, **behaviour):
    steps = tuple(Step(kbps=kbps, seconds=seconds) for kbps, seconds in kbps_and_seconds)
    return LinkProfile(description="test", capacity=Schedule(steps=steps), **behaviour)


def regular(seconds, age=0.1, period=0.1, size=1000):
    """A picture each `period`, and each of them sent."""
    times = np.arange(0.1, seconds, period)
    shown = [Shown(float(at), number, age, size) for number, at in enumerate(times)]
    return shown, [(float(at) - age, size) for at in times]


def row(run, profile, content_kbps=10_000.0, seen=ONE_LOOK):
    return row_of(NAMES, run, seen, profile, content_kbps)


def test_figures_of_a_regular_run():
    shown, sent = regular(10)
    found = row(Run(10, shown, sent, {"queue": 2, "loss": 5}, 50_000), link((100, 99), delay_ms=30))
    assert (found.frames_shown, found.frames_sent) == (99, 99)
    assert found.fps_shown == 9.9
    assert (found.age_p50_ms, found.age_p95_ms) == (100, 100)
    assert 180 < found.age_on_screen_p95_ms < 200
    assert found.lost_overload == pytest.approx(2 / 99, abs=1e-4)
    assert (found.capacity_kbps, found.propagation_ms) == (100, 30)
    assert found.capacity_used == pytest.approx(0.4)
    assert found.bytes_per_frame == 1000
    assert found.recovery_s is None


def test_the_time_without_a_picture_for_a_second_is_stale():
    at = (0.5, 1.0, 4.0, 4.5, 5.0, 6.5)  # so 1 to 4, 5 to 6.5 and 6.5 to 10, but for a second each
    run = Run(10, [Shown(when, number, 0.1, 1000) for number, when in enumerate(at)], [], {}, 0)
    assert row(run, link((100, 99))).stale == pytest.approx(0.2 + 0.05 + 0.25)
    assert row(Run(10, [], [], {}, 0), link((100, 99))).stale == pytest.approx(0.9)


def test_what_the_recording_cannot_fill_is_not_usable():
    run = Run(10, [], [], {}, 100_000)
    wide = row(run, link((1000, 5), (100, 99)), content_kbps=200)
    assert wide.capacity_kbps == 550
    assert wide.usable_kbps == 150
    assert wide.capacity_used == pytest.approx(80 / 150, abs=1e-4)
    free = row(run, link((None, 99)), content_kbps=400)
    assert free.capacity_kbps is None
    assert free.usable_kbps == 400


def test_an_outage_counts_until_a_picture_taken_after_it():
    profile = link((100, 2), (0, 3), (100, 3), (0, 0.5), (100, 99))
    assert outages(profile.capacity, 10) == [(pytest.approx(2), pytest.approx(5))]
    before, _ = regular(2)
    waiting = Shown(5.1, 20, 3.0, 1000)  # taken in the outage: old news
    fresh = Shown(5.4, 51, 0.25, 1000)
    found = row(Run(10, [*before, waiting, fresh], [(0, 1)], {}, 1), profile)
    assert found.recovery_s == pytest.approx(0.4)
    never = row(Run(10, before, [(0, 1)], {}, 1), profile)
    assert never.recovery_s == pytest.approx(5)


def test_a_picture_ages_until_the_next_comes():
    shown = [Shown(1.0, 0, 0.2, 1), Shown(3.0, 1, 0.1, 1)]
    assert ages_on_screen(shown, np.array([0.5, 1.0, 2.5, 3.5])) == pytest.approx([0.2, 1.7, 0.6])


def test_the_course_of_a_run():
    shown, sent = regular(2.05, size=500)
    late = Shown(3.55, 99, 0.3, 500)
    seen = [Seen(0.5, 0.1, 30, None), Seen(2.5, 0.3, 20, 2.0), Seen(2.7, 0.5, 20, 4.0)]
    found = row(Run(4, [*shown, late], sent, {}, 1), link((80, 2), (40, 99)), seen=seen)
    course = found.timeline
    assert course.shown_per_s == [9, 10, 1, 1]
    assert course.capacity_kbps == [80, 80, 40, 40]
    assert course.sent_kbps[:2] == [40, 40]
    assert course.lpips == [0.1, None, 0.4, None]
    assert course.oldest_ms[3] == pytest.approx(1640, abs=15)
    assert found.lpips_on_screen == 0.3
    assert found.flicker == 3


def test_a_run_that_shows_nothing_has_no_ages():
    found = row(Run(5, [], [(0.0, 10)], {"queue": 1}, 0), link((10, 99)))
    assert (found.age_p95_ms, found.age_on_screen_p95_ms, found.fps_shown) == (None, None, 0)
    assert found.lost_overload == 1
    assert found.timeline.oldest_ms == [None] * 5
