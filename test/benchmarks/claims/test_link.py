from itertools import pairwise

import pytest
from msgspec.structs import replace

from benchmarks.claims.link import CLAIM, links_table, plan
from benchmarks.harness.experiment import (
    ExperimentRows,
    ExperimentSettings,
    Lpips,
    Rival,
    kind_of,
    without_timelines,
)
from edgesr_ros.errors import InputError
from edgesr_ros.experiment.plan import H264, Av1
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


def test_goals_are_about_our_runs(enveloped, kept):
    def run(contender: str, link: str, **figures: object) -> Row:
        usual = {"age_p95_ms": 300.0, "propagation_ms": 50.0, "lost_overload": 0.01}
        named = {"contender": contender, "link": link, "timeline": None}
        return Row(**dict.fromkeys(Row.__struct_fields__, 1.0) | named | usual | figures)

    def goals(*runs: Row) -> list[bool]:
        settings = ExperimentSettings(description="x", camera="y", seed=1, recorded=[])
        rows = ExperimentRows(runs=[*runs, run("ours", "bus")], curves=[])
        return list(kept(CLAIM, enveloped(CLAIM, settings, rows)).values())[:2]

    assert goals() == [True, True]
    assert goals(run("ours smooth", "demo", lost_overload=0.1)) == [True, True]
    assert goals(run("JPEG q80", "car", age_p95_ms=9e9)) == [True, True]
    assert goals(run("ours", "car", age_p95_ms=301.0)) == [False, True]
    assert goals(run("ours", "car", age_p95_ms=None, lost_overload=0.02)) == [False, False]


@pytest.mark.parametrize(
    ("reports", "capacity", "met"),
    [(9.9, 100.0, True), (10.1, 100.0, False), (10.1, None, True), (None, 100.0, False)],
)
def test_reports_may_take_a_tenth_of_a_limited_link(enveloped, kept, reports, capacity, met):
    def run(**figures: object) -> Row:
        ours = {"timeline": None, "contender": "ours"}
        return Row(**dict.fromkeys(Row.__struct_fields__, 1.0) | ours | figures)

    settings = ExperimentSettings(description="x", camera="y", seed=1, recorded=[])
    runs = [run(reports_kbps=5.0, capacity_kbps=80.0), run(reports_kbps=reports, capacity_kbps=capacity)]
    found = kept(CLAIM, enveloped(CLAIM, settings, ExperimentRows(runs=runs, curves=[])))
    assert [value for name, value in found.items() if name.startswith("reports")] == [met]


def lpips_of(**links):
    """Results with these contenders' LPIPS on these links."""
    usual = {"timeline": None, "recording": "x", "age_p95_ms": None}
    return [
        Row(
            **dict.fromkeys(Row.__struct_fields__, 1.0)
            | usual
            | {"link": link, "contender": name, "lpips_on_screen": lpips}
        )
        for link, found in links.items()
        for name, lpips in found.items()
    ]


RUNS = lpips_of(
    slow={"ours": 0.3, "ours sharp": 0.1, "AV1 80 kbit/s": 0.25, "AV1 500 kbit/s": 0.9, "WebP q30": 0.8},
    fast={"ours": 0.1, "ours sharp": 0.1, "AV1 80 kbit/s": 0.4, "AV1 500 kbit/s": 0.2, "WebP q30": 0.3},
)


def test_the_best_other_is_none_of_ours_and_chosen_for_each_link():
    lpips = Lpips(RUNS)
    assert lpips.best_other("slow") == Rival("AV1 80 kbit/s", 0.25, pytest.approx(1.2))
    assert lpips.best_other("fast") == Rival("AV1 500 kbit/s", 0.2, pytest.approx(0.5))
    assert lpips.worst_ratio() == pytest.approx(1.2)


def test_the_best_single_other_is_the_same_on_all_links():
    assert Lpips(RUNS).best_single() == Rival(
        "AV1 80 kbit/s", pytest.approx(0.325), pytest.approx(0.2 / 0.325)
    )


def test_recordings_count_alike():
    twice = [*RUNS, *(replace(row, recording="y", lpips_on_screen=0.5) for row in RUNS[:1])]
    assert Lpips(twice).by_link["slow"]["ours"] == pytest.approx(0.4)


def test_without_others_there_is_nothing_to_be_beside():
    alone = Lpips(lpips_of(slow={"ours": 0.3, "ours h264": 0.2}))
    assert (alone.best_other("slow"), alone.best_single(), alone.worst_ratio()) == (None, None, None)
    assert alone.said() == ""


def test_the_table_shows_the_best_rate_of_each_link_and_the_best_other(enveloped):
    settings = ExperimentSettings(description="x", camera="y", seed=1, recorded=[])
    text = links_table(enveloped(CLAIM, settings, ExperimentRows(runs=RUNS, curves=[])))
    head, _, slow, fast, *_ = [[cell.strip() for cell in line.split("|")] for line in text.splitlines()]
    column = head.index("AV1, best rate (kbit/s)")
    assert (slow[column], fast[column]) == ("0.250 (80)", "0.200 (500)")
    assert slow[head.index("ours sharp")] == "**0.100**"
    column = head.index("best other: ours by it ↓")
    assert (slow[column], fast[column]) == ("AV1 80 kbit/s: 1.20", "AV1 500 kbit/s: 0.50")
    assert (
        "at most 1.20 times" in text and "0.62 times that of the best single other one, AV1 80 kbit/s" in text
    )


def test_the_best_fixed_rate_of_every_shipped_link_is_among_the_contenders():
    """Rates from below what the slowest link carries to beyond what a picture needs, in small steps."""
    rates: dict[str, list[float]] = {}
    for contender in plan(False, None, None).contenders:
        if isinstance(contender, H264 | Av1):
            rates.setdefault(contender.codec, []).append(contender.kbps)
            assert kind_of(contender.name)[1] == f"{contender.kbps:g}"
    assert set(rates) == {"h264", "av1"}
    for found in rates.values():
        assert found[0] < 100 and found[-1] >= 4000
        assert all(after / before < 2.7 for before, after in pairwise(found))
