"""`make` takes an interpreter that runs: commands of that name may be there that do not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "requirements" / "python.sh"
OWN = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture
def commands(tmp_path):
    """All that is on PATH: commands of pyenv, none of which runs here."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("python3.9", f"python{OWN}", "python3"):
        write(folder / name, "exit 127")
    return folder


def write(path, line):
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def chosen(commands, *versions):
    done = subprocess.run(
        ["/bin/sh", SCRIPT, *versions],
        env=os.environ | {"PATH": str(commands)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_none_that_runs(commands):
    assert chosen(commands, "3.9", OWN) == (1, "")


@pytest.mark.parametrize("name", [f"python{OWN}", "python3"])
def test_the_first_version_that_runs(commands, name):
    write(commands / name, f'exec {sys.executable} "$@"')
    assert chosen(commands, "3.9", OWN, "3.8") == (0, f"{sys.executable}\n")


def test_a_version_of_pyenv_that_is_not_chosen_there(commands, tmp_path):
    write(commands / "pyenv", f"echo {tmp_path}")
    for version in (f"{OWN}.0t", f"{OWN}.7"):  # t: free-threaded, for which ROS 2 has no wheels
        python = tmp_path / "versions" / version / "bin" / "python"
        python.parent.mkdir(parents=True)
        write(python, "echo free-threaded" if version.endswith("t") else f'exec {sys.executable} "$@"')
    assert chosen(commands, OWN) == (0, f"{sys.executable}\n")


def test_another_version_is_not_taken_for_it(commands):
    write(commands / "python3", f'exec {sys.executable} "$@"')
    assert chosen(commands, "3.9") == (1, "")
