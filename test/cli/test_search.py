import os
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
import yaml

torch = pytest.importorskip("torch", reason="trials are trained: requirements/train.txt")
pytest.importorskip("safetensors", reason="trials are trained: requirements/train.txt")
pytest.importorskip("tensorboard", reason="trials are trained: requirements/train.txt")
optuna = pytest.importorskip("optuna", reason="trials are Optuna's: requirements/train.txt")

from edgesr_ros.cli.main import main  # noqa: E402
from edgesr_ros.sources.files import write_image  # noqa: E402
from edgesr_ros.training.search.results import SearchResult  # noqa: E402
from edgesr_ros.training.weights import load_network  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
SEARCH = {
    "search": "generator",
    "scale": 2,
    "nodes": 3,
    "trials": 2,
    "sampler": "random",
    "budget": {"parameters": 30000},
    "patches": {"size": 16, "stride": 16, "validation_every": 2},
    "train": {
        "schedule": [{"steps": 48, "learning_rate": 0.001}],
        "warmup_steps": 1,
        "batch": 2,
        "bf16": False,
        "validate_every": 8,
    },
}
_LONG = 900.0  # seconds; only what hangs takes so long


@pytest.fixture
def command(tmp_path):
    """Arguments of `edgesr search` on three small pictures, with entries of the recipe changed."""
    for seed in range(3):
        coarse = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), np.uint8)
        write_image(tmp_path / "photographs" / f"{seed}.png", cv2.resize(coarse, (40, 32)))

    def make(work, *more, **entries):
        path = tmp_path / "mine.yaml"
        path.write_text(yaml.safe_dump({**SEARCH, **entries}))
        options = ["--data", tmp_path / "photographs", "--work", tmp_path / work, "--threads", "1", *more]
        return ["search", str(path), *map(str, options)]

    threads = torch.get_num_threads()
    yield make
    torch.set_num_threads(threads)


def result_in(work):
    return msgspec.json.decode((work / "mine" / "search.json").read_bytes(), type=SearchResult)


@pytest.fixture
def start():
    """Starts the command in a process of its own, which ends with the test, and its workers with it."""
    with ExitStack() as stack:

        def start_command(arguments, log):
            process = stack.enter_context(started(arguments, log))
            stack.callback(process.kill)
            return process

        yield start_command


def started(arguments, log):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
    program = [sys.executable, "-m", "edgesr_ros.cli.main", *arguments]
    with log.open("ab") as file:
        return subprocess.Popen(program, stdout=file, stderr=subprocess.STDOUT, env=environment)


def workers_of(process):
    """Those that train, of the processes that it started."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def wait_for(process, condition):
    deadline = time.monotonic() + _LONG
    while not condition():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)


def states(work):
    study = optuna.load_study(study_name="search", storage=f"sqlite:///{work / 'mine' / 'trials.db'}")
    return [trial.state.name for trial in study.trials]


def test_killed_workers_lose_no_trial_and_none_begins_again(command, start, tmp_path, capsys):
    """What comes out is what comes out of one worker that nobody kills, to the last bit."""
    work, log = tmp_path / "killed", tmp_path / "log.txt"
    process = start(command("killed", "--workers", "2"), log)
    wait_for(process, lambda: list(work.glob("mine/trials/*/seed_0/checkpoint.safetensors")))
    workers = workers_of(process)
    assert len(workers) == 2
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    assert process.wait(_LONG) == 2
    said = log.read_text()
    assert "2 of 2 workers ended before the search did; run it again to go on" in said
    assert "RUNNING" in states(work)  # in mid-trial

    assert main(command("killed")) == 0
    said += capsys.readouterr().out
    assert main(command("unbroken")) == 0
    killed, unbroken = result_in(work), result_in(tmp_path / "unbroken")
    assert [row.state for row in killed.trials] == ["complete"] * 2
    assert killed.trials == unbroken.trials
    begun = re.findall(r"^trial (\d+): begins: ", said, re.MULTILINE)
    assert len(begun) == len(set(begun))
    gone_on = [int(step) for step in re.findall(r"^trial \d+: seed 0: from step (\d+)", said, re.MULTILINE)]
    assert gone_on
    assert all(step % 8 == 0 for step in gone_on)
    assert re.search(rf"^best: trial {killed.best}, psnr_y ", said, re.MULTILINE)


def test_the_best_trial_is_a_network_like_any_other(command, tmp_path, capsys):
    budget = {"parameters": 12000, "macs_per_pixel": 11000}
    train = {**SEARCH["train"], "schedule": [{"steps": 4, "learning_rate": 0.001}]}
    assert main(command("work", budget=budget, train=train, trials=2, sampler="reinforce")) == 0
    result = result_in(tmp_path / "work")
    best = result.best_trial
    assert f"best: trial {best.number}" in capsys.readouterr().out
    folder = tmp_path / "work" / "mine" / "trials" / f"{best.number:04}" / "seed_0"
    network = load_network(folder / "best.safetensors")
    assert network.spec.cell == best.candidate
    for row in result.trials:
        refused = row.cost.parameters > 12000 or row.cost.macs_per_pixel > 11000
        assert refused == (row.state == "refused")
        assert refused != (tmp_path / "work" / "mine" / "trials" / f"{row.number:04}" / "seed_0").exists()


def test_a_training_that_diverges_is_told_and_the_search_goes_on(command, tmp_path):
    train = {**SEARCH["train"], "schedule": [{"steps": 8, "learning_rate": 1e30}], "clip_norm": 1e30}
    assert main(command("work", train=train, trials=2)) == 0
    result = result_in(tmp_path / "work")
    assert [row.state for row in result.trials] == ["failed", "failed"]
    assert "loss is " in result.trials[0].problem
    assert result.best is None


@pytest.mark.parametrize(
    ("entries", "more", "message"),
    [
        ({"trials": 0}, (), "Expected `int` >= 1 - at `$.trials`"),
        (
            {"rungs": [9, 48]},
            (),
            "rungs: expected ascending ones below the 48 steps of train, got [9, 48]",
        ),
        ({"include": ["c3<-1"]}, (), "include: expected a cell of 3 nodes, got 1"),
        ({}, ("--workers", "0"), "--workers: expected at least 1, got 0"),
        ({}, ("--data", "no/such/folder"), "no/such/folder: no such folder"),
    ],
)
def test_a_mistake_is_one_line(command, capsys, entries, more, message):
    assert main(command("work", *more, **entries)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("edgesr search: ")
    assert message in line
