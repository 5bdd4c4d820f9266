"""The documents say what was measured, and what the nodes declare."""

from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from benchmarks.documents.__main__ import PARAMETERS_PAGE, README, RESULTS_PAGE, documents, main
from benchmarks.documents.goals import main as goals_main
from benchmarks.documents.results import CLAIMS, results_page, verdicts
from benchmarks.harness.evidence import RESULTS
from benchmarks.harness.markdown import places
from edgesr_ros.errors import InputError


@pytest.fixture(scope="module")
def wanted() -> dict[Path, str]:
    return documents()


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_the_page_shows_each_claim(claim) -> None:
    page = RESULTS_PAGE.read_text(encoding="utf-8")
    assert f"### {claim.title}\n" in page
    assert claim.table(claim.read()) in page
    for goal in claim.goals:
        verdict = "yes" if goal.met(claim.read()) else "**no**"
        assert f"| {goal.name} | {goal.asked()} | {goal.found(claim.read())} | {verdict} |" in page


@pytest.mark.parametrize("path", [RESULTS_PAGE, PARAMETERS_PAGE, README], ids=lambda path: path.name)
def test_documents_are_current(path: Path, wanted: dict[Path, str]) -> None:
    assert path.read_text(encoding="utf-8") == wanted[path]


def test_there_are_six_headlines() -> None:
    head, _, *lines = places(README.read_text(encoding="utf-8"))["headline"].splitlines()
    assert head == "| what | measured | repeat it |"
    assert len(lines) == 6
    assert "–" not in "".join(lines)


def test_every_file_of_results_belongs_to_a_claim() -> None:
    assert {path.stem for path in RESULTS.glob("*.json")} == {claim.name for claim in CLAIMS}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_goals_have_names_of_their_own(claim) -> None:
    assert len({goal.name for goal in claim.goals}) == len(claim.goals)


def test_every_goal_was_measured() -> None:
    assert [verdict.text() for verdict in verdicts() if verdict.goal.measured(verdict.result) is None] == []


def test_goals_that_are_not_met_are_said_at_the_top() -> None:
    missed = [verdict.text() for verdict in verdicts() if not verdict.met]
    top = results_page().partition("\n## ")[0]
    assert [line for line in missed if line not in top] == []
    assert top.count("\n- ") == len(missed)


def test_the_command_tells_goals_that_are_not_met(capsys) -> None:
    missed = [verdict for verdict in verdicts() if not verdict.met]
    assert goals_main([]) == (1 if missed else 0)
    out = capsys.readouterr().out
    assert out.count("NOT MET") == len(missed)
    assert len(out.splitlines()) == len(verdicts()) + 1


def test_missing_results_are_named(tmp_path: Path, capsys) -> None:
    with pytest.raises(InputError, match=r"link\.json: no such file"):
        results_page(tmp_path)
    assert goals_main(["--results", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_document_that_is_out_of_date_is_named(monkeypatch, capsys) -> None:
    stale = RESULTS_PAGE.parent / "no_such_page.md"
    monkeypatch.setattr("benchmarks.documents.__main__.documents", lambda: {stale: "new"})
    assert main(["--check"]) == 1
    assert "doc/no_such_page.md is out of date: make figures" in capsys.readouterr().err
    assert not stale.exists()
