import pytest

from benchmarks.claims.link import CLAIM, plan
from benchmarks.harness.experiment import ExperimentRows, ExperimentSettings, without_timelines
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.rows import Course, Results, Row


def test_recorded_links_come_on_top_of_the_shipped_ones(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "bus.csv").write_text("seconds,kbps\n1,500\n")
    (tmp_path / "note.txt").touch()
    shipped = plan(False, None, None)
    assert plan(False, tmp_path, None).links == (*shipped.links, str(tmp_path / "train" / "bus.csv"))


def test_a_quick_run_is_a_short_part():
    quick, whole = plan(True, None, ["x.mp4"]), plan(False, None, None)
    assert set(quick.links) < set(whole.links)
    assert set(quick.contenders) < set(whole.contenders)
    assert "ours" in [contender.name for contender in quick.contenders]
    assert quick.seconds < whole.seconds
    assert quick.recordings == ("x.mp4",)


def test_a_folder_without_recorded_links_is_a_mistake(tmp_path):
    with pytest.raises(InputError, match="no recorded link in it"):
        plan(False, tmp_path, None)


def test_the_evidence_leaves_out_the_course_of_the_runs():
    course = Course(shown_per_s=[1.0], oldest_ms=[1.0], lpips=[0.1], sent_kbps=[1.0], capacity_kbps=[1.0])
    fields = dict.fromkeys(Row.__struct_fields__, 1.0)
    row = Row(**fields | {"timeline": course})
    kept = without_timelines(Results(description="x", camera="y", seed=1, rows=[row], curves=[]))
    assert kept.rows[0].timeline is None
    assert kept.rows[0].fps_shown == 1.0


def test_goals_are_about_our_runs_on_recorded_links(enveloped, kept):
    def run(contender: str, link: str, **figures: object) -> Row:
        usual = {"capacity_used": 0.8, "age_p95_ms": 300.0, "propagation_ms": 50.0, "lost_overload": 0.02}
        named = {"contender": contender, "link": link, "timeline": None}
        return Row(**dict.fromkeys(Row.__struct_fields__, 1.0) | named | usual | figures)

    def goals(*runs: Row) -> list[bool]:
        settings = ExperimentSettings(description="x", camera="y", seed=1, recorded=["bus", "car"])
        rows = ExperimentRows(runs=[*runs, run("ours", "bus")], curves=[])
        return list(kept(CLAIM, enveloped(CLAIM, settings, rows)).values())

    assert goals() == [True, True, True]
    assert goals(run("ours", "demo", capacity_used=0.1), run("JPEG q80", "car", age_p95_ms=9e9)) == [True] * 3
    assert goals(run("ours", "car", capacity_used=0.7, age_p95_ms=301.0)) == [False, False, True]
    assert goals(run("ours", "car", age_p95_ms=None, lost_overload=0.03)) == [True, False, False]
