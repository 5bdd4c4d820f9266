"""Mistakes at a node's start: one line, status 2, no traceback."""

import contextlib
import time

import pytest
from ros_bench import TIMEOUT

from edgesr_ros.errors import InputError
from edgesr_ros.live.processes import Processes, chain_environment

MISTAKES = [
    ("onboard", {"scale": 9}, ["scale"]),
    ("onboard", {"quality": 0}, ["quality"]),
    ("onboard", {"quality": "high"}, ["quality"]),
    ("onboard", {"ladder": "no_such_ladder"}, ["no_such_ladder", "webp"]),
    ("onboard", {"policy": "greedy"}, ["policy", "balanced"]),
    ("ground_station", {"model_x2": "edgesrgan_x4"}, ["model_x2", "edgesrgan_x4", "4 times"]),
    ("ground_station", {"model": "no_such_model"}, ["no_such_model", "edgesrgan_tiny_x4_psnr"]),
    ("ground_station", {"method": "magic"}, ["method", "bicubic"]),
    ("link_emulator", {"profile": "no_such_link"}, ["no_such_link", "unlimited"]),
    ("frame_player", {}, ["source"]),
    ("frame_player", {"source": "/no/such/recording"}, ["/no/such/recording"]),
]


@pytest.fixture(scope="module")
def started(tmp_path_factory, module_domain):
    """A node with each of the mistakes; they start side by side."""
    environment = chain_environment() | {"ROS_DOMAIN_ID": str(module_domain)}
    with contextlib.ExitStack() as stack:
        running = []
        for number, (node, parameters, _) in enumerate(MISTAKES):
            logs = tmp_path_factory.mktemp(f"logs_{number}")
            running.append((logs, stack.enter_context(Processes(logs, environment))))
            running[-1][1].start(node, parameters=parameters)
        yield running


@pytest.mark.parametrize("number", range(len(MISTAKES)), ids=[str(mistake[:2]) for mistake in MISTAKES])
def test_a_mistake_is_one_clear_line(started, number):
    (node, _, expected), (logs, processes) = MISTAKES[number], started[number]
    deadline = time.monotonic() + len(MISTAKES) * TIMEOUT
    with pytest.raises(InputError) as failure:
        while time.monotonic() < deadline and not processes.ended(node):
            time.sleep(0.05)
    for word in expected:
        assert word in str(failure.value)
    assert "Traceback" not in (logs / f"{node}.log").read_text()
    assert processes.status(node) == 2
