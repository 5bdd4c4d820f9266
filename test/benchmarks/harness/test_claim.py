"""How a claim is run, written and read."""

import argparse
import json

import pytest

from benchmarks.harness import evidence
from benchmarks.harness.claim import Claim
from benchmarks.harness.evidence import Result, command_text, this_revision
from edgesr_ros.errors import InputError
from edgesr_ros.schema import Struct


class Settings(Struct):
    size: int


class Row(Struct):
    ms: float


CLAIM = Claim(
    name="example",
    title="An example",
    about="",
    reading="",
    result=Result[Settings, list[Row]],
    table=lambda result: f"{result.rows[0].ms} ms",
)


def run(*argv: str) -> int:
    """Measures 2 ms."""

    def work(given: argparse.Namespace) -> None:
        CLAIM.write(given, Settings(size=1), [Row(ms=2.0)])

    return CLAIM.run(CLAIM.arguments("About it."), work, argv)


def test_what_is_written_is_read_with_its_envelope(tmp_path, monkeypatch):
    monkeypatch.setattr(evidence, "cpu_name", lambda: "a CPU")
    assert run("--json", str(tmp_path / "example.json")) == 0
    result = CLAIM.read(tmp_path)
    assert (result.settings, result.rows) == (Settings(size=1), [Row(ms=2.0)])
    assert result.machine.cpu == "a CPU"
    assert result.machine.cores >= 1
    assert result.revision == this_revision()
    assert result.command == "python -m benchmarks.claims.example"
    assert list(json.loads((tmp_path / "example.json").read_text())) == [
        *("machine", "revision", "command", "settings", "rows")
    ]


def test_a_quick_run_replaces_no_evidence(capsys):
    assert run("--quick") == 0
    assert capsys.readouterr().out == ""


def test_a_mistake_of_the_user_is_one_line(capsys):
    def work(_: argparse.Namespace) -> None:
        raise InputError("no such thing")

    assert CLAIM.run(CLAIM.arguments(None), work, []) == 2
    assert capsys.readouterr().err == "benchmarks.claims.example: no such thing\n"


def test_figures_of_another_claim_are_refused(tmp_path):
    (tmp_path / "example.json").write_text('{"machine": {"cpu": "x", "cores": 1}}')
    with pytest.raises(InputError, match=r"example\.json: .*revision"):
        CLAIM.read(tmp_path)


def test_a_command_has_no_path_of_this_machine():
    given = ["--data", "/home/me/set5", "--json", "/tmp/x.json", "--quick", "a b"]
    assert command_text("m", given) == "python -m m --data set5 --quick 'a b'"
    assert command_text("m", ["--json=/tmp/x.json", "--data=/home/me/set5"]) == "python -m m --data set5"


def test_a_folder_without_git_has_no_revision(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert this_revision() == "unknown"
