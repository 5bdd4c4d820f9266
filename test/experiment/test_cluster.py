"""`--scheduler`, with two processes of this machine. What is waited for is waited for at most `TIMEOUT`."""

import os
import signal
import sys
import threading
import time

import msgspec
import numpy as np
import pytest

from edgesr_ros import resources
from edgesr_ros.cli.main import main
from edgesr_ros.errors import InputError
from edgesr_ros.experiment import cluster as ours
from edgesr_ros.experiment.bench import Benches, Setup
from edgesr_ros.experiment.footage import Footage
from edgesr_ros.experiment.plan import Camera, Experiment, Fixed, Ours
from edgesr_ros.experiment.runner import simulate
from edgesr_ros.upscaling.card import file_sha256

distributed = pytest.importorskip("distributed", reason="needs distributed (an optional extra)")

TIMEOUT = 60.0  # seconds; only a failing test waits so long
EXPERIMENT = Experiment(
    description="small",
    contenders=(Ours(name="ours"), Fixed(name="small", codec="webp", quality=50, scale=4)),
    links=("radio_100kbps", "outage", "lte", "steps_down"),
    camera=Camera(width=128, height=96, rate_hz=20),
    models=("bicubic",),
    seconds=4,
    curves=False,
)
PLAN = """
description: small
contenders: [{name: ours, kind: ours}, {name: small, kind: fixed, codec: webp, quality: 50, scale: 4}]
links: [outage]
camera: {width: 128, height: 96, rate_hz: 20}
models: [edgesrgan_tiny_x4_link]
seconds: 2
curves: false
"""


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0", memory_limit=0
    ) as started:
        yield started


def wait_for(condition):
    deadline = time.monotonic() + TIMEOUT
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return found


def kill_one_at_work(cluster, killed):
    """Ends a worker that certainly is in the middle of a run: it is stopped before it is asked."""

    def busy():
        states = list(cluster.scheduler.workers.values())
        return next((state for state in states if any(state.processing)), None)

    while not killed:
        state = wait_for(busy)
        keys = {task.key for task in state.processing}
        (pid,) = (nanny.pid for nanny in cluster.workers.values() if nanny.worker_address == state.address)
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.3)  # what it had finished before arrives
        if keys & {task.key for task in state.processing}:
            killed.append(pid)
            os.kill(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGCONT)


def test_a_cluster_finds_the_same_also_when_a_worker_is_killed_in_mid_run(cluster, recording):
    told, killed = [], []
    killer = threading.Thread(target=kill_one_at_work, args=(cluster, killed))
    killer.start()
    sources = {"shapes": str(recording)}
    found = simulate(EXPERIMENT, sources, told.append, scheduler=cluster.scheduler_address)
    killer.join(TIMEOUT)
    assert len(killed) == 1
    alone = simulate(EXPERIMENT, sources, lambda _: None)
    assert msgspec.json.encode(found.results) == msgspec.json.encode(alone.results)
    assert told == alone.results.rows  # in their order
    for strip, expected in zip(found.strips, alone.strips, strict=True):
        assert strip[:3] == expected[:3]
        for panel, same in zip(strip.panels, expected.panels, strict=True):
            assert panel.contender == same.contender
            np.testing.assert_array_equal(panel.picture, same.picture)


def test_the_command_leaves_the_same_files(cluster, recording, tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime", reason="needs onnxruntime")
    (tmp_path / "plan.yaml").write_text(PLAN)
    monkeypatch.chdir(recording.parent)  # where no worker is
    written = []
    for how in (["--jobs", "1"], ["--scheduler", cluster.scheduler_address]):
        output = tmp_path / how[0]
        plan = ["experiment", str(tmp_path / "plan.yaml"), "--recordings", recording.name]
        assert main([*plan, "--output", str(output), *how]) == 0
        written.append([(output / name).read_bytes() for name in ("results.json", "report.html")])
    assert written[0] == written[1]


def run_elsewhere(cluster, recording):
    one = msgspec.structs.replace(EXPERIMENT, links=("lte",), seconds=1)
    with pytest.raises(InputError) as error:
        simulate(one, {"shapes": str(recording)}, print, scheduler=cluster.scheduler_address)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        ({"package": "0" * 64}, "expected the edgesr_ros of whom it works for (00000000), has another ("),
        ({"libraries": {"numpy": np.__version__, "av": "1.0"}}, "expected av 1.0, has "),
    ],
)
def test_a_worker_with_another_version_is_one_line(cluster, recording, monkeypatch, versions, said):
    wrong = ours.Versions.here()._replace(**versions)
    monkeypatch.setattr(ours.Versions, "here", lambda: wrong)
    line = run_elsewhere(cluster, recording)
    assert line.startswith("worker tcp://127.0.0.1:")
    assert said in line


def test_a_library_that_is_not_installed_is_another_version_of_it(monkeypatch):
    here = ours.Versions.here()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    said = ours.Versions.here().problem(here)
    assert said == f"expected onnxruntime {here.libraries['onnxruntime']}, has none"


def test_a_worker_with_another_recording_is_one_line(cluster, recording, monkeypatch):
    monkeypatch.setattr(Footage, "sha256", lambda _: "other")
    line = run_elsewhere(cluster, recording)
    assert line.startswith("worker tcp://127.0.0.1:")
    assert line.endswith(f"{recording}: other content than where the experiment was started")


def test_a_worker_that_lacks_a_file_is_one_line(cluster, recording, monkeypatch):
    real = ours.Order.of

    def with_another_file(*given):
        return real(*given)._replace(files={"/no/such/ladder.json": "0" * 64})

    monkeypatch.setattr(ours.Order, "of", with_another_file)
    line = run_elsewhere(cluster, recording)
    assert line.startswith("worker tcp://127.0.0.1:")
    assert line.endswith("/no/such/ladder.json: no such file, expected by every worker")


def test_models_and_ladders_that_are_paths_are_whole_and_compared(recording, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ladder = tmp_path / "mine.json"
    ladder.write_bytes((resources.config("ladders") / "webp.json").read_bytes())
    experiment = msgspec.structs.replace(EXPERIMENT, contenders=(Ours(name="ours", ladder="mine.json"),))
    setup = Setup(experiment, {}, {"shapes": os.path.relpath(recording)}, threads=1)
    order = ours.Order.of(setup, Benches(setup))
    assert order.files == {str(ladder): file_sha256(ladder)}
    assert order.setup.experiment.contenders[0].ladder == str(ladder)
    assert order.setup.experiment.models == ("bicubic",)
    assert order.setup.sources == {"shapes": str(recording)}


def test_no_scheduler_and_no_worker_are_one_line(recording, monkeypatch):
    monkeypatch.setattr(ours, "_PATIENCE", 0.3)
    with distributed.LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address=":0") as empty:
        address = empty.scheduler_address
        line = run_elsewhere(empty, recording)
    assert line == f"--scheduler {address}: it has no worker (dask worker {address})"
    assert f"--scheduler {address}: expected a Dask scheduler there" in run_elsewhere(empty, recording)


def test_without_dask_it_is_one_line(cluster, recording, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert "pip install distributed" in run_elsewhere(cluster, recording)
