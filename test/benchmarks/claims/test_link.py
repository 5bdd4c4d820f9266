import pytest

from benchmarks.claims.link import plan
from benchmarks.harness.experiment import without_timelines
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.rows import Results, Row, Timeline


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
    course = Timeline(shown_per_s=[1.0], oldest_ms=[1.0], lpips=[0.1], sent_kbps=[1.0], capacity_kbps=[1.0])
    fields = dict.fromkeys(Row.__struct_fields__, 1.0)
    row = Row(**fields | {"timeline": course})
    kept = without_timelines(Results(description="x", camera="y", seed=1, rows=[row], curves=[]))
    assert kept.rows[0].timeline is None
    assert kept.rows[0].fps_shown == 1.0
