"""`edgesr link`; what needs root is skipped without it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from edgesr_ros.cli.main import main
from edgesr_ros.link import commands
from edgesr_ros.link.namespaces import INTERFACE, SIDES, Namespaces

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def name() -> Iterator[str]:
    if os.geteuid() != 0:
        pytest.skip("needs root: network namespaces and tc")
    name = f"cli{os.getpid()}"
    if not commands.succeeds("ip", "netns", "add", f"{name}_robot"):
        pytest.skip("needs ip and network namespaces")
    yield name
    assert Namespaces(name).present() == []


def edgesr(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "edgesr_ros.cli.main", "link", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(*arguments: str) -> tuple[int, str, str]:
    process = edgesr(*arguments)
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


@contextmanager
def up(name: str) -> Iterator[subprocess.Popen[str]]:
    """A link that is up, until the test ends it."""
    process = edgesr("up", "constant_1mbps", "--back", "fading", "--name", name)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("Ctrl-C"):
            break
    else:
        raise AssertionError(process.communicate()[1])
    with process:
        try:
            yield process
        finally:
            process.kill()  # where the test failed; else it has ended


def test_up_status_and_every_way_down(name: str) -> None:
    assert finished("down", "--name", name)[:2] == (0, "removed\n")  # half a link, as a crash may leave it
    assert finished("status", "--name", name)[:2] == (1, f"link '{name}' is not up\n")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        with up(name) as process:
            status, said, _ = finished("status", "--name", name)
            assert status == 0
            assert f"link '{name}' is up" in said
            assert "robot   198.18.0.1  1000 kbit/s; sent " in said
            assert "processes: none" in said
            status, _, error = finished("up", "demo", "--name", name)
            assert (status, error.count("\n")) == (2, 1)
            assert "is up already" in error
            process.send_signal(number)
            process.send_signal(number)  # an impatient user must not break the clean-up
            out, err = process.communicate(timeout=30)
        assert (process.returncode, out, err) == (0, "removed\n", "")
        assert Namespaces(name).present() == []


def test_down_ends_up_and_removes_what_a_crash_left(name: str) -> None:
    assert finished("down", "--name", name)[0] == 0
    with up(name) as process:
        assert finished("down", "--name", name)[:2] == (0, "removed\n")
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out, err) == (0, "removed\n", "")
    with up(name) as process:
        process.kill()
        process.wait()
        assert Namespaces(name).present() == list(SIDES)
        said = finished("status", "--name", name)[1]
        assert "robot   198.18.0.1  no interface; processes: none" in said
        inside = Namespaces(name).command("robot", ["sleep", "60"])
        with subprocess.Popen(inside) as sleeping:
            while not Namespaces(name).processes("robot"):
                time.sleep(0.02)
            status, said, _ = finished("down", "--name", name)
            sleeping.kill()
        assert (status, said.splitlines()[0]) == (0, "removed")
        assert f"process {sleeping.pid}" in said
    assert finished("down", "--name", name)[:2] == (0, f"link '{name}' is not up\n")


@pytest.mark.parametrize("action", [["up", "demo"], ["down"], ["status"]])
def test_without_root_there_is_one_line(
    action: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands.os, "geteuid", lambda: 1000)
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        assert main(["link", *action]) == 2
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("edgesr link: a kernel link needs root")
    assert captured.err.count("\n") == 1


def test_an_interface_that_exists_and_has_no_namespaces(name: str) -> None:
    robot = Namespaces(name)
    shown = ("tc", "-n", robot.namespace("robot"), "qdisc", "show", "dev", INTERFACE)
    assert finished("down", "--name", name)[0] == 0
    with robot:
        inside = robot.command("robot", [sys.executable, "-m", "edgesr_ros.cli.main", "link", "up", "fading"])
        shaped = [*inside, "--interface", INTERFACE]
        with subprocess.Popen(shaped, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert next(line for line in process.stdout if line.startswith("Ctrl-C"))
            assert "htb" in commands.run_tool(*shown)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)
        assert (process.returncode, err) == (0, "")
        assert "htb" not in commands.run_tool(*shown)
        done = subprocess.run([*inside, "--interface", "radio7"], check=False, capture_output=True, text=True)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert "radio7" in done.stderr


def test_a_bad_profile_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["link", "up", "wifi_bad"]) == 2
    assert capsys.readouterr().err.startswith("edgesr link: 'wifi_bad': no such file")
