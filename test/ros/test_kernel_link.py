"""Two real rclpy processes on the two sides of a link in the kernel: everything crosses it, and only it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.link.capacity import Schedule, Step
from edgesr_ros.link.kernel import KernelLink, line_state
from edgesr_ros.link.packets import wire_bytes
from edgesr_ros.link.profile import LinkProfile
from edgesr_ros.live.processes import chain_environment

pytestmark = pytest.mark.ros

TALKER = Path(__file__).with_name("kernel_talker.py")
FRAME = 5000  # bytes
COUNT = 60


@pytest.fixture
def link():
    if os.geteuid() != 0 or shutil.which("tc") is None:
        pytest.skip("needs root, ip and tc")
    schedule = Schedule(steps=(Step(kbps=1000),))
    made = KernelLink(LinkProfile(description="1 Mbit/s", capacity=schedule), name=f"ros{os.getpid()}")
    try:
        made.__enter__()
    except InputError as error:
        pytest.skip(f"this system has no kernel link: {error}")
    yield made
    made.__exit__(None, None, None)


@pytest.mark.parametrize(("rate_hz", "least", "most"), [(12, COUNT, COUNT), (50, 3, COUNT * 2 // 3)])
def test_frames_that_fit_arrive_and_overload_destroys_them(link, ros_domain, rate_hz, least, most):
    # 5 kB at 12 Hz are half of the capacity, at 50 Hz twice of it.
    environment = chain_environment() | {"ROS_DOMAIN_ID": str(ros_domain)}

    def start(side, *arguments):
        command = link.namespaces.command(side, [sys.executable, str(TALKER), *map(str, arguments)])
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)

    with start("ground", "hear", 2.0) as listener, start("robot", "talk", COUNT, rate_hz, FRAME) as talker:
        try:
            ages = [float(line) for line in listener.communicate(timeout=60)[0].split()]
            talker.wait(timeout=10)
        finally:
            listener.kill()
            talker.kill()
    assert least <= len(ages) <= most
    assert min(ages) >= 0.99 * wire_bytes(FRAME) * 8 / 1e6
    state = line_state(link.namespaces, "robot")
    assert state is not None
    assert state.sent_bytes > FRAME * len(ages)  # and over no other way, as shared memory
    assert (not state.dropped) == (most == COUNT)
