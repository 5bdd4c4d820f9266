"""What several cameras on one link come to, from what each sent and showed."""

import pytest
from msgspec.structs import replace

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from benchmarks.claims.cameras import CLAIM, CamerasResult, CamerasRow, CamerasSettings, Seen, cameras_table
from benchmarks.harness.evidence import Machine

SEEN = Seen(sent_kbps=400, shown_per_s=29, longest_gap_s=0.3, lost_overload=0, lpips_on_screen=0.2)


def result(*rows: CamerasRow) -> CamerasResult:
    settings = CamerasSettings(camera="640x480 at 30 Hz", seconds=40, real_seconds=30)
    machine = Machine(cpu="any", cores=2)
    return CamerasResult(machine=machine, revision="", command="", settings=settings, rows=list(rows))


def met(name: str, *rows: CamerasRow) -> bool:
    (goal,) = (goal for goal in CLAIM.goals if name in goal.name)
    return goal.met(result(*rows))


def run(name: str, *cameras: Seen, uneven: float = 1.0) -> CamerasRow:
    return CamerasRow(name=name, link="lte", cameras=list(cameras), uneven=uneven)


def test_a_figure_that_was_not_measured_meets_no_goal() -> None:
    assert not any(goal.met(result()) for goal in CLAIM.goals)


def test_the_focus_is_held_against_the_next() -> None:
    others = replace(SEEN, sent_kbps=100), replace(SEEN, sent_kbps=150)
    assert met("the focus", run("focus on the first", SEEN, *others))
    assert not met("the focus", run("focus on the first", replace(SEEN, sent_kbps=370), *others))


def test_one_that_stands_still_is_held_against_itself_alone() -> None:
    still = replace(SEEN, sent_kbps=40, lpips_on_screen=0.05)
    runs = run("the second stands still", SEEN, still), run("one that stands still, alone", still)
    assert met("beside one", *runs)
    assert met("LPIPS beyond", *runs)
    worse = run("the second stands still", SEEN, replace(still, lpips_on_screen=0.09))
    assert not met("LPIPS beyond", worse, runs[1])


def test_the_others_of_a_fourth_count() -> None:
    late = replace(SEEN, longest_gap_s=1.2)
    assert met("comes and goes", run("a fourth comes, and goes", SEEN, SEEN, SEEN, late))
    assert not met("comes and goes", run("a fourth comes, and goes", SEEN, late, SEEN, SEEN))


def test_each_camera_has_a_line() -> None:
    text = cameras_table(result(run("alike", SEEN, replace(SEEN, longest_gap_s=None), uneven=1.21)))
    first, second = text.splitlines()[2:]
    assert "| alike | `lte` | 400 | 29.0 | 0.30 | 0.0 % | 0.200 | 1.21 |" in first
    assert "| | | 400 | 29.0 | – |" in " ".join(second.split())
