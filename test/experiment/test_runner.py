import msgspec
import numpy as np
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.experiment.bench import load_networks
from edgesr_ros.experiment.plan import H264, Camera, Experiment, Fixed, Ours
from edgesr_ros.experiment.rows import Results
from edgesr_ros.experiment.runner import simulate

EXPERIMENT = Experiment(
    description="small",
    contenders=(
        Ours(name="ours"),
        Fixed(name="jpeg", codec="jpeg", quality=90),
        H264(name="h264", kbps=150),
        Fixed(name="small", codec="webp", quality=50, scale=4),
    ),
    links=("radio_100kbps",),
    camera=Camera(width=128, height=96, rate_hz=20),
    models=("bicubic",),
    seconds=6,
    samples_per_s=1,
)


@pytest.fixture(scope="module")
def outcome(recording):
    told = []
    found = simulate(EXPERIMENT, {"shapes": str(recording)}, told.append)
    assert told == found.results.rows
    return found


def test_each_contender_has_a_row_and_a_place_in_the_strip(outcome):
    rows = outcome.results.rows
    assert [(row.contender, row.link, row.recording) for row in rows] == [
        (name, "radio_100kbps", "shapes") for name in ("ours", "jpeg", "h264", "small")
    ]
    (strip,) = outcome.strips
    assert [panel.contender for panel in strip.panels] == ["camera", "ours", "jpeg", "h264", "small"]
    assert strip.panels[0].picture.shape == (96, 128, 3)
    seen = {panel.contender: panel.picture for panel in strip.panels}
    assert not np.array_equal(seen["camera"], seen["jpeg"])


def test_ours_keeps_to_the_link_and_the_fixed_stream_does_not(outcome):
    ours, jpeg, *_ = outcome.results.rows
    assert jpeg.lost_overload > 0.5
    assert ours.lost_overload <= 0.05
    assert ours.fps_shown > 2 * jpeg.fps_shown
    assert ours.age_on_screen_p95_ms < jpeg.age_on_screen_p95_ms


def test_several_processes_find_the_same(recording, outcome):
    experiment = msgspec.structs.replace(EXPERIMENT, links=("radio_100kbps", "outage"), curves=False)
    told = []
    found = simulate(experiment, {"shapes": str(recording)}, told.append, jobs=2)
    assert told == found.results.rows
    first, second = found.results.rows[:4], found.results.rows[4:]
    assert {row.link for row in second} == {"outage"}
    for row, alone in zip(first, outcome.results.rows, strict=True):
        assert row.lpips_on_screen == pytest.approx(alone.lpips_on_screen, abs=1e-3)
        assert (row.frames_sent, row.frames_shown, row.lost) == (
            alone.frames_sent,
            alone.frames_shown,
            alone.lost,
        )
    assert [strip.link for strip in found.strips] == ["radio_100kbps", "outage"]


def test_the_curves_hold_every_method(outcome):
    methods = {point.method for point in outcome.results.curves}
    assert {"ours", "jpeg", "webp", "avif", "h264"} < methods
    for point in outcome.results.curves:
        assert point.bytes_per_frame > 0
        assert 0 <= point.lpips < 1.5


def test_the_same_experiment_gives_the_same_figures(outcome, recording):
    again = simulate(EXPERIMENT, {"shapes": str(recording)}, lambda _: None)
    assert again.results == outcome.results


def test_results_keep_to_one_schema(outcome):
    text = msgspec.json.encode(outcome.results)
    assert msgspec.json.decode(text, type=Results) == outcome.results


def test_two_networks_of_one_scale_are_a_mistake():
    with pytest.raises(InputError, match=r"models\[1\]: bicubic_x4 is the second of x4"):
        load_networks(["bicubic", "bicubic_x4"])


def test_each_camera_has_a_row(recording):
    experiment = msgspec.structs.replace(
        EXPERIMENT, contenders=EXPERIMENT.contenders[:2], cameras=2, seconds=3, curves=False
    )
    found = simulate(experiment, {"shapes": str(recording)}, lambda _: None)
    names = [f"{name}, camera {number}" for name in ("ours", "jpeg") for number in (1, 2)]
    assert [row.contender for row in found.results.rows] == names
    ours, jpeg = found.results.rows[:2], found.results.rows[2:]
    assert all(row.fps_shown > 3 and row.lpips_on_screen < 0.6 for row in ours)
    assert sum(row.lost_overload for row in ours) < 0.1 < sum(row.lost_overload for row in jpeg)
    (strip,) = found.strips
    assert [panel.contender for panel in strip.panels] == ["camera", "ours", "jpeg"]
