import sys

import pytest

from edgesr_ros.cli.main import COMMANDS, main, module_of
from edgesr_ros.errors import InputError


@pytest.mark.parametrize("arguments", [["--help"], ["-h"]])
def test_help_lists_every_command_with_what_it_does(capsys, arguments):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 0
    printed = " ".join(capsys.readouterr().out.split())
    for name in COMMANDS:
        assert f"{name} {module_of(name).HELP}" in printed


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_its_arguments(capsys, name):
    with pytest.raises(SystemExit) as end:
        main([name, "--help"])
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: edgesr {name} ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "COMMAND"),
        (["fly"], "invalid choice: 'fly'"),
        (["evaluate", "bicubic"], "--data"),
        (["train", "recipe", "--data", "x", "--fast"], "--fast"),
    ],
)
def test_wrong_usage_is_status_2_and_says_what(capsys, arguments, message):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert message in capsys.readouterr().err


def test_a_mistake_is_status_2_and_one_line_without_a_traceback(capsys):
    assert main(["upscale", "no/such/picture.png"]) == 2
    captured = capsys.readouterr()
    assert captured.err == "edgesr upscale: no/such/picture.png: no such file or folder\n"
    assert captured.out == ""


@pytest.fixture
def ending(monkeypatch):
    """Lets the command `upscale` end as a test says."""

    def end(run):
        monkeypatch.setattr("edgesr_ros.cli.upscale.run", run)
        return main(["upscale", "picture.png"])

    return end


def test_statuses(ending, capsys):
    def raising(error):
        def run(_):
            raise error

        return run

    assert ending(lambda _: None) == 0
    assert ending(lambda _: 3) == 3
    assert ending(raising(KeyboardInterrupt())) == 130
    assert ending(raising(InputError("what and where"))) == 2
    assert capsys.readouterr().err == "edgesr upscale: what and where\n"
    with pytest.raises(ZeroDivisionError):  # a fault of ours is not dressed up as the user's
        ending(raising(ZeroDivisionError()))


def test_arguments_come_from_the_command_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["edgesr", "upscale", "no/such/picture.png"])
    assert main() == 2
    assert "no/such/picture.png" in capsys.readouterr().err
