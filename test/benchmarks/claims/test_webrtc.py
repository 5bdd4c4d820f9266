import pytest

from benchmarks.claims.webrtc import CLAIM, by_best_webrtc
from benchmarks.harness.experiment import ExperimentRows, ExperimentSettings
from edgesr_ros.experiment.plan import read_experiment
from edgesr_ros.experiment.rows import Row

USUAL = {"fps_shown": 30.0, "age_p50_ms": 40.0, "age_p95_ms": 70.0, "lpips_on_screen": 0.2, "timeline": None}


def run(contender, link, **figures):
    fields = dict.fromkeys(Row.__struct_fields__, 1.0) | USUAL
    return Row(**fields | {"contender": contender, "link": link} | figures)


@pytest.fixture
def result(enveloped):
    def make(*runs):
        settings = ExperimentSettings(description="x", camera="y", seed=1, recorded=[])
        return enveloped(CLAIM, settings, ExperimentRows(runs=list(runs), curves=[]))

    return make


def test_ours_is_compared_with_the_best_codec_of_webrtc_alone(result):
    found = result(
        run("ours", "a", lpips_on_screen=0.2),
        run("WebRTC VP8", "a", lpips_on_screen=0.4),
        run("WebRTC AV1", "a", lpips_on_screen=0.5),
        run("SRT 500 kbit/s", "a", lpips_on_screen=0.1),
        run("ours", "b", lpips_on_screen=0.3),
        run("WebRTC VP8", "b", lpips_on_screen=0.4),
        run("ours", "c"),
    )
    assert by_best_webrtc(found, "a") == pytest.approx(0.5)
    assert by_best_webrtc(found, "a", "b") == pytest.approx(0.75)
    assert by_best_webrtc(found, "a", "c") is None  # nothing to compare with
    assert by_best_webrtc(found, "d") is None


def test_the_goals_are_about_links_of_the_shipped_experiment(result, kept):
    links = read_experiment("webrtc").links
    good = [
        row for link in links for row in (run("ours", link), run("WebRTC VP9", link, lpips_on_screen=0.3))
    ]
    assert all(kept(CLAIM, result(*good)).values())
    bad = [
        run("ours", link, fps_shown=28.0, age_p50_ms=46.0, age_p95_ms=76.0, lpips_on_screen=0.28)
        for link in links
    ]
    assert not any(kept(CLAIM, result(*bad, *good[1::2])).values())


def test_what_was_not_measured_keeps_no_goal(result, kept):
    assert not any(kept(CLAIM, result(run("ours", "other"))).values())
