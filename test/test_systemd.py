"""The units for continuous use: what they run, and what systemd thinks of them where it is installed."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edgesr_ros import resources

ROOT = Path(__file__).resolve().parents[1]
UNITS = sorted(resources.config("systemd").glob("*.service"))
SETTINGS = dict(
    line.split("=", 1)
    for line in resources.config("systemd", "edgesr.conf").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)


def command_of(unit: Path) -> str:
    """What the shell is given, after systemd has read it."""
    text = unit.read_text(encoding="utf-8").replace("\\\n", " ")
    (script,) = re.findall(r"^ExecStart=/bin/bash -c '(.*)'$", text, re.MULTILINE)
    assert not re.search(r"(?<!\$)\$(?!\$)", script), "systemd would put its own variables there"
    return script.replace("$$", "$")


def test_there_is_one_for_each_end_and_the_page():
    assert {unit.name.partition("@")[0] for unit in UNITS} == {
        "edgesr-onboard",
        "edgesr-ground-station",
        "edgesr-operator",
    }


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_its_launch_file_with_the_arguments_of_the_settings(unit, tmp_path):
    ros2 = tmp_path / "ros2"
    ros2.write_text('#!/bin/sh\nprintf "%s\\n" "$0" "$@"\n')
    ros2.chmod(0o755)
    (tmp_path / "setup.bash").write_text(f"PATH={tmp_path}:$PATH\n")
    name = unit.name.partition("@")[0].removeprefix("edgesr-").replace("-", "_")
    arguments = {f"{name.upper()}_ARGUMENTS": "namespace:=rover use_sim_time:=true"}
    assert arguments.keys() <= SETTINGS.keys()
    environment = os.environ | {"EDGESR_SETUP": str(tmp_path / "setup.bash")} | arguments
    # Without real-time priority, which the test must not leave behind.
    command = ["/bin/bash", "-c", command_of(unit).replace("chrt", "false")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    said = [line for line in done.stdout.splitlines() if not line.startswith("no real-time")]
    file = f"{name}.launch.py"
    assert said == [str(ros2), "launch", "edgesr_ros", file, "namespace:=rover", "use_sim_time:=true"]
    assert (ROOT / "launch" / file).is_file()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_ends_as_by_ctrl_c_and_comes_back_however_it_ended(unit):
    lines = unit.read_text(encoding="utf-8").splitlines()
    settings = dict(line.split("=", 1) for line in lines if re.match(r"\w+=", line))
    assert (settings["KillSignal"], settings["Restart"]) == ("SIGINT", "always")
    assert settings["StartLimitIntervalSec"] == "0"


def test_the_settings_name_arguments_that_there_are():
    for name, value in SETTINGS.items():
        if name.endswith("_ARGUMENTS"):
            file = ROOT / "launch" / f"{name.removesuffix('_ARGUMENTS').lower()}.launch.py"
            for argument in value.split():
                assert f'"{argument.partition(":=")[0]}"' in file.read_text(encoding="utf-8")


def test_systemd_has_nothing_to_say_against_them():
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed: only it knows all settings of units")
    command = ["systemd-analyze", "verify", *map(str, UNITS)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    # Of this machine's own units it may say something.
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "edgesr" in line]
    assert (ours, done.returncode) == ([], 0)
