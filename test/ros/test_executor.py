"""The executor of the nodes: no rounds for nothing, and woken by whom it must be."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed: make test installs it")

from rclpy.clock import Clock, ClockType
from rclpy.context import Context
from rclpy.node import Node
from rclpy.waitable import NumberOfEntities, Waitable
from ros_bench import TIMEOUT

from edgesr_ros.live.processes import chain_environment
from edgesr_ros.nodes.executor import OneThread

pytestmark = pytest.mark.ros


class _Rounds(Waitable):
    """Counts how often the executor looks at all that a node has."""

    def __init__(self, node: Node) -> None:
        super().__init__(node.default_callback_group)
        self.count = 0
        node.add_waitable(self)

    def get_num_entities(self) -> NumberOfEntities:
        self.count += 1
        return NumberOfEntities(0, 0, 0, 0, 0)

    def add_to_wait_set(self, _wait_set: object) -> None:
        """There is nothing to wait for."""

    def is_ready(self, _wait_set: object) -> bool:
        return False


@pytest.fixture
def node(ros_domain: int) -> Iterator[Node]:
    context = Context()
    context.init(domain_id=ros_domain)
    node = Node("node", context=context)
    yield node
    node.destroy_node()
    context.try_shutdown()


def _every(node: Node, period: float, callback: object) -> object:
    return node.create_timer(period, callback, clock=Clock(clock_type=ClockType.STEADY_TIME))


def test_a_callback_takes_one_round(node: Node) -> None:
    executor, rounds, calls = OneThread(context=node.context), _Rounds(node), []
    executor.add_node(node)
    _every(node, 0.01, lambda: calls.append(rounds.count))
    while len(calls) < 30:
        executor.spin_once(timeout_sec=TIMEOUT)
    assert rounds.count <= 35  # and some for the node that is new
    executor.shutdown()


def test_another_thread_wakes_it(node: Node) -> None:
    executor, came = OneThread(context=node.context), threading.Event()
    executor.add_node(node)
    guard = node.create_guard_condition(came.set)
    asked = threading.Timer(0.3, lambda: (_every(node, 0.01, lambda: None), guard.trigger()))
    asked.start()
    deadline = time.monotonic() + TIMEOUT
    while not came.is_set() and time.monotonic() < deadline:
        executor.spin_once(timeout_sec=TIMEOUT)
    assert came.is_set()
    asked.join()
    executor.shutdown()


def test_a_timer_of_a_thread_or_a_callback_is_heard_at_once(node: Node) -> None:
    executor, called = OneThread(context=node.context), []

    def first() -> None:
        timer.cancel()
        _every(node, 0.01, lambda: called.append("second"))

    executor.add_node(node)
    started = threading.Timer(0.3, lambda: _every(node, 0.01, lambda: called.append("thread")))
    timer = _every(node, 0.01, first)
    started.start()
    deadline = time.monotonic() + TIMEOUT
    while {"second", "thread"} - set(called) and time.monotonic() < deadline:
        executor.spin_once(timeout_sec=TIMEOUT)
    assert {"second", "thread"} <= set(called)
    started.join()
    executor.shutdown()


_INTERRUPTED = """
import os, signal, sys
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from edgesr_ros.nodes.executor import Spinner

def interrupt():
    os.kill(os.getpid(), signal.SIGINT)
    print("whole")

with Spinner() as spinner:
    if "before" in sys.argv:
        interrupt()
    node = Node("interrupted")
    node.create_timer(0.01, interrupt, clock=Clock(clock_type=ClockType.STEADY_TIME))
    spinner.spin(node)
print("ended")
"""


@pytest.mark.parametrize(("where", "said"), [("before", "ended\n"), ("spun", "whole\nended\n")])
def test_sigint_interrupts_no_callback(ros_domain: int, where: str, said: str) -> None:
    environment = chain_environment() | {"ROS_DOMAIN_ID": str(ros_domain)}
    ran = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED, where],
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, said, "")
